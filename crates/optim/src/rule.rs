//! The update of one tensor under each rule.

use burn::tensor::Tensor;

use crate::{OptimizerConfig, TrustRatio};

/// Below this, LARC's denominator.
const LARC_EPSILON: f64 = 1e-8;

/// Everything but the tensors that an update depends on.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Setting {
    pub learning_rate: f64,
    /// Applied to the finished update, after LARS.
    pub multiplier: f64,
    /// Number of this step, from 1.
    pub step: u64,
    /// Biases and normalisation parameters: no decay, no adaptation.
    pub is_excluded: bool,
}

/// How many state tensors a rule keeps per parameter.
pub(crate) fn slots(config: OptimizerConfig) -> &'static [&'static str] {
    match config {
        OptimizerConfig::Sgd { .. } | OptimizerConfig::Lars { .. } => &["momentum"],
        OptimizerConfig::AdamW { .. } => &["first_moment", "second_moment"],
    }
}

/// New weight from `weight` and `gradient`, both flat; `state` holds the rule's slots.
pub(crate) fn update(
    config: OptimizerConfig,
    setting: Setting,
    weight: Tensor<1>,
    gradient: Tensor<1>,
    state: &mut [Tensor<1>],
) -> Tensor<1> {
    let rate = setting.learning_rate * setting.multiplier;
    match config {
        OptimizerConfig::Sgd { momentum, nesterov, weight_decay } => {
            let gradient = decayed(gradient, &weight, weight_decay, setting);
            let velocity = state[0].clone().mul_scalar(momentum) + gradient.clone();
            state[0] = velocity.clone();
            let step = if nesterov { gradient + velocity.mul_scalar(momentum) } else { velocity };
            weight - step.mul_scalar(rate)
        }
        OptimizerConfig::Lars { momentum, weight_decay, eta, trust } => {
            let ratio = if setting.is_excluded {
                1.0
            } else {
                trust_ratio(trust, eta, weight_decay, setting.learning_rate, &weight, &gradient)
            };
            let gradient = decayed(gradient, &weight, weight_decay, setting);
            let velocity = state[0].clone().mul_scalar(momentum) + gradient.mul_scalar(ratio);
            state[0] = velocity.clone();
            weight - velocity.mul_scalar(rate)
        }
        OptimizerConfig::AdamW { beta1, beta2, epsilon, weight_decay } => {
            let first = state[0].clone().mul_scalar(beta1) + gradient.clone().mul_scalar(1.0 - beta1);
            let squared = gradient.clone() * gradient;
            let second = state[1].clone().mul_scalar(beta2) + squared.mul_scalar(1.0 - beta2);
            state[0] = first.clone();
            state[1] = second.clone();
            let step = i32::try_from(setting.step).unwrap_or(i32::MAX);
            let first = first.div_scalar(1.0 - beta1.powi(step));
            let second = second.div_scalar(1.0 - beta2.powi(step));
            let decay = if setting.is_excluded { 0.0 } else { rate * weight_decay };
            weight.mul_scalar(1.0 - decay) - (first / second.sqrt().add_scalar(epsilon)).mul_scalar(rate)
        }
    }
}

fn decayed(gradient: Tensor<1>, weight: &Tensor<1>, weight_decay: f64, setting: Setting) -> Tensor<1> {
    if setting.is_excluded || weight_decay == 0.0 {
        gradient
    } else {
        gradient + weight.clone().mul_scalar(weight_decay)
    }
}

fn trust_ratio(
    trust: TrustRatio,
    eta: f64,
    weight_decay: f64,
    learning_rate: f64,
    weight: &Tensor<1>,
    gradient: &Tensor<1>,
) -> f64 {
    let weight_norm = norm(weight.clone());
    let ratio = match trust {
        TrustRatio::Official => {
            let decayed = gradient.clone() + weight.clone().mul_scalar(weight_decay);
            eta * weight_norm / norm(decayed)
        }
        TrustRatio::Clipped => {
            let gradient_norm = norm(gradient.clone());
            if gradient_norm == 0.0 {
                return 1.0;
            }
            let denominator = gradient_norm + weight_decay * weight_norm + LARC_EPSILON;
            (eta * weight_norm / denominator / learning_rate).min(1.0)
        }
    };
    // Either norm is zero: the official code falls back to an unscaled step.
    if ratio == 0.0 || !ratio.is_finite() { 1.0 } else { ratio }
}

/// Euclidean norm.
pub(crate) fn norm(values: Tensor<1>) -> f64 {
    f64::from((values.clone() * values).sum().into_scalar::<f32>()).sqrt()
}
