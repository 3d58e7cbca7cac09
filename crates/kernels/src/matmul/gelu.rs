//! The tanh form of GELU on vectors.

use crate::exp::exp;
use pulp::Simd;

/// `x / 2 · (1 + tanh(z)) = x / (1 + exp(−2z))` with `z = √(2/π) · (x + 0.044715 · x³)`.
#[inline(always)]
pub(super) fn gelu<S: Simd>(simd: S, x: S::f32s) -> S::f32s {
    let square = simd.mul_f32s(x, x);
    let one = simd.splat_f32s(1.0);
    let factor = simd.mul_add_e_f32s(square, simd.splat_f32s(0.044715), one);
    // −2 · √(2/π)
    let slope = simd.splat_f32s(-1.595_769_1);
    let exponent = simd.mul_f32s(simd.mul_f32s(x, slope), factor);
    simd.div_f32s(x, simd.add_f32s(one, exp(simd, exponent)))
}
