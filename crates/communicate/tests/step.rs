//! A whole step of both agents against PyTorch's in double precision; `reference/step.py` makes the values.

use autodidact_communicate::Objects;
use autodidact_communicate::agents::{
    AgentConfig, CellKind, Choice, Listener, Parameters, RecurrentListener, RecurrentSpeaker, Speaker,
};
use autodidact_communicate::game::{Channel, ProductSpace};
use autodidact_communicate::training::credits;
use rand::SeedableRng;
use serde_json::Value;

/// Differences of arrays, relative to the largest number of the array.
const TOLERANCE: f64 = 1e-4;

fn cases() -> Vec<Value> {
    serde_json::from_str(include_str!("reference/step.json")).expect("the reference is JSON")
}

fn numbers(value: &Value) -> Vec<f64> {
    value.as_array().expect("an array").iter().map(|value| value.as_f64().expect("a number")).collect()
}

fn size(case: &Value, name: &str) -> usize {
    case[name].as_u64().expect("a size") as usize
}

fn rows(value: &Value) -> Vec<Vec<u32>> {
    let row = |row: &Value| numbers(row).into_iter().map(|value| value as u32).collect();
    value.as_array().expect("rows").iter().map(row).collect()
}

#[track_caller]
fn assert_close(name: &str, found: &[f32], expected: &[f64]) {
    assert_eq!(found.len(), expected.len(), "{name}");
    let largest = expected.iter().fold(0.0f64, |largest, value| largest.max(value.abs()));
    assert!(largest > 1e-6, "{name} has numbers that are worth comparing");
    let furthest = found.iter().zip(expected).fold(0.0f64, |furthest, (&found, expected)| {
        furthest.max((f64::from(found) - expected).abs() / largest)
    });
    println!("{name}: {furthest:.1e}");
    assert!(furthest <= TOLERANCE, "{name} is off by {furthest:e} of {largest}");
}

/// Gives an agent the reference's weights.
fn load(parameters: &Parameters, values: &Value) -> Vec<f32> {
    let mut all = vec![f32::NAN; parameters.values().len()];
    assert_eq!(values.as_object().expect("arrays by name").len(), parameters.entries().len());
    for entry in parameters.entries() {
        let values = numbers(&values[entry.name]);
        let place = &mut all[entry.range.clone()];
        assert_eq!(place.len(), values.len(), "{}", entry.name);
        place.iter_mut().zip(values).for_each(|(place, value)| *place = value as f32);
    }
    all
}

fn check_gradient(agent: &str, parameters: &Parameters, found: &[f32], expected: &Value) {
    for entry in parameters.entries() {
        let name = format!("{agent}'s {}", entry.name);
        assert_close(&name, &found[entry.range.clone()], &numbers(&expected[entry.name]));
    }
}

#[test]
fn a_whole_step_equals_pytorch() {
    for case in cases() {
        let cell = if case["cell"] == "lstm" { CellKind::Lstm } else { CellKind::Gru };
        let config = |agent: usize| AgentConfig {
            cell,
            hidden: size(&case, "hidden"),
            embedding: size(&case, "embedding"),
            layer_norm: case["normalised"][agent].as_bool().expect("a flag"),
        };
        let space =
            ProductSpace::uniform(size(&case, "attributes"), size(&case, "values") as u32).expect("a space");
        let channel =
            Channel::new(size(&case, "vocab_size") as u32, size(&case, "max_length")).expect("a channel");
        let mut rng = rand_chacha::ChaCha8Rng::seed_from_u64(0);
        let mut speaker = RecurrentSpeaker::new(&config(0), &space, channel, &mut rng);
        let mut listener = RecurrentListener::new(&config(1), &space, channel, &mut rng);
        let weights = load(speaker.parameters(), &case["speaker"]["values"]);
        speaker.change(&mut |values| values.copy_from_slice(&weights));
        let weights = load(listener.parameters(), &case["listener"]["values"]);
        listener.change(&mut |values| values.copy_from_slice(&weights));

        let objects = Objects::from_rows(&rows(&case["objects"])).expect("objects");
        let drawn: Vec<f32> = numbers(&case["drawn"]).into_iter().map(|value| value as f32).collect();
        let said = speaker.speak(&objects, Choice::Sample(&drawn));
        assert!(said.messages.iter().eq(rows(&case["messages"])), "the same draws choose the same symbols");
        assert_close("log probabilities", &said.log_probs, &numbers(&case["log_probs"]));
        assert_close("entropies", &said.entropies, &numbers(&case["entropies"]));

        let (likelihoods, of_listener) = listener.gradient(&objects, &said.messages, None);
        assert_close("likelihoods", &likelihoods, &numbers(&case["likelihoods"]));
        assert_eq!(likelihoods, listener.log_likelihood(&objects, &said.messages));
        let mean = |values: &[f64]| values.iter().sum::<f64>() / values.len() as f64;
        let rewards: Vec<f64> = likelihoods.iter().map(|&value| value.into()).collect();
        let expected = case["listener_loss"].as_f64().expect("a number");
        assert!((-mean(&rewards) / expected - 1.0).abs() < TOLERANCE, "the listener's loss");
        check_gradient("listener", listener.parameters(), &of_listener, &case["listener"]["gradient"]);

        let lengths: Vec<usize> = said.messages.lengths().collect();
        let entropy = case["entropy_weight"].as_f64().expect("a number");
        let baselines = vec![mean(&rewards); rewards.len()];
        let credits = credits(&rewards, &baselines, &lengths, entropy);
        let surrogate: f64 = credits
            .iter()
            .zip(said.log_probs.iter().zip(&said.entropies))
            .map(|(credit, (&log_prob, &entropy))| {
                f64::from(credit.log_prob) * f64::from(log_prob)
                    + f64::from(credit.entropy) * f64::from(entropy)
            })
            .sum();
        let expected = case["speaker_loss"].as_f64().expect("a number");
        assert!((surrogate - expected).abs() < TOLERANCE * expected.abs().max(1.0), "the speaker's loss");
        let of_speaker = speaker.gradient(&objects, &said, &credits);
        check_gradient("speaker", speaker.parameters(), &of_speaker, &case["speaker"]["gradient"]);
    }
}

/// Scores of messages for the objects that they were said of are their log-probabilities.
#[test]
fn scores_are_log_probabilities() {
    for case in cases() {
        let layer_norm = case["normalised"][0].as_bool().expect("a flag");
        let cell = if case["cell"] == "lstm" { CellKind::Lstm } else { CellKind::Gru };
        let config = AgentConfig {
            cell,
            hidden: size(&case, "hidden"),
            embedding: size(&case, "embedding"),
            layer_norm,
        };
        let space = ProductSpace::uniform(3, 4).expect("a space");
        let channel = Channel::new(5, 4).expect("a channel");
        let mut rng = rand_chacha::ChaCha8Rng::seed_from_u64(0);
        let mut speaker = RecurrentSpeaker::new(&config, &space, channel, &mut rng);
        let weights = load(speaker.parameters(), &case["speaker"]["values"]);
        speaker.change(&mut |values| values.copy_from_slice(&weights));
        let objects = Objects::from_rows(&rows(&case["objects"])).expect("objects");
        let drawn: Vec<f32> = numbers(&case["drawn"]).into_iter().map(|value| value as f32).collect();
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
