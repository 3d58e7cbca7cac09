//! Values of `PyTorch` in double precision for what only training needs; `tests/reference/training.py` makes them.

use super::assert_close;
use super::pytorch::{Reference, each_in};
use crate::{
    AdamW, Sgd, adamw_update, byol_loss_backward, byol_loss_forward, layer_norm_backward, layer_norm_forward,
    sgd_update, softmax_cross_entropy_backward, softmax_cross_entropy_forward,
};

fn each(kind: &str, check: impl Fn(&Reference<'_>)) {
    each_in(include_str!("../../tests/reference/training.json"), kind, check);
}

/// Large numbers are rounded at their own size.
#[track_caller]
fn assert_relative(case: &Reference<'_>, name: &str, got: &[f32]) {
    let expected = case.f64s(name);
    assert_eq!(got.len(), expected.len(), "lengths of {name}");
    for (got, expected) in got.iter().zip(expected) {
        let tolerance = 1e-6 * expected.abs().max(1.0);
        assert_close(name, &[*got], &[expected], tolerance);
    }
}

fn assert_loss(case: &Reference<'_>, loss: f32) {
    let expected = case.f64("loss");
    assert_close("loss", &[loss], &[expected], 1e-6 * expected.max(1.0));
}

#[test]
fn layer_norm_equals_pytorch() {
    each("layer_norms", |case| {
        let [rows, features] = ["rows", "features"].map(|name| case.size(name));
        let [x, gamma, beta, grad_out] = ["x", "gamma", "beta", "grad_out"].map(|name| case.f32s(name));
        let [mut out, mut grad_x] = [(); 2].map(|()| vec![f32::NAN; x.len()]);
        let [mut mean, mut variance] = [(); 2].map(|()| vec![f32::NAN; rows]);
        let [mut grad_gamma, mut grad_beta] = [(); 2].map(|()| vec![f32::NAN; features]);
        layer_norm_forward(
            rows,
            features,
            &x,
            &gamma,
            &beta,
            case.epsilon(),
            &mut out,
            &mut mean,
            &mut variance,
        );
        layer_norm_backward(
            rows,
            features,
            &x,
            &gamma,
            case.epsilon(),
            &mean,
            &variance,
            &grad_out,
            &mut grad_x,
            &mut grad_gamma,
            &mut grad_beta,
        );
        case.assert("out", &out);
        case.assert("grad_x", &grad_x);
        case.assert("grad_gamma", &grad_gamma);
        case.assert("grad_beta", &grad_beta);
    });
}

#[test]
fn cross_entropy_equals_pytorch() {
    each("cross_entropies", |case| {
        let [rows, classes] = ["rows", "classes"].map(|name| case.size(name));
        let [smoothing, grad_loss] = ["smoothing", "grad_loss"].map(|name| case.f64(name) as f32);
        let logits = case.f32s("logits");
        let labels: Vec<u32> = case.f64s("labels").into_iter().map(|label| label as u32).collect();
        let mut log_sum_exp = vec![f64::NAN; rows];
        let loss =
            softmax_cross_entropy_forward(rows, classes, &logits, &labels, smoothing, &mut log_sum_exp);
        assert_loss(case, loss);
        for (got, expected) in log_sum_exp.iter().zip(case.f64s("log_sum_exp")) {
            assert!((got - expected).abs() < 1e-6, "the log-sum-exp is {got}, expected {expected}");
        }
        let mut grad_logits = vec![f32::NAN; logits.len()];
        softmax_cross_entropy_backward(
            rows,
            classes,
            &logits,
            &labels,
            smoothing,
            &log_sum_exp,
            grad_loss,
            &mut grad_logits,
        );
        assert_relative(case, "grad_logits", &grad_logits);
    });
}

#[test]
fn byol_loss_equals_pytorch() {
    each("byol_losses", |case| {
        let [rows, features] = ["rows", "features"].map(|name| case.size(name));
        let [p, z] = ["prediction", "target_projection"].map(|name| case.f32s(name));
        assert_loss(case, byol_loss_forward(rows, features, &p, &z));
        let mut grad_prediction = vec![f32::NAN; p.len()];
        byol_loss_backward(rows, features, &p, &z, case.f64("grad_loss") as f32, &mut grad_prediction);
        assert_relative(case, "grad_prediction", &grad_prediction);
    });
}

/// The gradients of the updates, one after the other.
fn gradients(case: &Reference<'_>) -> Vec<Vec<f32>> {
    let gradients = case.0["gradients"].as_array().expect("a gradient for each update");
    let number = |value: &serde_json::Value| value.as_f64().expect("a number") as f32;
    gradients.iter().map(|values| values.as_array().expect("numbers").iter().map(number).collect()).collect()
}

#[test]
fn sgd_equals_pytorch() {
    each("sgd", |case| {
        let sgd = Sgd {
            learning_rate: case.f64("lr"),
            momentum: case.f64("momentum"),
            nesterov: case.0["nesterov"].as_bool().expect("a flag"),
            weight_decay: case.f64("weight_decay"),
        };
        let mut weight = case.f32s("weight");
        let mut momentum = vec![0.0; weight.len()];
        for gradient in gradients(case) {
            sgd_update(&sgd, &mut weight, &gradient, &mut momentum);
        }
        assert_relative(case, "weight_after", &weight);
        // PyTorch keeps no momentum if it is zero.
        if sgd.momentum > 0.0 {
            assert_relative(case, "momentum_after", &momentum);
        }
    });
}

#[test]
fn adamw_equals_pytorch() {
    each("adamw", |case| {
        let [beta1, beta2] = [0, 1].map(|moment| case.f64s("betas")[moment]);
        let mut weight = case.f32s("weight");
        let [mut first_moment, mut second_moment] = [(); 2].map(|()| vec![0.0; weight.len()]);
        for (gradient, step) in gradients(case).iter().zip(1..) {
            let adamw = AdamW {
                learning_rate: case.f64("lr"),
                beta1,
                beta2,
                epsilon: case.f64("eps"),
                weight_decay: case.f64("weight_decay"),
                step,
            };
            adamw_update(&adamw, &mut weight, gradient, &mut first_moment, &mut second_moment);
        }
        assert_relative(case, "weight_after", &weight);
        assert_relative(case, "first_moment_after", &first_moment);
        assert_relative(case, "second_moment_after", &second_moment);
    });
}
