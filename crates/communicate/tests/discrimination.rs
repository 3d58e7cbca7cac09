//! Discrimination: a whole step of both agents against PyTorch's in double precision (`reference/discrimination.py` makes the values), the
//! Bayes listener among candidates against a plain loop, gradients against differences.

mod parity;

use autodidact_communicate::agents::{
    AgentConfig, CellKind, Choice, FeatureEncoder, Listener, RecurrentDiscriminator, RecurrentSpeaker,
    Speaker,
};
use autodidact_communicate::decomposition::bayes_among;
use autodidact_communicate::game::{Channel, Distractors, Lineups, Sampled};
use autodidact_communicate::{Error, Features, Messages};
use parity::{
    TOLERANCE, agent, assert_close, check_gradient, check_speaker, load, mean, numbers, rows, singles, size,
};
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;
use serde_json::Value;

fn cases() -> Vec<Value> {
    serde_json::from_str(include_str!("reference/discrimination.json")).expect("the reference is JSON")
}

#[test]
fn a_whole_step_equals_pytorch() {
    for case in cases() {
        let vectors: Vec<Vec<f64>> = case["features"].as_array().expect("rows").iter().map(numbers).collect();
        let features = Features::from_rows(&vectors).expect("features");
        let lineups = if case["candidates"].is_null() {
            let all: Vec<usize> = (0..features.count()).collect();
            Lineups::new(&features, &all, Distractors::InBatch, &mut ChaCha8Rng::seed_from_u64(0))
        } else {
            let candidates = rows(&case["candidates"]);
            let candidates: Vec<Vec<usize>> =
                candidates.iter().map(|row| row.iter().map(|&object| object as usize).collect()).collect();
            Lineups::given(&features, &candidates)
        };
        let lineups = lineups.expect("games");
        let channel =
            Channel::new(size(&case, "vocab_size") as u32, size(&case, "max_length")).expect("a channel");
        let mut rng = ChaCha8Rng::seed_from_u64(0);
        let width = features.width();
        let mut speaker = RecurrentSpeaker::of_features(&agent(&case, 0), width, channel, &mut rng);
        let sizes = [width, size(&case, "projection")];
        let mut listener = RecurrentDiscriminator::new(&agent(&case, 1), sizes, channel, &mut rng);
        let weights = load(speaker.parameters(), &case["speaker"]["values"]);
        speaker.change(&mut |values| values.copy_from_slice(&weights));
        let weights = load(listener.parameters(), &case["listener"]["values"]);
        listener.change(&mut |values| values.copy_from_slice(&weights));

        let said = speaker.speak(lineups.targets(), Choice::Sample(&singles(&case["drawn"])));
        assert!(said.messages.iter().eq(rows(&case["messages"])), "the same draws choose the same symbols");
        assert_close("log probabilities", &said.log_probs, &numbers(&case["log_probs"]));

        let (likelihoods, of_listener) = listener.gradient(&lineups, &said.messages, None);
        assert_close("likelihoods", &likelihoods, &numbers(&case["likelihoods"]));
        assert_eq!(likelihoods, listener.log_likelihood(&lineups, &said.messages));
        assert!(
            listener
                .right(&lineups, &said.messages)
                .iter()
                .map(|&right| right as f64)
                .eq(numbers(&case["found"]))
        );
        let rewards: Vec<f64> = likelihoods.iter().map(|&value| value.into()).collect();
        for (name, found) in [("listener_loss", -mean(&rewards)), ("reward", mean(&rewards))] {
            let expected = case[name].as_f64().expect("a number");
            assert!((found / expected - 1.0).abs() < TOLERANCE, "{name}: {found} for {expected}");
        }
        check_gradient("listener", listener.parameters(), &of_listener, &case["listener"]["gradient"]);
        check_speaker(&case, &speaker, lineups.targets(), &said, &rewards);
    }
}

/// Some vectors, agents for them, and games of both kinds.
fn agents(seed: u64) -> (RecurrentSpeaker<FeatureEncoder>, RecurrentDiscriminator, [Lineups; 2]) {
    let mut rng = ChaCha8Rng::seed_from_u64(seed);
    let features =
        Features::new((0..60 * 4).map(|_| 4.0 * rng.random::<f64>() - 2.0).collect(), 4).expect("features");
    let channel = Channel::new(4, 3).expect("a channel");
    let config = AgentConfig { cell: CellKind::Lstm, hidden: 10, embedding: 5, layer_norm: true };
    let speaker = RecurrentSpeaker::of_features(&config, 4, channel, &mut rng);
    let listener = RecurrentDiscriminator::new(&config, [4, 6], channel, &mut rng);
    let targets: Vec<usize> = (3..58).collect();
    let lineups = [Distractors::InBatch, Distractors::Sampled(Sampled { count: 7 })]
        .map(|distractors| Lineups::new(&features, &targets, distractors, &mut rng).expect("games"));
    (speaker, listener, lineups)
}

fn drawn(count: usize, seed: u64) -> Vec<f32> {
    let mut rng = ChaCha8Rng::seed_from_u64(seed);
    (0..count).map(|_| rng.random()).collect()
}

/// log π(m|x) and log ρ(c|m, C) of tables, by loops over all messages, objects and candidates: L = `L_info` + `L_adapt` with
/// `L_info = H(target|m, C)` and `L_adapt` the mean divergence of the listener from the posterior.
#[test]
fn the_loss_is_information_and_adaptation_among_the_candidates() {
    let (speaker, listener, lineups) = agents(1);
    let channel = speaker.channel();
    let messages = channel.messages(100).expect("few");
    for lineups in lineups {
        // log π of all messages for each candidate, each scored alone.
        let log_prob = |object: &[f64]| {
            let one = Features::new(object.to_vec(), object.len()).expect("a vector");
            let scores = std::sync::Mutex::new(Vec::new());
            speaker.score(&one, &messages, &|_, row| scores.lock().expect("no panic").extend_from_slice(row));
            scores.into_inner().expect("no panic")
        };
        for game in [0, 17, 54] {
            let candidates: Vec<&[f64]> =
                (0..lineups.num_candidates()).map(|place| lineups.candidate(game, place)).collect();
            let scores: Vec<Vec<f64>> = candidates.iter().map(|object| log_prob(object)).collect();
            let [mut loss, mut information, mut adaptation] = [0.0_f64; 3];
            for message in 0..messages.count() {
                let row = messages.get(message);
                let one = Messages::new(row.to_vec(), row.len()).expect("a message");
                let total: f64 = scores.iter().map(|scores| scores[message].exp()).sum();
                let [mut divergence, mut sum] = [0.0_f64; 2];
                for (place, scores) in scores.iter().enumerate() {
                    // The same candidates, with this one as the target.
                    let mut order: Vec<&[f64]> = candidates.clone();
                    order.swap(0, place);
                    let objects = Features::from_rows(&order).expect("vectors");
                    let all: Vec<usize> = (0..order.len()).collect();
                    let turned = Lineups::given(&objects, &[all]).expect("a game");
                    let posterior = (scores[message].exp() / total).ln();
                    let found = bayes_among(&speaker, &turned, &one)[0];
                    assert!((found - posterior).abs() < 1e-6, "{found} for {posterior}");
                    let given = f64::from(listener.log_likelihood(&turned, &one)[0]);
                    let joint = scores[message].exp() / candidates.len() as f64;
                    loss -= joint * given;
                    information -= joint * posterior;
                    divergence += posterior.exp() * (posterior - given);
                    sum += given.exp();
                }
                assert!(
                    (sum - 1.0).abs() < 1e-5 && divergence > -1e-5,
                    "a distribution: {sum}, {divergence}"
                );
                adaptation += total / candidates.len() as f64 * divergence;
            }
            // Probabilities are those of single precision.
            assert!((loss - information - adaptation).abs() < 1e-5, "{loss} = {information} + {adaptation}");
            assert!(information > 0.0 && adaptation > 0.0);
        }
        // What is streamed for all games at once is what each game has alone.
        let said = speaker.speak(lineups.targets(), Choice::Sample(&drawn(lineups.count() * 3, 5)));
        let among = bayes_among(&speaker, &lineups, &said.messages);
        for (game, found) in among.iter().enumerate() {
            let message = messages.iter().position(|row| row == said.messages.get(game)).expect("one of all");
            let scores: Vec<f64> = (0..lineups.num_candidates())
                .map(|place| log_prob(lineups.candidate(game, place))[message])
                .collect();
            let total: f64 = scores.iter().map(|score| score.exp()).sum();
            let expected = scores[lineups.target(game)] - total.ln();
            assert!((found - expected).abs() < 1e-6, "{found} for {expected}");
        }
    }
}

/// Central differences of the mean loss along random directions, for both kinds of games.
#[test]
fn the_listeners_gradient_is_a_slope() {
    let (speaker, mut listener, lineups) = agents(2);
    for lineups in lineups {
        let said = speaker.speak(lineups.targets(), Choice::Sample(&drawn(lineups.count() * 3, 6)));
        let (_, gradient) = listener.gradient(&lineups, &said.messages, None);
        let before = listener.parameters().values().to_vec();
        for seed in 0..5 {
            let mut rng = ChaCha8Rng::seed_from_u64(seed);
            let direction: Vec<f32> = before.iter().map(|_| 2.0 * rng.random::<f32>() - 1.0).collect();
            let mut loss = |step: f32| {
                listener.change(&mut |values| {
                    for ((value, before), direction) in values.iter_mut().zip(&before).zip(&direction) {
                        *value = before + step * direction;
                    }
                });
                let likelihoods = listener.log_likelihood(&lineups, &said.messages);
                -likelihoods.iter().map(|&value| f64::from(value)).sum::<f64>() / likelihoods.len() as f64
            };
            let step = 2e-3;
            let slope = (loss(step) - loss(-step)) / f64::from(2.0 * step);
            let expected: f64 =
                gradient.iter().zip(&direction).map(|(a, b)| f64::from(*a) * f64::from(*b)).sum();
            // Single precision: the loss has an error of about 1e-7, which the step divides.
            assert!((slope - expected).abs() < 2e-3 * expected.abs().max(0.1), "{slope} for {expected}");
        }
        listener.change(&mut |values| values.copy_from_slice(&before));
    }
}

/// A dropout of nothing changes nothing, and a unit that is dropped has no gradient in the projection.
#[test]
fn dropout_reaches_the_projection_of_the_message() {
    let (speaker, listener, [lineups, _]) = agents(3);
    let said = speaker.speak(lineups.targets(), Choice::Sample(&drawn(lineups.count() * 3, 7)));
    let mut mask = vec![1.0; lineups.count() * listener.mask_len()];
    let plain = listener.gradient(&lineups, &said.messages, None);
    assert_eq!(plain, listener.gradient(&lineups, &said.messages, Some(&mask)));
    mask.iter_mut().step_by(listener.mask_len()).for_each(|factor| *factor = 0.0);
    let (_, gradient) = listener.gradient(&lineups, &said.messages, Some(&mask));
    let entry = listener.parameters().entries().iter().find(|entry| entry.name == "message.weight");
    let weights = &gradient[entry.expect("the projection").range.clone()];
    for row in weights.chunks_exact(listener.mask_len()) {
        assert!(row[0] == 0.0 && row[1..].iter().all(|&slope| slope != 0.0), "{row:?}");
    }
}

#[test]
fn distractors_are_others_and_differ() {
    let features = Features::new((0..12).map(f64::from).collect(), 1).expect("features");
    let mut rng = ChaCha8Rng::seed_from_u64(1);
    let targets = [11, 0, 5, 5];
    let mut seen = std::collections::HashSet::new();
    for _ in 0..50 {
        let sampled = Distractors::Sampled(Sampled { count: 4 });
        let lineups = Lineups::new(&features, &targets, sampled, &mut rng).expect("games");
        for (game, &target) in targets.iter().enumerate() {
            let mut candidates: Vec<usize> =
                (0..5).map(|place| lineups.candidate(game, place)[0] as usize).collect();
            assert_eq!(candidates[lineups.target(game)], target);
            seen.extend(candidates.iter().map(|&candidate| (target, candidate)));
            candidates.sort_unstable();
            candidates.dedup();
            assert_eq!(candidates.len(), 5, "no repeats");
        }
    }
    assert_eq!(seen.len(), 3 * 12, "every other object is drawn at times");
    let all =
        Lineups::new(&features, &[2], Distractors::Sampled(Sampled { count: 11 }), &mut rng).expect("all");
    assert_eq!(all.num_candidates(), 12);

    let error = Lineups::new(&features, &[2], Distractors::Sampled(Sampled { count: 12 }), &mut rng)
        .expect_err("too many");
    assert!(matches!(error, Error::Distractors { asked: 12, objects: 12 }), "{error}");
    let error = Lineups::given(&features, &[[1, 2], [3, 3]]).expect_err("twice");
    assert!(matches!(error, Error::Candidate { row: 1, candidate: 3, .. }), "{error}");
    let error = Lineups::given(&features, &[[1, 2], [12, 3]]).expect_err("no object");
    assert!(
        error.to_string().contains("game 1 has the candidate 12, expected numbers from 0 to 11"),
        "{error}"
    );
    let error = Lineups::given(&features, &[vec![1, 2], vec![0]]).expect_err("ragged");
    assert!(error.to_string().contains("row 1 of the candidates has 1 values"), "{error}");
}

/// A listener that cannot tell two objects apart has not found either.
#[test]
fn a_tie_is_not_found() {
    let (_, listener, _) = agents(4);
    let features = Features::new([0.5, -1.0, 2.0, 1.0].repeat(3), 4).expect("features");
    let lineups = Lineups::given(&features, &[[0, 1, 2]]).expect("a game");
    let messages = Messages::from_rows(&[[1, 2, 0]]).expect("a message");
    assert_eq!(listener.right(&lineups, &messages), [0]);
    let likelihood = f64::from(listener.log_likelihood(&lineups, &messages)[0]);
    assert!((likelihood + 3.0_f64.ln()).abs() < 1e-6);
}
