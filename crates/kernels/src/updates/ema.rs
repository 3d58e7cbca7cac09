//! The exponential moving average that is a target network.

use super::check_lens;
use super::rule::{self, Rule};
use crate::profile;
use pulp::Simd;

/// One update `ξ ← τ ξ + (1 − τ) θ` of the target's parameter ξ towards the online network's θ.
///
/// `target` (ξ) is updated in place; `online` (θ) has its length, and `tau` is τ.
///
/// ```
/// let mut target = [1.0, 2.0];
/// autodidact_kernels::ema_update(0.75, &mut target, &[5.0, -2.0]);
/// assert_eq!(target, [2.0, 1.0]);
/// ```
///
/// # Panics
/// If the lengths differ.
///
/// Grill et al., *Bootstrap your own latent*, 2020, equation (1).
pub fn ema_update(tau: f64, target: &mut [f32], online: &[f32]) {
    let _span = profile::element_wise("moving average", &[target.len()], 3);
    check_lens(target.len(), &[("online", online)]);
    rule::update(Average { keep: tau as f32, share: (1.0 - tau) as f32 }, online, [target]);
}

#[derive(Clone, Copy)]
struct Average {
    /// τ
    keep: f32,
    /// `1 − τ`, formed in double precision: τ is near 1.
    share: f32,
}

impl Rule<1> for Average {
    #[inline(always)]
    fn apply<S: Simd>(self, simd: S, online: S::f32s, [target]: [S::f32s; 1]) -> [S::f32s; 1] {
        let share = simd.mul_f32s(online, simd.splat_f32s(self.share));
        [simd.mul_add_e_f32s(target, simd.splat_f32s(self.keep), share)]
    }
}
