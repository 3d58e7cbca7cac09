//! Layer-wise adaptive rate scaling.

use super::momentum::MomentumRule;
use super::{check_lens, rule};
use crate::profile;

/// The coefficients of [`lars_update`].
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Lars {
    /// Learning rate lr, with the multiplier of the parameter if it has one.
    pub learning_rate: f64,
    /// Momentum μ.
    pub momentum: f64,
    /// Weight decay λ; zero for a parameter that is excluded from it.
    pub weight_decay: f64,
    /// Trust ratio r of the parameter, from its [norms](crate::squared_norms); 1 for a parameter that is excluded from
    /// adaptation.
    pub trust_ratio: f64,
}

/// One update: `m ← μ m + r (g + λ w)`, `w ← w − lr m`.
///
/// `weight` (w) and `momentum` (m) are updated in place; `gradient` (g) has their length. The momentum is zero before
/// the first update.
///
/// ```
/// use autodidact_kernels::{Lars, lars_update, squared_norms};
///
/// let (mut weight, mut momentum, gradient) = ([3.0, 4.0], [0.0; 2], [0.0, 10.0]);
/// let norms = squared_norms(0.0, &weight, &gradient);
/// let trust_ratio = (norms.weight / norms.decayed_gradient).sqrt();
/// let lars = Lars { learning_rate: 0.5, momentum: 0.9, weight_decay: 0.0, trust_ratio };
/// lars_update(&lars, &mut weight, &gradient, &mut momentum);
/// assert_eq!((weight, momentum), ([3.0, 1.5], [0.0, 5.0]));
/// ```
///
/// # Panics
/// If the lengths differ.
///
/// You, Gitman, Ginsburg, *Large batch training of convolutional networks*, 2017, algorithm 1; with the learning rate
/// outside of the momentum, as in BYOL's official code.
pub fn lars_update(lars: &Lars, weight: &mut [f32], gradient: &[f32], momentum: &mut [f32]) {
    let _span = profile::element_wise("LARS update", &[weight.len()], 5);
    check_lens(weight.len(), &[("gradient", gradient), ("momentum", momentum)]);
    let coefficients = MomentumRule {
        learning_rate: lars.learning_rate as f32,
        momentum: lars.momentum as f32,
        weight_decay: lars.weight_decay as f32,
        trust_ratio: lars.trust_ratio as f32,
        nesterov: false,
    };
    rule::update(coefficients, gradient, [weight, momentum]);
}
