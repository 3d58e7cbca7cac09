//! Jets against double backward in PyTorch, on the same weights, in both precisions.
//!
//! `reference/taylor.py` wrote the values; weights, directions and inputs are drawn by the same formula on both sides.

mod common;

use autodidact_nn::state::{self, to_vec};
use autodidact_nn::taylor::{Jet, LossJet};
use autodidact_nn::{
    Depth, Linear, MlpConfig, Mode, NamedTensor, NormConfig, ResNetConfig, StemKind, TransformerConfig,
};
use burn::module::Module;
use burn::tensor::{DType, Device, Int, Tensor, TensorData};
use common::{drawn, fill_in, norm_config, values};
use rand_chacha::{ChaCha8Rng, rand_core::SeedableRng};

/// Relative tolerances of f32 and f64.
const PRECISIONS: [(DType, f64); 2] = [(DType::F32, 1e-4), (DType::F64, 1e-8)];

fn reference(case: &str) -> Vec<f64> {
    let found: serde_json::Value =
        serde_json::from_str(include_str!("reference/taylor.json")).expect("valid JSON");
    serde_json::from_value(found[case].clone()).expect("four numbers")
}

/// Fills the module and its direction, and compares what `loss` makes of them.
fn check<M: Module>(case: &str, module: &M, loss: impl Fn(&M, &M, DType) -> LossJet) {
    for (precision, tolerance) in PRECISIONS {
        let module = fill_in(precision, module.clone(), "");
        let direction = state::parameters(&module)
            .into_iter()
            .map(|(name, tensor)| {
                let numbers = values(&format!("direction {name}"), tensor.shape.iter().product());
                let numbers = Tensor::from_floats(numbers.as_slice(), &Device::flex()).cast(precision);
                (name, NamedTensor { values: numbers, ..tensor })
            })
            .collect();
        let direction = state::replace(module.clone(), &direction).expect("names and shapes are its own");
        let LossJet { value, slope, curvature } = loss(&module, &direction, precision);
        let apart: Vec<f64> = [value, slope, curvature]
            .iter()
            .zip(reference(case))
            .map(|(ours, theirs)| (ours - theirs).abs() / theirs.abs())
            .collect();
        println!("{case} {precision:?}: {apart:?}");
        assert!(apart.iter().all(|apart| *apart < tolerance), "{case} {precision:?}: {apart:?}");
    }
}

fn count_up(count: usize, factor: i64, modulus: i64) -> Tensor<1, Int> {
    let numbers: Vec<i64> = (0..count as i64).map(|index| index * factor % modulus).collect();
    Tensor::from_data(TensorData::new(numbers, [count]), &Device::flex())
}

fn rng() -> ChaCha8Rng {
    ChaCha8Rng::seed_from_u64(1)
}

#[test]
fn relu_mlp_with_cross_entropy_equals_pytorch() {
    let device = Device::flex();
    let config = MlpConfig { layers: 3, output_bias: true, ..MlpConfig::new(8, 4, NormConfig::None) };
    check("mlp", &config.init(10, &mut rng(), &device), |module, u, precision| {
        let x = Jet::constant(drawn("inputs", [6, 10], &device).cast(precision));
        module.taylor(u, x, Mode::Train).cross_entropy(count_up(6, 1, 4))
    });
}

#[derive(Module, Debug)]
struct TanhNet {
    hidden: Linear,
    output: Linear,
}

#[test]
fn tanh_mlp_with_squared_error_equals_pytorch() {
    let device = Device::flex();
    let mut rng = rng();
    let mut linear = |widths| Linear::new(widths, true, false, &mut rng, &device);
    let net = TanhNet { hidden: linear([10, 8]), output: linear([8, 4]) };
    check("tanh", &net, |net, u, precision| {
        let x = Jet::constant(drawn("inputs", [6, 10], &device).cast(precision));
        let hidden = net.hidden.taylor(&u.hidden, x).tanh();
        let targets = drawn("targets", [6, 4], &device).cast(precision);
        net.output.taylor(&u.output, hidden).squared_error(targets)
    });
}

#[test]
fn residual_networks_equal_pytorch() {
    let device = Device::flex();
    for norm in ["group", "layer", "batch"] {
        let config = ResNetConfig {
            width: Some(4),
            norm: norm_config(norm, 16),
            weight_standardisation: norm == "group",
            ..ResNetConfig::new(Depth::D8, StemKind::Cifar)
        };
        check(&format!("resnet {norm}"), &config.init(&mut rng(), &device), |net, u, precision| {
            let pictures = drawn("pictures", [6, 3, 8, 8], &device).cast(precision);
            net.taylor(u, pictures, Mode::Train).cross_entropy(count_up(6, 1, 16))
        });
    }
}

const TRANSFORMER: TransformerConfig = TransformerConfig {
    vocabulary: 11,
    context: 6,
    width: 8,
    heads: 2,
    layers: 2,
    hidden_size: 12,
    output_size: 11,
    causal: true,
};

#[test]
fn transformer_equals_pytorch() {
    let tokens = || count_up(15, 7, 11).reshape([3, 5]);
    check("transformer", &TRANSFORMER.init(&mut rng(), &Device::flex()), |net, u, _| {
        let jet = net.taylor(u, tokens());
        let forward = to_vec(net.forward(tokens()));
        let apart = forward.iter().zip(to_vec(jet.value.clone())).map(|(a, b)| (a - b).abs());
        assert!(apart.fold(0.0, f32::max) < 1e-5, "value of the jet and forward pass");
        jet.cross_entropy(count_up(15, 1, 11))
    });
}

#[test]
fn transformer_gradient_norm_equals_pytorch() {
    let net = fill_in(DType::F64, TRANSFORMER.init(&mut rng(), &Device::flex().autodiff()), "");
    let device = Device::flex().autodiff();
    let on_device = |x: Tensor<1, Int>| Tensor::<1, Int>::from_data(x.into_data(), &device);
    let logits = net.forward(on_device(count_up(15, 7, 11)).reshape([3, 5]));
    let likelihoods = burn::tensor::activation::log_softmax(logits, 1);
    let loss = likelihoods.gather(1, on_device(count_up(15, 1, 11)).reshape([15, 1])).mean().neg();
    let gradients = state::gradients(&net, &mut loss.backward());
    let squares: f64 =
        gradients.values().flat_map(|g| to_vec(g.values.clone())).map(|g| f64::from(g).powi(2)).sum();
    let expected = reference("transformer")[3];
    assert!((squares.sqrt() - expected).abs() < 1e-6 * expected, "{} and {expected}", squares.sqrt());
}
