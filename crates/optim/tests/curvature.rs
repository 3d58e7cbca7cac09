//! Curvature along a direction against double backward in PyTorch: the values of `crates/nn/tests/reference/taylor.py`.

#[path = "../../nn/tests/common/mod.rs"]
mod common;

use autodidact_nn::{Linear, NamedTensor, TensorMap, state, taylor::Jet};
use autodidact_optim::{Along, Curvature, Differences, Exact, Landscape, Point, Result};
use burn::module::Module;
use burn::tensor::{DType, Device, Tensor};
use common::{drawn, fill_in, values};
use rand_chacha::{ChaCha8Rng, rand_core::SeedableRng};

#[derive(Module, Debug)]
struct TanhNet {
    hidden: Linear,
    output: Linear,
}

/// The network on a device, and weights and direction by name.
fn network(device: &Device, precision: DType) -> (TanhNet, TensorMap, TensorMap) {
    let mut rng = ChaCha8Rng::seed_from_u64(1);
    let mut linear = |widths| Linear::new(widths, true, false, &mut rng, device);
    let net = TanhNet { hidden: linear([10, 8]), output: linear([8, 4]) };
    let net = fill_in(precision, net, "");
    let w = state::parameters(&net);
    let u = w
        .iter()
        .map(|(name, tensor)| {
            let numbers = values(&format!("direction {name}"), tensor.shape.iter().product());
            let numbers = Tensor::from_floats(numbers.as_slice(), &Device::flex()).cast(precision);
            (name.clone(), NamedTensor { values: numbers, ..tensor.clone() })
        })
        .collect();
    (net, w, u)
}

/// The largest relative difference of value, slope and curvature from PyTorch's.
fn apart(found: Along) -> f64 {
    let reference: serde_json::Value =
        serde_json::from_str(include_str!("../../nn/tests/reference/taylor.json")).expect("valid JSON");
    let theirs: Vec<f64> = serde_json::from_value(reference["tanh"].clone()).expect("four numbers");
    let ours = [found.value, found.slope, found.curvature];
    ours.iter().zip(theirs).map(|(a, b)| (a - b).abs() / b.abs()).fold(0.0, f64::max)
}

/// Value and gradient of the squared error.
fn gradient_of(net: &TanhNet, device: &Device) -> impl FnMut(&TensorMap) -> Result<(f64, TensorMap)> {
    |w| {
        let net = state::replace(net.clone(), w)?;
        let hidden = net.hidden.forward(drawn("inputs", [6, 10], device)).tanh();
        let error = net.output.forward(hidden) - drawn("targets", [6, 4], device);
        let loss = error.square().sum().mul_scalar(0.5 / 6.0);
        let value = f64::from(loss.clone().into_scalar::<f32>());
        Ok((value, state::gradients(&net, &mut loss.backward())))
    }
}

#[test]
fn exact_curvature_equals_pytorchs() {
    let device = Device::flex();
    for (precision, tolerance) in [(DType::F32, 1e-4), (DType::F64, 1e-8)] {
        let (net, w, u) = network(&device, precision);
        let mut curvature = Exact::new(net, |net: &TanhNet, u: &TanhNet| {
            let x = Jet::constant(drawn("inputs", [6, 10], &device).cast(precision));
            let hidden = net.hidden.taylor(&u.hidden, x).tanh();
            let targets = drawn("targets", [6, 4], &device).cast(precision);
            net.output.taylor(&u.output, hidden).squared_error(targets)
        });
        let found = curvature.along(&w, &u).expect("the weights fit");
        assert!(apart(found) < tolerance, "{precision:?}: {found:?}");
    }
}

/// What a landscape that knows gradients only gives a tuner, from one more gradient.
#[test]
fn one_difference_is_near() {
    let device = Device::flex().autodiff();
    let (net, w, u) = network(&device, DType::F32);
    let mut gradient = gradient_of(&net, &device);
    let (value, at_w) = gradient(&w).expect("the weights fit");
    let at = Point { w: &w, value, gradient: &at_w, u: &u, is_adaptive: false };
    let (slope, curvature) = (at.slope(), gradient.curvature(&at).expect("the weights fit"));
    let apart = apart(Along { value, slope, curvature, error: 0.0 });
    assert!(apart < 1e-2, "{apart}");
}

#[test]
fn differences_of_gradients_are_near_and_say_how_near() {
    let device = Device::flex().autodiff();
    let (net, w, u) = network(&device, DType::F32);
    let mut curvature = Differences::new(gradient_of(&net, &device));
    let found = curvature.along(&w, &u).expect("the weights fit");
    assert!(apart(found) < 1e-2, "{found:?}");
    assert!(found.error > 0.0 && found.error < 0.05 * found.curvature.abs(), "{found:?}");
}
