//! Normalisation by the root of the mean square.

use crate::check::check_len;
use crate::profile;
use crate::simd::{dispatch, update_vectors};
use pulp::{Simd, WithSimd};
use rayon::prelude::*;

/// Floats in one task.
const TASK: usize = 1 << 14;

/// `out = x · γ / sqrt(mean(x²) + ε)` for each row.
///
/// `x` and `out` are `[rows, features]`, `gamma` (γ) is `[features]`. Sums are kept in double precision.
///
/// ```
/// let mut out = [0.0; 2];
/// autodidact_kernels::rms_norm_forward(&[3.0, 4.0], &[2.0, 1.0], 0.0, &mut out);
/// let root = 12.5f32.sqrt();
/// assert!((out[0] - 6.0 / root).abs() < 1e-6 && (out[1] - 4.0 / root).abs() < 1e-6);
/// ```
///
/// # Panics
/// If `gamma` is empty, or the lengths are not those of whole rows.
///
/// Zhang, Sennrich, *Root mean square layer normalization*, 2019, equation (4).
pub fn rms_norm_forward(x: &[f32], gamma: &[f32], epsilon: f32, out: &mut [f32]) {
    let features = gamma.len();
    assert!(features > 0, "a row has at least one feature");
    let rows = x.len() / features;
    let _span = profile::element_wise("RMS norm, forward", &[rows, features], 2);
    check_len("x", x.len(), &[rows, features]);
    check_len("out", out.len(), &[rows, features]);
    let part = (TASK / features).max(1) * features;
    x.par_chunks(part)
        .zip(out.par_chunks_mut(part))
        .for_each(|(x, out)| dispatch(Part { x, gamma, epsilon, out }));
}

/// Some of the rows.
struct Part<'a> {
    x: &'a [f32],
    gamma: &'a [f32],
    epsilon: f32,
    out: &'a mut [f32],
}

impl WithSimd for Part<'_> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) {
        let Self { x, gamma, epsilon, out } = self;
        let features = gamma.len();
        for (x, out) in x.chunks_exact(features).zip(out.chunks_exact_mut(features)) {
            let mean = sum_of_squares(simd, x) / features as f64;
            let scale = simd.splat_f32s((1.0 / (mean + f64::from(epsilon)).sqrt()) as f32);
            update_vectors(
                simd,
                [x, gamma],
                [out],
                #[inline(always)]
                |[x, gamma], _| [simd.mul_f32s(simd.mul_f32s(x, scale), gamma)],
            );
        }
    }
}

/// Floats whose squares are added in single precision.
const RUN: usize = 256;

#[inline(always)]
fn sum_of_squares<S: Simd>(simd: S, x: &[f32]) -> f64 {
    let mut sum = 0.0;
    for run in x.chunks(RUN) {
        let (whole, last) = S::as_simd_f32s(run);
        let last = simd.partial_load_f32s(last);
        let mut squares = simd.mul_f32s(last, last);
        for &x in whole {
            squares = simd.mul_add_e_f32s(x, x, squares);
        }
        sum += f64::from(simd.reduce_sum_f32s(squares));
    }
    sum
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tests::{assert_close, noise};

    #[test]
    fn rows_are_those_of_the_formula() {
        for (rows, features) in [(1, 1), (3, 7), (2, 64), (5, 300), (40, 2304)] {
            let (x, gamma) = (noise(1, rows * features), noise(2, features));
            let mut out = vec![0.0; rows * features];
            rms_norm_forward(&x, &gamma, 1e-3, &mut out);
            let expected: Vec<f64> = x
                .chunks(features)
                .flat_map(|x| {
                    let squares: f64 = x.iter().map(|&x| f64::from(x).powi(2)).sum();
                    let root = (squares / features as f64 + f64::from(1e-3f32)).sqrt();
                    x.iter().zip(&gamma).map(move |(&x, &gamma)| f64::from(x) * f64::from(gamma) / root)
                })
                .collect();
            assert_close("RMS norm", &out, &expected, 4e-7 * 2.0);
        }
    }
}
