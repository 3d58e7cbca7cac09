//! Products of bfloat16 operands against PyTorch's autocast.
//!
//! `reference/precision.py` wrote the values; weights and inputs are drawn by the same formula on both sides.

mod common;

use std::collections::BTreeMap;

use autodidact_nn::state::{self, to_vec};
use autodidact_nn::{Conv2d, Depth, Linear, Mode, NormConfig, Precision, ResNetConfig, StemKind};
use burn::module::Module;
use burn::tensor::{DType, Device, Tensor, bf16};
use common::{drawn, fill};
use rand_chacha::{ChaCha8Rng, rand_core::SeedableRng};
use serde::Deserialize;

#[derive(Deserialize)]
struct Reference {
    convolution: Case<4>,
    linear: Case<2>,
}

#[derive(Deserialize)]
#[serde(bound(deserialize = "[usize; D]: Deserialize<'de>"))]
struct Case<const D: usize> {
    name: String,
    x: [usize; D],
    weight: [usize; D],
    out: Vec<f32>,
    gradients: BTreeMap<String, Vec<f32>>,
}

fn reference() -> Reference {
    serde_json::from_str(include_str!("reference/precision.json")).expect("valid JSON")
}

fn device() -> Device {
    Device::flex().autodiff()
}

fn rng() -> ChaCha8Rng {
    ChaCha8Rng::seed_from_u64(1)
}

/// Output and gradients of a layer with one weight, by name.
fn run<M: Module, const D: usize>(
    case: &Case<D>,
    layer: &M,
    precision: Precision,
    forward: impl Fn(&M, Tensor<D>) -> Tensor<D>,
) -> BTreeMap<String, Vec<f32>> {
    let x = drawn(&format!("{} x", case.name), case.x, &device()).require_grad();
    let out = precision.scope(|| forward(layer, x.clone()));
    // Activations take half of the memory, features are in f32.
    let in_memory = if D == 4 && precision == Precision::Bf16 { DType::BF16 } else { DType::F32 };
    assert_eq!(out.dtype(), in_memory, "{}", case.name);
    let out = out.cast(DType::F32);
    let upstream = drawn(&format!("{} output gradient", case.name), out.dims(), &device());
    // Outside of the scope: a backward pass has the precision of its forward pass.
    let mut gradients = (out.clone() * upstream).sum().backward();
    let gradient_of_x = x.grad(&gradients).expect("the input has a gradient");
    let weight = state::gradients(layer, &mut gradients).remove("weight").expect("the weight has a gradient");
    assert_eq!(weight.values.dtype(), DType::F32, "the optimizer works in f32");
    BTreeMap::from([
        ("out".to_owned(), to_vec(out)),
        ("x".to_owned(), to_vec(gradient_of_x)),
        ("weight".to_owned(), to_vec(weight.values)),
    ])
}

/// The nearest bfloat16: `PyTorch` rounds its results, our linear layers do not.
fn rounded(value: f32) -> f32 {
    bf16::from_f32(value).to_f32()
}

/// Sums in another order may round to the neighbouring bfloat16, and only rarely do.
fn check<M: Module, const D: usize>(case: &Case<D>, layer: &M, forward: impl Fn(&M, Tensor<D>) -> Tensor<D>) {
    let ours = run(case, layer, Precision::Bf16, &forward);
    let single = run(case, layer, Precision::F32, &forward);
    let mut expected = case.gradients.clone();
    expected.insert("out".to_owned(), case.out.clone());
    for (what, expected) in expected {
        let (ours, single) = (&ours[&what], &single[&what]);
        assert_eq!(ours.len(), expected.len(), "{}: {what}", case.name);
        let count = expected.len();
        let equal = ours.iter().zip(&expected).filter(|(a, b)| rounded(**a) == **b).count();
        let changed = ours.iter().zip(single).filter(|(a, b)| a != b).count();
        println!("{}: {what}: of {count}, {equal} equal PyTorch's, {changed} differ from f32", case.name);
        for (a, b) in ours.iter().zip(&expected) {
            assert!((a - b).abs() <= b.abs() / 128.0 + 1e-3, "{}: {what}: {a} and {b}", case.name);
        }
        assert!(equal * 10 >= count * 9, "{}: {what}: {equal} of {count} equal PyTorch's", case.name);
        assert!(changed * 10 >= count * 9, "{}: {what}: bfloat16 changes next to nothing", case.name);
    }
}

#[test]
fn bf16_convolutions_equal_pytorchs_autocast() {
    let case = reference().convolution;
    let [channels, ..] = case.weight;
    let config = ResNetConfig {
        width: Some(channels),
        norm: NormConfig::None,
        ..ResNetConfig::new(Depth::D8, StemKind::Cifar)
    };
    let layer = fill(config.init(&mut rng(), &device()).stem.layer.conv, ".");
    check(&case, &layer, Conv2d::forward);
}

#[test]
fn bf16_linear_layers_equal_pytorchs_autocast() {
    let case = reference().linear;
    let [outputs, inputs] = case.weight;
    let layer = fill(Linear::new([inputs, outputs], false, false, &mut rng(), &device()), ".");
    check(&case, &layer, Linear::forward);
}

#[test]
fn a_scope_ends_with_its_work_even_if_that_panics() {
    let layer = Linear::new([8, 8], false, false, &mut rng(), &device());
    let forward = || to_vec(layer.forward(drawn("scope x", [2, 8], &device())));
    let single = forward();
    let nested = Precision::Bf16.scope(|| Precision::F32.scope(forward));
    assert_eq!(nested, single);
    assert_ne!(Precision::Bf16.scope(forward), single);
    let panicked = std::panic::catch_unwind(|| Precision::Bf16.scope(|| panic!("on purpose")));
    assert!(panicked.is_err());
    assert_eq!(forward(), single);
}

/// Features and gradients of every parameter, in this precision.
fn whole_network(config: &ResNetConfig, side: usize, precision: Precision) -> BTreeMap<String, Vec<f32>> {
    let network = config.init(&mut rng(), &device());
    let x = drawn("network x", [4, 3, side, side], &device());
    let features = precision.scope(|| network.forward(x, Mode::Train));
    assert_eq!(features.dtype(), DType::F32, "heads and losses are in f32");
    let upstream = drawn("network output gradient", features.dims(), &device());
    let mut gradients = (features.clone() * upstream).sum().backward();
    let gradients = state::gradients(&network, &mut gradients);
    assert_eq!(gradients.len(), state::parameters(&network).len(), "every parameter has a gradient");
    let mut all: BTreeMap<String, Vec<f32>> = gradients
        .into_iter()
        .map(|(name, gradient)| {
            assert_eq!(gradient.values.dtype(), DType::F32, "{name}");
            (name, to_vec(gradient.values))
        })
        .collect();
    all.insert("features".to_owned(), to_vec(features));
    all
}

/// Cosine of the angle between two arrays.
fn cosine(a: &[f32], b: &[f32]) -> f64 {
    let dot = |a: &[f32], b: &[f32]| a.iter().zip(b).map(|(a, b)| f64::from(*a) * f64::from(*b)).sum::<f64>();
    dot(a, b) / (dot(a, a) * dot(b, b)).sqrt()
}

#[test]
fn a_network_with_activations_of_bf16_is_near_the_one_in_f32() {
    for (stem, side) in [(StemKind::Cifar, 12), (StemKind::Imagenet, 40)] {
        for norm in [NormConfig::BATCH, NormConfig::GROUP] {
            let config = ResNetConfig { width: Some(16), norm, ..ResNetConfig::new(Depth::D8, stem) };
            let [single, half] =
                [Precision::F32, Precision::Bf16].map(|precision| whole_network(&config, side, precision));
            for (name, single) in single {
                let cosine = cosine(&single, &half[&name]);
                assert!(cosine > 0.95, "{stem:?}, {norm:?}: {name}: {cosine}");
                assert_ne!(single, half[&name], "{name}: bfloat16 changes something");
            }
        }
    }
}
