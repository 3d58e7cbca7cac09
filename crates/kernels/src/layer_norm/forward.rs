//! The statistics of each row, and the row normalised with them.

use super::{TASK, check};
use crate::normalisation::inverse_deviation;
use crate::profile;
use crate::simd::{dispatch, update_vectors};
use crate::sums::sums;
use pulp::{Simd, WithSimd};
use rayon::prelude::*;

/// Layer normalisation `y = γ · (x − μ) / sqrt(σ² + ε) + β`.
///
/// `x` and `out` are `[rows, features]`; `gamma` (γ) and `beta` (β) are `[features]`. `μ` and `σ²` are the mean and the
/// biased variance of each row over its features, written to `mean` and `variance`, `[rows]`, for
/// [`layer_norm_backward`](crate::layer_norm_backward). Sums are kept in double precision, and a large mean costs the
/// variance no accuracy. The result does not depend on the number of threads.
///
/// ```
/// use autodidact_kernels::layer_norm_forward;
///
/// let (mut out, mut mean, mut variance) = ([0.0; 4], [0.0; 2], [0.0; 2]);
/// let x = [1.0, 3.0, 10.0, 30.0];
/// layer_norm_forward(2, 2, &x, &[1.0; 2], &[0.5; 2], 0.0, &mut out, &mut mean, &mut variance);
/// assert_eq!((mean, variance), ([2.0, 20.0], [1.0, 100.0]));
/// assert_eq!(out, [-0.5, 1.5, -0.5, 1.5]);
/// ```
///
/// # Panics
/// If a slice's length differs from the shapes above, or `features` is zero.
///
/// Ba, Kiros, Hinton, *Layer normalization*, 2016, equation (4); with ε as in batch normalisation.
#[expect(clippy::too_many_arguments, reason = "the formula's own symbols")]
pub fn layer_norm_forward(
    rows: usize,
    features: usize,
    x: &[f32],
    gamma: &[f32],
    beta: &[f32],
    epsilon: f32,
    out: &mut [f32],
    mean: &mut [f32],
    variance: &mut [f32],
) {
    let _span = profile::element_wise("layer norm, forward", &[rows, features], 2);
    check(
        [rows, features],
        &[("x", x.len()), ("out", out.len())],
        &[("gamma", gamma.len()), ("beta", beta.len())],
        &[("mean", mean.len()), ("variance", variance.len())],
    );
    let part = (TASK / features).max(1);
    x.par_chunks(part * features)
        .zip(out.par_chunks_mut(part * features))
        .zip(mean.par_chunks_mut(part).zip(variance.par_chunks_mut(part)))
        .for_each(|((x, out), (mean, variance))| {
            dispatch(Part { x, gamma, beta, epsilon, out, mean, variance });
        });
}

/// Some of the rows.
struct Part<'a> {
    x: &'a [f32],
    gamma: &'a [f32],
    beta: &'a [f32],
    epsilon: f32,
    out: &'a mut [f32],
    mean: &'a mut [f32],
    variance: &'a mut [f32],
}

impl WithSimd for Part<'_> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) {
        let Self { x, gamma, beta, epsilon, out, mean, variance } = self;
        let features = gamma.len();
        let rows = x.chunks_exact(features).zip(out.chunks_exact_mut(features));
        for ((x, out), (mean, variance)) in rows.zip(mean.iter_mut().zip(variance)) {
            (*mean, *variance) = moments(simd, x);
            let centre = simd.splat_f32s(*mean);
            let scale = simd.splat_f32s(inverse_deviation(*variance, epsilon) as f32);
            update_vectors(
                simd,
                [x, gamma, beta],
                [out],
                #[inline(always)]
                |[x, gamma, beta], _| {
                    let normalised = simd.mul_f32s(simd.sub_f32s(x, centre), scale);
                    [simd.mul_add_e_f32s(normalised, gamma, beta)]
                },
            );
        }
    }
}

/// Mean and biased variance of a row, in one pass.
///
/// The squares are of differences from the first number of the row. The mean is at most `sqrt(n)` deviations away from it,
/// so that the cancellation costs about `n` units of 2⁻⁵³, and a constant row has variance zero.
#[inline(always)]
fn moments<S: Simd>(simd: S, x: &[f32]) -> (f32, f32) {
    let (count, first) = (x.len() as f64, f64::from(x[0]));
    let centre = simd.splat_f64s(first);
    let [sum, squares] = sums(
        simd,
        [x],
        #[inline(always)]
        |[x]| {
            let difference = simd.sub_f64s(x, centre);
            [difference, simd.mul_f64s(difference, difference)]
        },
    );
    let mean = sum / count;
    ((first + mean) as f32, (squares / count - mean * mean) as f32)
}
