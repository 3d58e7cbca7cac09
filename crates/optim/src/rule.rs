//! The update of one tensor under each rule.

use autodidact_nn::updates::{self, AdamW, Lars, Sgd};
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
        OptimizerConfig::RmsProp { .. } => &["second_moment"],
        OptimizerConfig::Adam { .. } | OptimizerConfig::AdamW { .. } => &["first_moment", "second_moment"],
    }
}

/// New weight from `weight` and `gradient`, both flat; `state` holds the rule's slots.
pub(crate) fn update(
    config: OptimizerConfig,
    setting: Setting,
    weight: Tensor<1>,
    gradient: Tensor<1>,
    state: &mut Vec<Tensor<1>>,
) -> Tensor<1> {
    let learning_rate = setting.learning_rate * setting.multiplier;
    let decay = |weight_decay| if setting.is_excluded { 0.0 } else { weight_decay };
    match config {
        OptimizerConfig::Sgd { momentum, nesterov, weight_decay } => {
            let sgd = Sgd { learning_rate, momentum, nesterov, weight_decay: decay(weight_decay) };
            let [velocity] = take(state);
            let [weight, velocity] = updates::sgd(weight, gradient, velocity, sgd);
            state.push(velocity);
            weight
        }
        OptimizerConfig::Lars { momentum, weight_decay, eta, trust } => {
            let trust_ratio = trust_ratio((trust, eta, weight_decay), setting, &weight, &gradient);
            let lars = Lars { learning_rate, momentum, weight_decay: decay(weight_decay), trust_ratio };
            let [velocity] = take(state);
            let [weight, velocity] = updates::lars(weight, gradient, velocity, lars);
            state.push(velocity);
            weight
        }
        OptimizerConfig::AdamW { beta1, beta2, epsilon, weight_decay } => {
            let (weight_decay, step) = (decay(weight_decay), setting.step);
            let adamw = AdamW { learning_rate, beta1, beta2, epsilon, weight_decay, step };
            let [weight, first, second] = updates::adamw(weight, gradient, take(state), adamw);
            state.extend([first, second]);
            weight
        }
        OptimizerConfig::RmsProp { .. } | OptimizerConfig::Adam { .. } => {
            weight.clone()
                + direction(config, setting, weight, gradient, state).mul_scalar(setting.learning_rate)
        }
    }
}

/// The update u of learning rate 1, multiplier included: `w + lr u` is what [`update`] gives. The learning rate of the
/// setting counts only in the clipped trust ratio of LARS, where it is 1 at most.
pub(crate) fn direction(
    config: OptimizerConfig,
    setting: Setting,
    weight: Tensor<1>,
    gradient: Tensor<1>,
    state: &mut Vec<Tensor<1>>,
) -> Tensor<1> {
    let decay = |weight_decay| if setting.is_excluded { 0.0 } else { weight_decay };
    let Setting { multiplier, step, .. } = setting;
    match config {
        OptimizerConfig::Sgd { momentum, nesterov, weight_decay } => {
            let gradient = decayed(&weight, gradient, decay(weight_decay));
            descent(gradient, multiplier, momentum, nesterov, state)
        }
        OptimizerConfig::Lars { momentum, weight_decay, eta, trust } => {
            let ratio = trust_ratio((trust, eta, weight_decay), setting, &weight, &gradient);
            let gradient = decayed(&weight, gradient, decay(weight_decay)).mul_scalar(ratio);
            descent(gradient, multiplier, momentum, false, state)
        }
        OptimizerConfig::RmsProp { decay: keep, epsilon, weight_decay } => {
            let gradient = decayed(&weight, gradient, decay(weight_decay));
            let [second] = take(state);
            let second = second.mul_scalar(keep) + gradient.clone().square().mul_scalar(1.0 - keep);
            state.push(second.clone());
            (gradient / second.add_scalar(epsilon).sqrt()).mul_scalar(-multiplier)
        }
        OptimizerConfig::Adam { beta1, beta2, epsilon, weight_decay } => {
            let gradient = decayed(&weight, gradient, decay(weight_decay));
            moments(
                gradient,
                AdamW { learning_rate: multiplier, beta1, beta2, epsilon, weight_decay: 0.0, step },
                state,
            )
        }
        OptimizerConfig::AdamW { beta1, beta2, epsilon, weight_decay } => {
            let adamw = AdamW { learning_rate: multiplier, beta1, beta2, epsilon, weight_decay: 0.0, step };
            decayed(&weight, moments(gradient, adamw, state), -multiplier * decay(weight_decay))
        }
    }
}

/// What an adaptive rule divides the gradient by after `steps` updates.
pub(crate) fn preconditioner(config: OptimizerConfig, steps: u64, slots: &[Tensor<1>]) -> Option<Tensor<1>> {
    match config {
        OptimizerConfig::RmsProp { epsilon, .. } => Some(slots[0].clone().add_scalar(epsilon).sqrt()),
        OptimizerConfig::Adam { beta2, epsilon, .. } | OptimizerConfig::AdamW { beta2, epsilon, .. } => {
            let bias = 1.0 - beta2.powf(steps as f64);
            Some(slots[1].clone().div_scalar(bias).sqrt().add_scalar(epsilon))
        }
        OptimizerConfig::Sgd { .. } | OptimizerConfig::Lars { .. } => None,
    }
}

/// `g + λ w`
fn decayed(weight: &Tensor<1>, gradient: Tensor<1>, weight_decay: f64) -> Tensor<1> {
    if weight_decay == 0.0 { gradient } else { gradient + weight.clone().mul_scalar(weight_decay) }
}

fn descent(
    gradient: Tensor<1>,
    learning_rate: f64,
    momentum: f64,
    nesterov: bool,
    state: &mut Vec<Tensor<1>>,
) -> Tensor<1> {
    let [velocity] = take(state);
    let sgd = Sgd { learning_rate, momentum, nesterov, weight_decay: 0.0 };
    let [moved, velocity] = updates::sgd(gradient.zeros_like(), gradient, velocity, sgd);
    state.push(velocity);
    moved
}

fn moments(gradient: Tensor<1>, adamw: AdamW, state: &mut Vec<Tensor<1>>) -> Tensor<1> {
    let [moved, first, second] = updates::adamw(gradient.zeros_like(), gradient, take(state), adamw);
    state.extend([first, second]);
    moved
}

/// The slots out of the state, so that nothing else holds them and they are updated in place.
fn take<const SLOTS: usize>(state: &mut Vec<Tensor<1>>) -> [Tensor<1>; SLOTS] {
    std::mem::take(state).try_into().expect("the state has the rule's slots")
}

/// r of LARS, 1 for what is excluded.
fn trust_ratio(
    (trust, eta, weight_decay): (TrustRatio, f64, f64),
    Setting { learning_rate, is_excluded, .. }: Setting,
    weight: &Tensor<1>,
    gradient: &Tensor<1>,
) -> f64 {
    if is_excluded {
        return 1.0;
    }
    let norms = updates::norms(weight.clone(), gradient.clone(), weight_decay);
    let ratio = match trust {
        TrustRatio::Official => eta * norms.weight / norms.decayed_gradient,
        TrustRatio::Clipped => {
            if norms.gradient == 0.0 {
                return 1.0;
            }
            let denominator = norms.gradient + weight_decay * norms.weight + LARC_EPSILON;
            (eta * norms.weight / denominator / learning_rate).min(1.0)
        }
    };
    // Either norm is zero: the official code falls back to an unscaled step.
    if ratio == 0.0 || !ratio.is_finite() { 1.0 } else { ratio }
}
