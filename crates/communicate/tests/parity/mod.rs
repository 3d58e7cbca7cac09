//! Values of a reference, and how near ours are to them.

use autodidact_communicate::agents::{
    AgentConfig, CellKind, Parameters, Speaker, TransformerConfig, Utterance,
};
use autodidact_communicate::training::credits;
use serde_json::Value;

/// Differences of arrays, relative to the largest number of the array.
pub const TOLERANCE: f64 = 1e-4;

pub fn numbers(value: &Value) -> Vec<f64> {
    value.as_array().expect("an array").iter().map(|value| value.as_f64().expect("a number")).collect()
}

pub fn singles(value: &Value) -> Vec<f32> {
    numbers(value).into_iter().map(|value| value as f32).collect()
}

pub fn size(case: &Value, name: &str) -> usize {
    case[name].as_u64().expect("a size") as usize
}

pub fn rows(value: &Value) -> Vec<Vec<u32>> {
    let row = |row: &Value| numbers(row).into_iter().map(|value| value as u32).collect();
    value.as_array().expect("rows").iter().map(row).collect()
}

pub fn mean(values: &[f64]) -> f64 {
    values.iter().sum::<f64>() / values.len() as f64
}

/// The speaker, 0, or the listener, 1, of a case.
pub fn agent(case: &Value, agent: usize) -> AgentConfig {
    AgentConfig {
        cell: match case["cell"].as_str().expect("a word") {
            "lstm" => CellKind::Lstm,
            "gru" => CellKind::Gru,
            _ => CellKind::Transformer(TransformerConfig {
                layers: size(case, "layers"),
                heads: size(case, "heads"),
            }),
        },
        hidden: size(case, "hidden"),
        embedding: size(case, "embedding"),
        layer_norm: case["normalised"][agent].as_bool().expect("a flag"),
    }
}

#[track_caller]
pub fn assert_close(name: &str, found: &[f32], expected: &[f64]) {
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
pub fn load(parameters: &Parameters, values: &Value) -> Vec<f32> {
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

pub fn check_gradient(agent: &str, parameters: &Parameters, found: &[f32], expected: &Value) {
    for entry in parameters.entries() {
        let name = format!("{agent}'s {}", entry.name);
        assert_close(&name, &found[entry.range.clone()], &numbers(&expected[entry.name]));
    }
}

/// The speaker's loss with the batch's mean as the baseline, and its gradient.
pub fn check_speaker<X, S: Speaker<X>>(
    case: &Value,
    speaker: &S,
    objects: &X,
    said: &Utterance<S::Kept>,
    rewards: &[f64],
) {
    let lengths: Vec<usize> = said.messages.lengths().collect();
    let entropy = case["entropy_weight"].as_f64().expect("a number");
    let baselines = vec![mean(rewards); rewards.len()];
    let credits = credits(rewards, &baselines, &lengths, entropy);
    let surrogate: f64 = credits
        .iter()
        .zip(said.log_probs.iter().zip(&said.entropies))
        .map(|(credit, (&log_prob, &entropy))| {
            f64::from(credit.log_prob) * f64::from(log_prob) + f64::from(credit.entropy) * f64::from(entropy)
        })
        .sum();
    let expected = case["speaker_loss"].as_f64().expect("a number");
    assert!((surrogate - expected).abs() < TOLERANCE * expected.abs().max(1.0), "the speaker's loss");
    let of_speaker = speaker.gradient(objects, said, &credits);
    check_gradient("speaker", speaker.parameters(), &of_speaker, &case["speaker"]["gradient"]);
}
