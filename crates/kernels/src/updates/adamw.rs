//! Adam with decoupled weight decay.

use super::check_lens;
use super::rule::{self, Rule};
use crate::profile;
use pulp::Simd;

/// The coefficients of [`adamw_update`].
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct AdamW {
    /// Learning rate lr, with the multiplier of the parameter if it has one.
    pub learning_rate: f64,
    /// Decay β₁ of the first moment.
    pub beta1: f64,
    /// Decay β₂ of the second moment.
    pub beta2: f64,
    /// Added to the root of the second moment.
    pub epsilon: f64,
    /// Weight decay λ, multiplied by the learning rate; zero for a parameter that is excluded from it.
    pub weight_decay: f64,
    /// Number t of this update, from 1.
    pub step: u64,
}

/// One update: `m ← β₁ m + (1 − β₁) g`, `v ← β₂ v + (1 − β₂) g²`,
/// `w ← (1 − lr λ) w − lr · m / (1 − β₁ᵗ) / (sqrt(v / (1 − β₂ᵗ)) + ε)`.
///
/// `weight` (w), `first_moment` (m) and `second_moment` (v) are updated in place; `gradient` (g) has their length. The
/// moments are zero before the first update.
///
/// ```
/// use autodidact_kernels::{AdamW, adamw_update};
///
/// let adamw =
///     AdamW { learning_rate: 0.5, beta1: 0.9, beta2: 0.999, epsilon: 0.0, weight_decay: 0.1, step: 1 };
/// let (mut weight, mut first, mut second) = ([2.0, -2.0], [0.0; 2], [0.0; 2]);
/// adamw_update(&adamw, &mut weight, &[3.0, 1e-3], &mut first, &mut second);
/// // The first step is one learning rate against the sign of the gradient, after a decay of a twentieth.
/// assert!((weight[0] - 1.4f32).abs() < 1e-6 && (weight[1] + 2.4f32).abs() < 1e-6);
/// ```
///
/// # Panics
/// If the lengths differ, or the step is zero.
///
/// Loshchilov, Hutter, *Decoupled weight decay regularization*, 2019, algorithm 2; with the decay multiplied by the
/// learning rate, as in `PyTorch`.
pub fn adamw_update(
    adamw: &AdamW,
    weight: &mut [f32],
    gradient: &[f32],
    first_moment: &mut [f32],
    second_moment: &mut [f32],
) {
    let _span = profile::element_wise("AdamW update", &[weight.len()], 7);
    check_lens(
        weight.len(),
        &[("gradient", gradient), ("first_moment", first_moment), ("second_moment", second_moment)],
    );
    assert!(adamw.step > 0, "the first update is step 1, not 0");
    let step = i32::try_from(adamw.step).unwrap_or(i32::MAX);
    let coefficients = Coefficients {
        beta1: adamw.beta1 as f32,
        beta2: adamw.beta2 as f32,
        share1: (1.0 - adamw.beta1) as f32,
        share2: (1.0 - adamw.beta2) as f32,
        keep: (1.0 - adamw.learning_rate * adamw.weight_decay) as f32,
        rate: (adamw.learning_rate / (1.0 - adamw.beta1.powi(step))) as f32,
        correction2: (1.0 / (1.0 - adamw.beta2.powi(step))) as f32,
        epsilon: adamw.epsilon as f32,
    };
    rule::update(coefficients, gradient, [weight, first_moment, second_moment]);
}

/// Formed in double precision: `1 − β₂` of a rounded β₂ would be off in the fifth digit.
#[derive(Clone, Copy)]
struct Coefficients {
    beta1: f32,
    beta2: f32,
    /// `1 − β₁`
    share1: f32,
    /// `1 − β₂`
    share2: f32,
    /// `1 − lr λ`
    keep: f32,
    /// `lr / (1 − β₁ᵗ)`
    rate: f32,
    /// `1 / (1 − β₂ᵗ)`
    correction2: f32,
    epsilon: f32,
}

impl Rule<3> for Coefficients {
    #[inline(always)]
    fn apply<S: Simd>(self, simd: S, gradient: S::f32s, values: [S::f32s; 3]) -> [S::f32s; 3] {
        let [weight, first, second] = values;
        let splat = |value| simd.splat_f32s(value);
        let share = simd.mul_f32s(gradient, splat(self.share1));
        let first = simd.mul_add_e_f32s(first, splat(self.beta1), share);
        let share = simd.mul_f32s(simd.mul_f32s(gradient, gradient), splat(self.share2));
        let second = simd.mul_add_e_f32s(second, splat(self.beta2), share);
        let deviation = simd.sqrt_f32s(simd.mul_f32s(second, splat(self.correction2)));
        let direction = simd.div_f32s(first, simd.add_f32s(deviation, splat(self.epsilon)));
        let kept = simd.mul_f32s(weight, splat(self.keep));
        let weight = simd.negate_mul_add_e_f32s(direction, splat(self.rate), kept);
        [weight, first, second]
    }
}
