//! Whole residual networks against PyTorch: output, running statistics and every gradient by name.
//!
//! `reference/networks.py` wrote the values; weights and pictures are drawn by the same formula on both sides.

mod common;

use std::collections::BTreeMap;

use autodidact_nn::state::{self, to_vec};
use autodidact_nn::{Depth, Mode, ResNetConfig, StemKind};
use burn::tensor::{DType, Device};
use common::{Differences, drawn, fill_in, host, norm_config};
use rand_chacha::{ChaCha8Rng, rand_core::SeedableRng};
use serde::Deserialize;

#[derive(Deserialize)]
struct Case {
    name: String,
    depth: Depth,
    stem: StemKind,
    width: usize,
    norm: String,
    shape: [usize; 4],
    pictures: String,
    output: Vec<f64>,
    gradients: BTreeMap<String, Vec<f64>>,
    #[serde(default)]
    buffers: BTreeMap<String, Vec<f64>>,
    evaluated: Option<Vec<f64>>,
}

fn check(precision: DType, wanted: impl Fn(&str) -> bool) {
    let cases: Vec<Case> = serde_json::from_str(include_str!("reference/networks.json")).expect("valid JSON");
    let cases: Vec<Case> = cases.into_iter().filter(|case| wanted(&case.name)).collect();
    assert!(!cases.is_empty());
    for case in cases {
        println!("{}", case.name);
        check_case(&case, precision);
    }
}

fn check_case(case: &Case, precision: DType) {
    let device = Device::flex().autodiff();
    let config = ResNetConfig {
        width: Some(case.width),
        norm: norm_config(&case.norm, 16),
        weight_standardisation: case.norm == "group",
        ..ResNetConfig::new(case.depth, case.stem)
    };
    let network = fill_in(precision, config.init(&mut ChaCha8Rng::seed_from_u64(1), &device), "");
    let pictures = drawn(&case.pictures, case.shape, &device).cast(precision);

    let output = network.forward(pictures.clone(), Mode::Train);
    let upstream = drawn(&format!("{} output gradient", case.name), output.dims(), &device).cast(precision);
    let gradients = state::gradients(&network, &mut (output.clone() * upstream).sum().backward());

    let mut differences = Differences::default();
    differences.compare_digest("output", "output", &to_vec(output.detach()), &case.output);
    let buffers = host(&state::buffers(&network));
    assert!(buffers.keys().eq(case.buffers.keys()), "running statistics: {:?}", buffers.keys());
    for (name, digest) in &case.buffers {
        differences.compare_digest(name, name, &buffers[name], digest);
    }
    if let Some(digest) = &case.evaluated {
        let evaluated = network.forward(pictures, Mode::Evaluate).detach();
        differences.compare_digest("evaluated", "evaluated", &to_vec(evaluated), digest);
    }
    let gradients = host(&gradients);
    assert!(gradients.keys().eq(case.gradients.keys()), "gradients: {:?}", gradients.keys());
    for (name, digest) in &case.gradients {
        differences.compare_digest(&format!("gradient of {name}"), name, &gradients[name], digest);
    }
    differences.finish(&case.name);
}

#[test]
fn resnet8_and_resnet20_equal_pytorch() {
    check(DType::F32, |name| name.starts_with("resnet8 ") || name.starts_with("resnet20 "));
}

#[test]
fn resnet18_and_resnet34_equal_pytorch() {
    check(DType::F32, |name| name.starts_with("resnet18 ") || name.starts_with("resnet34 "));
}

#[test]
fn resnet50_equals_pytorch() {
    check(DType::F32, |name| name == "resnet50 cifar group");
}

/// Fifty layers of narrow batch norm amplify the rounding of single precision, PyTorch's too, until it turns a ReLU
/// the other way; double precision, which takes the composed operations, does not.
#[test]
fn resnet50_in_double_precision_equals_pytorch() {
    check(DType::F64, |name| name.starts_with("resnet50 "));
}
