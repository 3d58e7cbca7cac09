//! Values of `PyTorch` in double precision; `tests/reference/kernels.py` and `tests/reference/matmul.py` make them.

use super::assert_close;
use super::convolution::Passes;
use crate::{
    Activation, After, AfterGradient, Conv2d, Conv3d, Epilogue, MatMul, MaxPool2d, Precision,
    batch_norm_backward, batch_norm_forward, group_norm_backward, group_norm_forward, matmul,
    max_pool2d_backward, max_pool2d_forward, standardise_weight_backward, standardise_weight_forward,
};
use serde_json::Value;

/// One case of the reference file.
pub(super) struct Reference<'a>(pub(super) &'a Value);

impl Reference<'_> {
    pub(super) fn f64s(&self, name: &str) -> Vec<f64> {
        let values = self.0[name].as_array().unwrap_or_else(|| panic!("the reference lacks {name}"));
        values.iter().map(|value| value.as_f64().expect("a number")).collect()
    }

    pub(super) fn f32s(&self, name: &str) -> Vec<f32> {
        self.f64s(name).into_iter().map(|value| value as f32).collect()
    }

    pub(super) fn size(&self, name: &str) -> usize {
        self.0[name].as_u64().unwrap_or_else(|| panic!("the reference lacks {name}")) as usize
    }

    pub(super) fn sizes<const AXES: usize>(&self, name: &str) -> [usize; AXES] {
        std::array::from_fn(|axis| self.0[name][axis].as_u64().expect("a size") as usize)
    }

    pub(super) fn epsilon(&self) -> f32 {
        self.f64("epsilon") as f32
    }

    pub(super) fn f64(&self, name: &str) -> f64 {
        self.0[name].as_f64().expect("a number")
    }

    /// A kernel's result against the stored values of the same name.
    #[track_caller]
    pub(super) fn assert(&self, name: &str, got: &[f32]) {
        assert_close(name, got, &self.f64s(name), 1e-5);
    }
}

fn each(kind: &str, check: impl Fn(&Reference<'_>)) {
    each_in(include_str!("../../tests/reference/kernels.json"), kind, check);
}

pub(super) fn each_in(file: &str, kind: &str, check: impl Fn(&Reference<'_>)) {
    let file: Value = serde_json::from_str(file).expect("the reference file is JSON");
    let cases = file[kind].as_array().expect("the reference has this kind");
    assert!(!cases.is_empty());
    for case in cases {
        check(&Reference(case));
    }
}

impl Reference<'_> {
    fn check_convolution(&self, shape: &impl Passes) {
        let operands = ["x", "weight", "grad_out"].map(|name| self.f32s(name));
        let results = shape.run(Precision::F32, &operands);
        for (name, got) in ["out", "grad_x", "grad_weight"].into_iter().zip(results) {
            self.assert(name, &got);
        }
    }

    fn conv2d(&self) -> Conv2d {
        let [height, width] = self.sizes("size");
        Conv2d::new(
            [self.size("batch"), height, width],
            self.sizes("channels"),
            self.sizes("kernel"),
            self.sizes("stride"),
            self.sizes("padding"),
        )
    }
}

#[test]
fn convolution_equals_pytorch() {
    each("convolutions", |case| case.check_convolution(&case.conv2d()));
}

#[test]
fn dilated_and_grouped_convolution_equals_pytorch() {
    each("general_convolutions", |case| {
        let shape = case.conv2d().with_dilation(case.sizes("dilation")).with_groups(case.size("groups"));
        case.check_convolution(&shape);
    });
}

#[test]
fn convolution_of_volumes_equals_pytorch() {
    each("volumes", |case| {
        let [depth, height, width] = case.sizes("size");
        let shape = Conv3d::new(
            [case.size("batch"), depth, height, width],
            case.sizes("channels"),
            case.sizes("kernel"),
            case.sizes("stride"),
            case.sizes("padding"),
        );
        let shape = shape.with_dilation(case.sizes("dilation")).with_groups(case.size("groups"));
        case.check_convolution(&shape);
    });
}

#[test]
fn normalisation_equals_pytorch() {
    each("norms", |case| {
        let [x, gamma, beta, grad_out] = ["x", "gamma", "beta", "grad_out"].map(|name| case.f32s(name));
        let [batch, spatial, channels] = ["batch", "spatial", "channels"].map(|name| case.size(name));
        let (epsilon, relu) = (case.epsilon(), case.0["relu"].as_bool().expect("a flag"));
        let (mut out, mut grad_x) = (vec![f32::NAN; x.len()], vec![f32::NAN; x.len()]);
        let rows = batch * spatial;
        let (grad_gamma, grad_beta) = if case.0["groups"].is_null() {
            let statistics =
                batch_norm_forward(rows, channels, &x, &gamma, &beta, epsilon, After::relu(relu), &mut out);
            batch_norm_backward(
                rows,
                channels,
                &x,
                &gamma,
                &beta,
                &statistics,
                epsilon,
                AfterGradient::relu(relu),
                &grad_out,
                &mut grad_x,
            )
        } else {
            let groups = case.size("groups");
            let statistics = group_norm_forward(
                batch,
                spatial,
                channels,
                groups,
                &x,
                &gamma,
                &beta,
                epsilon,
                After::relu(relu),
                &mut out,
            );
            group_norm_backward(
                batch,
                spatial,
                channels,
                groups,
                &x,
                &gamma,
                &beta,
                &statistics,
                epsilon,
                AfterGradient::relu(relu),
                &grad_out,
                &mut grad_x,
            )
        };
        case.assert("out", &out);
        case.assert("grad_x", &grad_x);
        case.assert("grad_gamma", &grad_gamma);
        case.assert("grad_beta", &grad_beta);
    });
}

#[test]
fn standardised_weight_equals_pytorch() {
    each("standardised", |case| {
        let [w, grad_out] = ["w", "grad_out"].map(|name| case.f32s(name));
        let (channels_out, fan_in, epsilon) =
            (case.size("channels_out"), case.size("fan_in"), case.epsilon());
        let (mut out, mut grad_w) = (vec![f32::NAN; w.len()], vec![f32::NAN; w.len()]);
        standardise_weight_forward(channels_out, fan_in, &w, epsilon, &mut out);
        case.assert("out", &out);
        standardise_weight_backward(channels_out, fan_in, &w, epsilon, &grad_out, &mut grad_w);
        case.assert("grad_w", &grad_w);
    });
}

#[test]
fn max_pool_equals_pytorch() {
    each("max_pools", |case| {
        let [height, width] = case.sizes("size");
        let shape = MaxPool2d::new(
            [case.size("batch"), height, width],
            case.size("channels"),
            case.sizes("kernel"),
            case.sizes("stride"),
            case.sizes("padding"),
        );
        let [x, grad_out] = ["x", "grad_out"].map(|name| case.f32s(name));
        let (mut out, mut indices) = (vec![f32::NAN; grad_out.len()], vec![0; grad_out.len()]);
        max_pool2d_forward(&shape, &x, &mut out, &mut indices);
        case.assert("out", &out);
        let expected: Vec<u32> = case.f64s("indices").into_iter().map(|index| index as u32).collect();
        assert_eq!(indices, expected);
        let mut grad_x = vec![f32::NAN; x.len()];
        max_pool2d_backward(&shape, &indices, &grad_out, &mut grad_x);
        case.assert("grad_x", &grad_x);
    });
}

#[test]
fn products_equal_pytorch() {
    each_in(include_str!("../../tests/reference/matmul.json"), "products", |case| {
        let [a, b] = ["a", "b"].map(|name| case.f32s(name));
        let [batch, m, k, n] = ["batch", "m", "k", "n"].map(|name| case.size(name));
        let flag = |name: &str| case.0[name].as_bool().expect("a flag");
        let mut shape = MatMul::new(batch, [m, k, n]);
        if flag("transposed_a") {
            shape = shape.transpose_a();
        }
        if flag("transposed_b") {
            shape = shape.transpose_b();
        }
        if flag("shared_b") {
            shape = shape.b_strides(if flag("transposed_b") { [0, 1, k] } else { [0, n, 1] });
        }
        let [bias, residual] =
            ["bias", "residual"].map(|name| (!case.0[name].is_null()).then(|| case.f32s(name)));
        let epilogue = Epilogue {
            scale: case.f64("scale") as f32,
            bias: bias.as_deref(),
            residual: residual.as_deref(),
            activation: match case.0["activation"].as_str() {
                Some("relu") => Activation::Relu,
                Some("gelu_tanh") => Activation::GeluTanh,
                other => {
                    assert_eq!(other, None, "an activation that there is");
                    Activation::None
                }
            },
            accumulate: false,
        };
        let mut c = vec![f32::NAN; shape.output_len()];
        matmul(&shape, Precision::F32, &a, &b, &epilogue, &mut c);
        case.assert("c", &c);
    });
}
