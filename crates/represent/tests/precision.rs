//! Training with bfloat16 operands: what changes, and what does not.

mod support;

use std::collections::BTreeMap;
use std::sync::Arc;

use autodidact_data::procedural::Procedural;
use autodidact_experiment::run::RunDirectory;
use autodidact_nn::PrecisionConfig;
use autodidact_nn::state::{self, to_vec};
use autodidact_represent::train::{Outcome, Trained};
use autodidact_represent::{Method, RepresentConfig, train};
use burn::tensor::{DType, Device};
use support::{Tensors, small};

fn trained(method: Method, precision: PrecisionConfig, seed: u64) -> Trained {
    let mut config =
        RepresentConfig { method, precision, seed, epochs: 2, warmup_epochs: 0.0, log_every: 1, ..small(16) };
    config.views.first.size = 12;
    config.views.second.size = 12;
    let folder = tempfile::tempdir().unwrap();
    let run = RunDirectory::create(folder.path().join("run")).unwrap();
    let pictures = Arc::new(Procedural::new(1, 64, 12));
    match train(&config, pictures, &Device::flex(), 0, &run, &mut |_| ()).unwrap() {
        Outcome::Finished(trained) => *trained,
        Outcome::Interrupted { step } => panic!("interrupted at step {step}"),
    }
}

fn weights(trained: &Trained) -> Tensors {
    state::all_tensors(&trained.encoder)
        .into_iter()
        .map(|(name, tensor)| {
            assert_eq!(tensor.values.dtype(), DType::F32, "{name}");
            (name, to_vec(tensor.values))
        })
        .collect()
}

fn metric(trained: &Trained, name: &str) -> f64 {
    trained.metrics.iter().cloned().collect::<BTreeMap<_, _>>()[name]
}

#[test]
fn on_the_cpu_the_default_is_f32() {
    let [auto, single] =
        [PrecisionConfig::Auto, PrecisionConfig::F32].map(|precision| trained(Method::Byol, precision, 1));
    assert_eq!(weights(&auto), weights(&single));
}

/// So early in training, a rounded bit grows to some percent of one seed's loss, up or down.
#[test]
fn bf16_trains_nearly_as_f32_does_and_leaves_weights_in_f32() {
    const SEEDS: u64 = 24;
    for method in [Method::Byol, Method::Simclr, Method::Supervised] {
        let [mut a, mut b] = [0.0; 2];
        for seed in 1..=SEEDS {
            let [single, half] = [PrecisionConfig::F32, PrecisionConfig::Bf16]
                .map(|precision| trained(method, precision, seed));
            assert_ne!(weights(&single), weights(&half), "{method:?}");
            a += metric(&single, "loss/total") / SEEDS as f64;
            b += metric(&half, "loss/total") / SEEDS as f64;
        }
        println!("{method:?}: mean loss {a:.4} in f32, {b:.4} in bf16");
        // Eight bits: operands are off by up to 0.4 %.
        assert!((a - b).abs() <= 0.05 * a.abs(), "{method:?}: {a} in f32, {b} in bf16");
    }
}

#[test]
fn settings_from_before_there_was_a_choice_still_read() {
    let text = toml::to_string(&small(16)).unwrap();
    let lines: Vec<&str> = text.lines().filter(|line| !line.starts_with("precision")).collect();
    let without = lines.join("\n");
    assert!(without.len() + 10 < text.len());
    let config: RepresentConfig = toml::from_str(&without).unwrap();
    assert_eq!(config, small(16));
}
