//! Stochastic gradient descent with momentum.

use super::momentum::MomentumRule;
use super::{check_lens, rule};
use crate::profile;

/// The coefficients of [`sgd_update`].
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Sgd {
    /// Learning rate lr, with the multiplier of the parameter if it has one.
    pub learning_rate: f64,
    /// Momentum μ.
    pub momentum: f64,
    /// Whether the step is `v + μ m` (Nesterov, as `PyTorch` has it) instead of `m`.
    pub nesterov: bool,
    /// Weight decay λ; zero for a parameter that is excluded from it.
    pub weight_decay: f64,
}

/// One update: `v = g + λ w`, `m ← μ m + v`, `w ← w − lr m`; with Nesterov's momentum `w ← w − lr (v + μ m)`.
///
/// `weight` (w) and `momentum` (m) are updated in place; `gradient` (g) has their length. The momentum is zero before
/// the first update.
///
/// ```
/// use autodidact_kernels::{Sgd, sgd_update};
///
/// let sgd = Sgd { learning_rate: 0.5, momentum: 0.5, nesterov: false, weight_decay: 0.0 };
/// let (mut weight, mut momentum) = ([1.0, 2.0], [0.0, 4.0]);
/// sgd_update(&sgd, &mut weight, &[2.0, -2.0], &mut momentum);
/// assert_eq!((weight, momentum), ([0.0, 2.0], [2.0, 0.0]));
/// ```
///
/// # Panics
/// If the lengths differ.
///
/// Sutskever, Martens, Dahl, Hinton, *On the importance of initialization and momentum in deep learning*, 2013,
/// section 2; with the learning rate outside of the momentum, as in `PyTorch`.
pub fn sgd_update(sgd: &Sgd, weight: &mut [f32], gradient: &[f32], momentum: &mut [f32]) {
    let _span = profile::element_wise("SGD update", &[weight.len()], 5);
    check_lens(weight.len(), &[("gradient", gradient), ("momentum", momentum)]);
    let coefficients = MomentumRule {
        learning_rate: sgd.learning_rate as f32,
        momentum: sgd.momentum as f32,
        weight_decay: sgd.weight_decay as f32,
        trust_ratio: 1.0,
        nesterov: sgd.nesterov,
    };
    rule::update(coefficients, gradient, [weight, momentum]);
}
