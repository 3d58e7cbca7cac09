//! The tanh form of GELU, `x / 2 · (1 + tanh(z))` with `z = √(2/π) · (x + 0.044715 · x³)`.
//!
//! What is not here: the form with the error function.

use crate::exp::exp;
use crate::profile;
use crate::simd::{dispatch, update_vectors};
use pulp::{Simd, WithSimd};
use rayon::prelude::*;

/// Floats in one task.
const TASK: usize = 1 << 14;
/// `−2 · √(2/π)`.
const SLOPE: f32 = -1.595_769_1;
const CUBE: f32 = 0.044715;

/// `out = x / 2 · (1 + tanh(√(2/π) · (x + 0.044715 · x³)))`, elementwise: `approximate="tanh"` in `PyTorch`. NaN passes; of −∞ it
/// makes NaN, as the formula does.
///
/// ```
/// let mut out = [0.0; 3];
/// autodidact_kernels::gelu_forward(&[0.0, 100.0, -100.0], &mut out);
/// assert_eq!(out, [0.0, 100.0, 0.0]);
/// ```
///
/// # Panics
/// If the lengths differ.
///
/// Hendrycks, Gimpel, *Gaussian error linear units*, 2016, section 2.
pub fn gelu_forward(x: &[f32], out: &mut [f32]) {
    let _span = profile::element_wise("GELU, forward", &[out.len()], 2);
    assert!(x.len() == out.len(), "the lengths {} and {} of x and out differ", x.len(), out.len());
    x.par_chunks(TASK).zip(out.par_chunks_mut(TASK)).for_each(|(x, out)| dispatch(Forward { x, out }));
}

/// Multiplies a gradient with the slope of [`gelu_forward`] at `x`, elementwise.
///
/// # Panics
/// If the lengths differ.
pub fn gelu_backward(x: &[f32], gradient: &mut [f32]) {
    let _span = profile::element_wise("GELU, backward", &[gradient.len()], 3);
    let lens = [x.len(), gradient.len()];
    assert!(lens[0] == lens[1], "the lengths {} and {} of x and the gradient differ", lens[0], lens[1]);
    x.par_chunks(TASK)
        .zip(gradient.par_chunks_mut(TASK))
        .for_each(|(x, gradient)| dispatch(Backward { x, gradient }));
}

struct Forward<'a> {
    x: &'a [f32],
    out: &'a mut [f32],
}

impl WithSimd for Forward<'_> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) {
        update_vectors(
            simd,
            [self.x],
            [self.out],
            #[inline(always)]
            |[x], _| [gelu(simd, x)],
        );
    }
}

struct Backward<'a> {
    x: &'a [f32],
    gradient: &'a mut [f32],
}

impl WithSimd for Backward<'_> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) {
        update_vectors(
            simd,
            [self.x],
            [self.gradient],
            #[inline(always)]
            |[x], [gradient]| [simd.mul_f32s(gradient, slope(simd, x))],
        );
    }
}

/// `x / (1 + exp(−2z))`, which is the same.
#[inline(always)]
pub(crate) fn gelu<S: Simd>(simd: S, x: S::f32s) -> S::f32s {
    let square = simd.mul_f32s(x, x);
    let one = simd.splat_f32s(1.0);
    let factor = simd.mul_add_e_f32s(square, simd.splat_f32s(CUBE), one);
    let exponent = simd.mul_f32s(simd.mul_f32s(x, simd.splat_f32s(SLOPE)), factor);
    simd.div_f32s(x, simd.add_f32s(one, exp(simd, exponent)))
}

/// `s + x · s · (1 − s) · 2z'` with `s = 1 / (1 + exp(−2z))` and `2z' = 2√(2/π) · (1 + 3 · 0.044715 · x²)`.
#[inline(always)]
fn slope<S: Simd>(simd: S, x: S::f32s) -> S::f32s {
    let square = simd.mul_f32s(x, x);
    let one = simd.splat_f32s(1.0);
    let along = simd.mul_f32s(x, simd.splat_f32s(SLOPE));
    let factor = simd.mul_add_e_f32s(square, simd.splat_f32s(CUBE), one);
    let share = simd.div_f32s(one, simd.add_f32s(one, exp(simd, simd.mul_f32s(along, factor))));
    let inner = simd.mul_add_e_f32s(square, simd.splat_f32s(3.0 * CUBE), one);
    // −x · 2z' · s · (1 − s)
    let bend = simd.mul_f32s(simd.mul_f32s(along, inner), simd.mul_f32s(share, simd.sub_f32s(one, share)));
    simd.sub_f32s(share, bend)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Values of `torch.nn.functional.gelu(x, approximate="tanh")` and of its gradient, `PyTorch` 2.15.0 in double precision:
    ///
    ///     x = torch.tensor([-8, -3, -1, -.3, 0, .3, 1, 3, 8.], dtype=torch.float64, requires_grad=True)
    ///     y = torch.nn.functional.gelu(x, approximate="tanh"); y.sum().backward(); print(y, x.grad)
    #[test]
    fn values_and_slopes_are_those_of_pytorch() {
        let x = [-8.0, -3.0, -1.0, -0.3, 0.0, 0.3, 1.0, 3.0, 8.0];
        let (values, slopes) = (VALUES, SLOPES);
        // Longer than a vector, and no multiple of one.
        let many: Vec<f32> = x.iter().copied().cycle().take(47).collect();
        let (mut out, mut gradient) = (vec![0.0; 47], vec![2.0; 47]);
        gelu_forward(&many, &mut out);
        gelu_backward(&many, &mut gradient);
        for at in 0..47 {
            let (value, slope): (f64, f64) = (values[at % 9], slopes[at % 9]);
            assert!((f64::from(out[at]) - value).abs() < 2e-6 * value.abs().max(1.0), "GELU of {}", many[at]);
            assert!((f64::from(gradient[at]) / 2.0 - slope).abs() < 4e-6, "the slope at {}", many[at]);
        }
    }

    const VALUES: [f64; 9] = [
        -0.0000000000e+00,
        -3.6373920818e-03,
        -1.5880800939e-01,
        -1.1462907646e-01,
        0.0000000000e+00,
        1.8537092354e-01,
        8.4119199061e-01,
        2.9963626079e+00,
        8.0000000000e+00,
    ];
    const SLOPES: [f64; 9] = [
        0.0000000000e+00,
        -1.1584166631e-02,
        -8.2964083846e-02,
        2.6770454836e-01,
        5.0000000000e-01,
        7.3229545164e-01,
        1.0829640838e+00,
        1.0115841666e+00,
        1.0000000000e+00,
    ];
}
