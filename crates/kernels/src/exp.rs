//! The exponential on vectors.

use pulp::Simd;

/// `exp(x)` to within a few units in the last place between 2⁻¹²⁶ and infinity, which large numbers become; smaller numbers
/// become about 2⁻¹²⁶. What NaN becomes is not said.
#[inline(always)]
pub(crate) fn exp<S: Simd>(simd: S, x: S::f32s) -> S::f32s {
    let x = simd.max_f32s(simd.min_f32s(x, simd.splat_f32s(89.0)), simd.splat_f32s(-87.0));
    // Adding 1.5 · 2²³ leaves the nearest whole number in the lowest bits.
    let magic = simd.splat_f32s(12_582_912.0);
    let shifted = simd.mul_add_e_f32s(x, simd.splat_f32s(std::f32::consts::LOG2_E), magic);
    let whole = simd.sub_f32s(shifted, magic);
    // x − whole · ln 2, with ln 2 in two parts of which the first is short.
    let rest = simd.mul_add_e_f32s(whole, simd.splat_f32s(-0.693_359_4), x);
    let rest = simd.mul_add_e_f32s(whole, simd.splat_f32s(2.121_944_4e-4), rest);
    // The series of exp up to the seventh power; |rest| is at most ln 2 / 2.
    let mut sum = simd.splat_f32s(1.0 / 5040.0);
    for coefficient in [1.0 / 720.0, 1.0 / 120.0, 1.0 / 24.0, 1.0 / 6.0, 0.5, 1.0, 1.0] {
        sum = simd.mul_add_e_f32s(sum, rest, simd.splat_f32s(coefficient));
    }
    // 127 is what the exponent of 1 is stored as.
    let bias = simd.splat_u32s(127u32.wrapping_sub(12_582_912.0f32.to_bits()));
    let power = simd.add_u32s(simd.transmute_u32s_f32s(shifted), bias);
    let power = simd.wrapping_dyn_shl_u32s(power, simd.splat_u32s(23));
    simd.mul_f32s(sum, simd.transmute_f32s_u32s(power))
}

/// [`exp`], and NaN of NaN, so that a diverged network is seen.
#[inline(always)]
pub(crate) fn exp_or_nan<S: Simd>(simd: S, x: S::f32s) -> S::f32s {
    simd.select_f32s(simd.equal_f32s(x, x), exp(simd, x), x)
}
