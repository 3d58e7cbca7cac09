//! The pass that SGD and LARS share.

use super::rule::Rule;
use pulp::Simd;

/// `v = g + λ w`, `m ← μ m + r v`, `w ← w − lr m`; with Nesterov's step `w ← w − lr (r v + μ m)`.
#[derive(Clone, Copy)]
pub(super) struct MomentumRule {
    pub learning_rate: f32,
    pub momentum: f32,
    pub weight_decay: f32,
    pub trust_ratio: f32,
    pub nesterov: bool,
}

impl Rule<2> for MomentumRule {
    #[inline(always)]
    fn apply<S: Simd>(self, simd: S, gradient: S::f32s, values: [S::f32s; 2]) -> [S::f32s; 2] {
        let [weight, velocity] = values;
        let momentum = simd.splat_f32s(self.momentum);
        let decayed = simd.mul_add_e_f32s(weight, simd.splat_f32s(self.weight_decay), gradient);
        let gradient = simd.mul_f32s(decayed, simd.splat_f32s(self.trust_ratio));
        let velocity = simd.mul_add_e_f32s(velocity, momentum, gradient);
        let step = if self.nesterov { simd.mul_add_e_f32s(velocity, momentum, gradient) } else { velocity };
        let weight = simd.negate_mul_add_e_f32s(step, simd.splat_f32s(self.learning_rate), weight);
        [weight, velocity]
    }
}
