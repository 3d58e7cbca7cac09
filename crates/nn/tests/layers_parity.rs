//! Single layers and heads against PyTorch, forward, backward and running statistics.
//!
//! `reference/layers.py` wrote the values; weights and inputs are drawn by the same formula on both sides.

mod common;

use std::collections::BTreeMap;

use autodidact_nn::ops::{self, Geometry};
use autodidact_nn::state::{self, to_vec};
use autodidact_nn::{Linear, MlpConfig, Mode, Precision, standardise_weight};
use burn::module::Module;
use burn::tensor::{Device, Gradients, Tensor, TensorData};
use common::{Differences, drawn, fill, host, norm_config, parameter};
use rand_chacha::{ChaCha8Rng, rand_core::SeedableRng};
use serde::Deserialize;

type ByName = BTreeMap<String, Vec<f64>>;

#[derive(Deserialize)]
struct Reference {
    convolution: Vec<Convolution>,
    norm: Vec<NormCase>,
    linear: Vec<LinearCase>,
    head: Vec<Head>,
}

#[derive(Deserialize)]
struct Convolution {
    name: String,
    x: [usize; 4],
    stride: usize,
    standardise: bool,
    weight: [usize; 4],
    out: Vec<f64>,
    gradients: ByName,
}

#[derive(Deserialize)]
struct NormCase {
    name: String,
    kind: String,
    groups: usize,
    x: [usize; 4],
    relu: bool,
    out: Vec<f64>,
    gradients: ByName,
    #[serde(default)]
    buffers: ByName,
    evaluated: Option<Vec<f64>>,
    evaluated_gradients: Option<ByName>,
}

#[derive(Deserialize)]
struct LinearCase {
    name: String,
    x: [usize; 2],
    output: usize,
    bias: bool,
    standardise: bool,
    out: Vec<f64>,
    gradients: ByName,
}

#[derive(Deserialize)]
struct Head {
    name: String,
    kind: String,
    input: String,
    x: [usize; 2],
    hidden: usize,
    output: usize,
    layers: usize,
    output_bias: bool,
    output_norm: bool,
    out: Vec<f64>,
    gradients: ByName,
    #[serde(default)]
    buffers: ByName,
    evaluated: Option<Vec<f64>>,
}

fn reference() -> Reference {
    serde_json::from_str(include_str!("reference/layers.json")).expect("valid JSON")
}

fn device() -> Device {
    Device::flex().autodiff()
}

fn rng() -> ChaCha8Rng {
    ChaCha8Rng::seed_from_u64(1)
}

/// Backward pass of `sum(out * upstream)` with the upstream gradient drawn for `name`.
fn backward<const D: usize>(name: &str, out: &Tensor<D>) -> Gradients {
    let upstream = drawn(&format!("{name} output gradient"), out.dims(), &device());
    (out.clone() * upstream).sum().backward()
}

/// Compares the gradients of `module` and of its input `x` with the reference's.
fn compare_gradients<M: Module, const D: usize>(
    differences: &mut Differences,
    module: &M,
    x: &Tensor<D>,
    gradients: &mut Gradients,
    theirs: &ByName,
) {
    let input = to_vec(x.grad(gradients).expect("the input has a gradient"));
    let mut ours = host(&state::gradients(module, gradients));
    ours.insert("x".to_owned(), input);
    assert_eq!(ours.len(), theirs.len(), "{:?} and {:?}", ours.keys(), theirs.keys());
    for (name, theirs) in theirs {
        let ours = &ours[name.trim_start_matches('.')];
        differences.compare(&format!("gradient of {name}"), ours, theirs);
    }
}

fn compare_buffers<M: Module>(differences: &mut Differences, module: &M, theirs: &ByName) {
    let ours = host(&state::buffers(module));
    assert_eq!(ours.len(), theirs.len());
    for (name, theirs) in theirs {
        differences.compare(name, &ours[name.trim_start_matches('.')], theirs);
    }
}

#[test]
fn convolutions_equal_pytorch() {
    for case in reference().convolution {
        println!("{}", case.name);
        let name = &case.name;
        let x = drawn(&format!("{name} x"), case.x, &device()).require_grad();
        let values = TensorData::new(parameter(".weight", &case.weight), case.weight);
        let weight = Tensor::<4>::from_data(values, &device()).require_grad();
        let applied = if case.standardise { standardise_weight(weight.clone()) } else { weight.clone() };
        let padding = [case.weight[2] / 2; 2];
        let out = ops::conv2d(x.clone(), applied, Geometry::new([case.stride; 2], padding), Precision::F32);
        let gradients = backward(name, &out);
        let mut differences = Differences::default();
        differences.compare("out", &to_vec(out.detach()), &case.out);
        let gradient = |tensor: &Tensor<4>| to_vec(tensor.grad(&gradients).expect("a gradient"));
        differences.compare("gradient of weight", &gradient(&weight), &case.gradients[".weight"]);
        differences.compare("gradient of x", &gradient(&x), &case.gradients["x"]);
        differences.finish(name);
    }
}

#[test]
fn norms_equal_pytorch() {
    for case in reference().norm {
        println!("{}", case.name);
        let name = &case.name;
        let norm = fill(norm_config(&case.kind, case.groups).init(case.x[3], &device()), ".");
        // A batch before the one that is compared: running statistics of two updates.
        let first = drawn(&format!("{name} first"), case.x, &device());
        let _ = norm.forward_image(first * 2.0 + 1.0, Mode::Train, false);

        let x = drawn(&format!("{name} x"), case.x, &device()).require_grad();
        let out = norm.forward_image(x.clone(), Mode::Train, case.relu);
        let mut gradients = backward(name, &out);
        let mut differences = Differences::default();
        differences.compare("out", &to_vec(out.detach()), &case.out);
        compare_gradients(&mut differences, &norm, &x, &mut gradients, &case.gradients);
        compare_buffers(&mut differences, &norm, &case.buffers);

        let out = norm.forward_image(x.clone(), Mode::Evaluate, case.relu);
        let mut gradients = backward(name, &out);
        // Only batch norm evaluates differently.
        let expected = case.evaluated.as_ref().unwrap_or(&case.out);
        differences.compare("evaluated", &to_vec(out.detach()), expected);
        let expected = case.evaluated_gradients.as_ref().unwrap_or(&case.gradients);
        compare_gradients(&mut differences, &norm, &x, &mut gradients, expected);
        compare_buffers(&mut differences, &norm, &case.buffers);
        differences.finish(name);
    }
}

#[test]
fn linear_layers_equal_pytorch() {
    for case in reference().linear {
        println!("{}", case.name);
        let widths = [case.x[1], case.output];
        let layer = fill(Linear::new(widths, case.bias, case.standardise, &mut rng(), &device()), ".");
        let x = drawn(&format!("{} x", case.name), case.x, &device()).require_grad();
        let out = layer.forward(x.clone());
        let mut gradients = backward(&case.name, &out);
        let mut differences = Differences::default();
        differences.compare("out", &to_vec(out.detach()), &case.out);
        compare_gradients(&mut differences, &layer, &x, &mut gradients, &case.gradients);
        differences.finish(&case.name);
    }
}

#[test]
fn heads_equal_pytorch() {
    for case in reference().head {
        println!("{}", case.name);
        let config = MlpConfig {
            layers: case.layers,
            weight_standardisation: case.kind == "group",
            output_bias: case.output_bias,
            output_norm: case.output_norm,
            ..MlpConfig::new(case.hidden, case.output, norm_config(&case.kind, 16))
        };
        let head = fill(config.init(case.x[1], &mut rng(), &device()), "");
        let x = drawn(&case.input, case.x, &device()).require_grad();
        let out = head.forward(x.clone(), Mode::Train);
        let mut gradients = backward(&case.name, &out);
        let mut differences = Differences::default();
        differences.compare("out", &to_vec(out.detach()), &case.out);
        compare_gradients(&mut differences, &head, &x, &mut gradients, &case.gradients);
        compare_buffers(&mut differences, &head, &case.buffers);
        if let Some(expected) = &case.evaluated {
            let evaluated = head.forward(x, Mode::Evaluate).detach();
            differences.compare("evaluated", &to_vec(evaluated), expected);
        }
        differences.finish(&case.name);
    }
}
