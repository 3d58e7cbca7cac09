//! A whole step of both agents against PyTorch's in double precision; `reference/step.py` makes the values.

mod parity;

use autodidact_communicate::Objects;
use autodidact_communicate::agents::{Choice, Listener, RecurrentListener, RecurrentSpeaker, Speaker};
use autodidact_communicate::game::{Channel, ProductSpace};
use parity::{
    TOLERANCE, agent, assert_close, check_gradient, check_speaker, load, mean, numbers, rows, singles, size,
};
use rand::SeedableRng;
use serde_json::Value;

fn cases() -> Vec<Value> {
    serde_json::from_str(include_str!("reference/step.json")).expect("the reference is JSON")
}

#[test]
fn a_whole_step_equals_pytorch() {
    for case in cases() {
        let space =
            ProductSpace::uniform(size(&case, "attributes"), size(&case, "values") as u32).expect("a space");
        let channel =
            Channel::new(size(&case, "vocab_size") as u32, size(&case, "max_length")).expect("a channel");
        let mut rng = rand_chacha::ChaCha8Rng::seed_from_u64(0);
        let mut speaker = RecurrentSpeaker::new(&agent(&case, 0), &space, channel, &mut rng);
        let mut listener = RecurrentListener::new(&agent(&case, 1), &space, channel, &mut rng);
        let weights = load(speaker.parameters(), &case["speaker"]["values"]);
        speaker.change(&mut |values| values.copy_from_slice(&weights));
        let weights = load(listener.parameters(), &case["listener"]["values"]);
        listener.change(&mut |values| values.copy_from_slice(&weights));

        let objects = Objects::from_rows(&rows(&case["objects"])).expect("objects");
        let drawn = singles(&case["drawn"]);
        let said = speaker.speak(&objects, Choice::Sample(&drawn));
        assert!(said.messages.iter().eq(rows(&case["messages"])), "the same draws choose the same symbols");
        assert_close("log probabilities", &said.log_probs, &numbers(&case["log_probs"]));
        assert_close("entropies", &said.entropies, &numbers(&case["entropies"]));

        let (likelihoods, of_listener) = listener.gradient(&objects, &said.messages, None);
        assert_close("likelihoods", &likelihoods, &numbers(&case["likelihoods"]));
        assert_eq!(likelihoods, listener.log_likelihood(&objects, &said.messages));
        let rewards: Vec<f64> = likelihoods.iter().map(|&value| value.into()).collect();
        let expected = case["listener_loss"].as_f64().expect("a number");
        assert!((-mean(&rewards) / expected - 1.0).abs() < TOLERANCE, "the listener's loss");
        check_gradient("listener", listener.parameters(), &of_listener, &case["listener"]["gradient"]);

        check_speaker(&case, &speaker, &objects, &said, &rewards);
    }
}

/// Scores of messages for the objects that they were said of are their log-probabilities.
#[test]
fn scores_are_log_probabilities() {
    for case in cases() {
        let space = ProductSpace::uniform(3, 4).expect("a space");
        let channel = Channel::new(5, 4).expect("a channel");
        let mut rng = rand_chacha::ChaCha8Rng::seed_from_u64(0);
        let mut speaker = RecurrentSpeaker::new(&agent(&case, 0), &space, channel, &mut rng);
        let weights = load(speaker.parameters(), &case["speaker"]["values"]);
        speaker.change(&mut |values| values.copy_from_slice(&weights));
        let objects = Objects::from_rows(&rows(&case["objects"])).expect("objects");
        let drawn = singles(&case["drawn"]);
        let said = speaker.speak(&objects, Choice::Sample(&drawn));
        let count = objects.count();
        let own = std::sync::Mutex::new(vec![f64::NAN; count]);
        speaker.score(&objects, &said.messages, &|range, scores| {
            let mut own = own.lock().expect("no thread panicked");
            for (object, scores) in range.zip(scores.chunks_exact(count)) {
                own[object] = scores[object];
            }
        });
        let own = own.into_inner().expect("no thread panicked");
        assert_close("scores", &said.log_probs, &own);

        // All messages of the channel have a probability of 1 together.
        let all = channel.messages(2000).expect("few");
        speaker.score(&objects, &all, &|_, scores| {
            for scores in scores.chunks_exact(all.count()) {
                let sum: f64 = scores.iter().map(|score| score.exp()).sum();
                assert!((sum - 1.0).abs() < 1e-5, "probabilities add up to {sum}");
            }
        });
    }
}
