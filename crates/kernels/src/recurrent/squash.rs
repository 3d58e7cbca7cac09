//! The functions that squash a number into a gate's range.

use crate::exp::exp_or_nan;
use pulp::Simd;

/// `1 / (1 + exp(−x))`, to within a few units in the last place of 1.
#[inline(always)]
pub(super) fn sigmoid<S: Simd>(simd: S, x: S::f32s) -> S::f32s {
    let one = simd.splat_f32s(1.0);
    simd.div_f32s(one, simd.add_f32s(one, exp_or_nan(simd, simd.neg_f32s(x))))
}

/// `tanh(x) = 1 − 2 / (exp(2x) + 1)`, to within a few units in the last place of 1.
#[inline(always)]
pub(super) fn tanh<S: Simd>(simd: S, x: S::f32s) -> S::f32s {
    let (one, two) = (simd.splat_f32s(1.0), simd.splat_f32s(2.0));
    let power = exp_or_nan(simd, simd.mul_f32s(two, x));
    simd.sub_f32s(one, simd.div_f32s(two, simd.add_f32s(power, one)))
}

/// `y · (1 − y)`, the slope of the sigmoid where it is y, times a gradient.
#[inline(always)]
pub(super) fn sigmoid_gradient<S: Simd>(simd: S, y: S::f32s, gradient: S::f32s) -> S::f32s {
    let rest = simd.sub_f32s(simd.splat_f32s(1.0), y);
    simd.mul_f32s(gradient, simd.mul_f32s(y, rest))
}

/// `1 − y²`, the slope of the tanh where it is y, times a gradient.
#[inline(always)]
pub(super) fn tanh_gradient<S: Simd>(simd: S, y: S::f32s, gradient: S::f32s) -> S::f32s {
    let slope = simd.negate_mul_add_e_f32s(y, y, simd.splat_f32s(1.0));
    simd.mul_f32s(gradient, slope)
}
