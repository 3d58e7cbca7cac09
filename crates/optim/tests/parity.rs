//! Ten steps of every rule against torch.optim (SGD, `AdamW`) and a numpy transcription (LARS), and the schedule.
//!
//! `reference/optimizers.py` wrote the values.

use std::collections::BTreeMap;

use autodidact_nn::state::to_vec;
use autodidact_nn::{NamedTensor, TensorMap};
use autodidact_optim::{Optimizer, OptimizerConfig, ParameterGroup, WarmupCosine};
use burn::tensor::{Device, Tensor};
use serde::Deserialize;

/// Largest difference after any step relative to the largest entry: single against double precision.
const TOLERANCE: f64 = 1e-5;

type ByName = BTreeMap<String, Vec<f32>>;

#[derive(Deserialize)]
struct Reference {
    shapes: BTreeMap<String, Vec<usize>>,
    learning_rates: Vec<f64>,
    parameters: ByName,
    gradients: Vec<ByName>,
    cases: Vec<Case>,
    schedule: Schedule,
}

#[derive(Deserialize)]
struct Case {
    name: String,
    config: OptimizerConfig,
    groups: Vec<Group>,
    after: Vec<ByName>,
}

#[derive(Deserialize)]
struct Group {
    prefix: String,
    multiplier: f64,
}

#[derive(Deserialize)]
struct Schedule {
    base: f64,
    batch: usize,
    warmup: usize,
    total: usize,
    rates: Vec<f64>,
}

fn reference() -> Reference {
    serde_json::from_str(include_str!("reference/optimizers.json")).expect("valid JSON")
}

fn tensors(shapes: &BTreeMap<String, Vec<usize>>, values: &ByName) -> TensorMap {
    values
        .iter()
        .map(|(name, values)| {
            let values = Tensor::from_floats(values.as_slice(), &Device::flex());
            (name.clone(), NamedTensor { shape: shapes[name].clone(), values })
        })
        .collect()
}

#[test]
fn ten_steps_equal_the_reference() {
    let reference = reference();
    for case in &reference.cases {
        let groups = case
            .groups
            .iter()
            .map(|group| ParameterGroup { prefix: group.prefix.clone(), multiplier: group.multiplier })
            .collect();
        let mut optimizer = Optimizer::new(case.config, groups);
        let mut weights = tensors(&reference.shapes, &reference.parameters);
        let mut largest = BTreeMap::<&str, f64>::new();
        for (step, expected) in case.after.iter().enumerate() {
            let gradients = tensors(&reference.shapes, &reference.gradients[step]);
            weights = optimizer.step(reference.learning_rates[step], &weights, &gradients);
            for (name, expected) in expected {
                let found = to_vec(weights[name].values.clone());
                assert_eq!(found.len(), expected.len());
                let scale = expected.iter().fold(1e-6f32, |most, value| most.max(value.abs()));
                let apart = found.iter().zip(expected).map(|(a, b)| (a - b).abs()).fold(0.0, f32::max);
                let most = largest.entry(name).or_default();
                *most = most.max(f64::from(apart / scale));
            }
        }
        for (name, difference) in largest {
            println!("{difference:.1e}  {} `{name}`", case.name);
            assert!(difference <= TOLERANCE, "{}: `{name}` is {difference:.1e} away", case.name);
        }
    }
}

#[test]
fn the_schedule_equals_a_warm_up_and_torchs_cosine() {
    let Schedule { base, batch, warmup, total, rates } = reference().schedule;
    let schedule = WarmupCosine::new(base, batch, warmup, total);
    assert_eq!(rates.len(), total + 1);
    for (step, expected) in rates.into_iter().enumerate() {
        assert!(
            (schedule.at(step) - expected).abs() < 1e-12,
            "step {step}: {} {expected}",
            schedule.at(step)
        );
    }
}
