//! The gradients of the rows, and of the scale and shift that they share.

use super::{TASK, check};
use crate::normalisation::inverse_deviation;
use crate::profile;
use crate::scratch::with_scratch;
use crate::simd::{dispatch, update_vectors};
use crate::sums::sums;
use pulp::{Simd, WithSimd};
use rayon::prelude::*;

/// Rows whose terms of `∂γ` and `∂β` are summed in single precision before the sum goes on in double precision.
const SUM_ROWS: usize = 64;
/// Features whose sums a thread takes through all parts at once.
const SUM_FEATURES: usize = 256;

/// The gradients of [`layer_norm_forward`](crate::layer_norm_forward): writes those of x, γ and β.
///
/// `x`, `gamma` and `epsilon` are those of the forward pass, `mean` and `variance` what it wrote; `grad_out` and `grad_x`
/// are `[rows, features]`, `grad_gamma` and `grad_beta` are `[features]`. With `g` the output gradient, `x̂` the
/// normalised input and `⟨·⟩` the mean over a row,
/// `∂β = Σ g`, `∂γ = Σ g·x̂`, `∂x = (γ·g − ⟨γ·g⟩ − x̂·⟨γ·g·x̂⟩) / sqrt(σ² + ε)`.
/// The result does not depend on the number of threads.
///
/// # Panics
/// If a slice's length differs from the shapes above, or `features` is zero.
#[expect(clippy::too_many_arguments, reason = "the formula's own symbols")]
pub fn layer_norm_backward(
    rows: usize,
    features: usize,
    x: &[f32],
    gamma: &[f32],
    epsilon: f32,
    mean: &[f32],
    variance: &[f32],
    grad_out: &[f32],
    grad_x: &mut [f32],
    grad_gamma: &mut [f32],
    grad_beta: &mut [f32],
) {
    let _span = profile::element_wise("layer norm, backward", &[rows, features], 3);
    check(
        [rows, features],
        &[("x", x.len()), ("grad_out", grad_out.len()), ("grad_x", grad_x.len())],
        &[("gamma", gamma.len()), ("grad_gamma", grad_gamma.len()), ("grad_beta", grad_beta.len())],
        &[("mean", mean.len()), ("variance", variance.len())],
    );
    let part = SUM_ROWS * features;
    with_scratch(rows.div_ceil(SUM_ROWS) * 2 * features, |partial_sums| {
        x.par_chunks(part)
            .zip(grad_out.par_chunks(part))
            .zip(grad_x.par_chunks_mut(part))
            .zip(mean.par_chunks(SUM_ROWS).zip(variance.par_chunks(SUM_ROWS)))
            .zip(partial_sums.par_chunks_exact_mut(2 * features))
            .with_min_len(TASK.div_ceil(part))
            .for_each(|((((x, grad_out), grad_x), (mean, variance)), sums)| {
                let sums = sums.split_at_mut(features);
                dispatch(Part { x, gamma, epsilon, mean, variance, grad_out, grad_x, sums });
            });
        add_up(features, partial_sums, grad_gamma);
        add_up(features, partial_sums.get(features..).unwrap_or_default(), grad_beta);
    });
}

/// Adds up what the parts hold for each feature; every other `features` floats are of another sum.
fn add_up(features: usize, partial_sums: &[f32], out: &mut [f32]) {
    out.par_chunks_mut(SUM_FEATURES).enumerate().for_each(|(block, out)| {
        let mut sums = [0.0; SUM_FEATURES];
        for part in partial_sums.chunks(2 * features) {
            for (sum, partial) in sums[..out.len()].iter_mut().zip(&part[block * SUM_FEATURES..]) {
                *sum += f64::from(*partial);
            }
        }
        for (out, sum) in out.iter_mut().zip(sums) {
            *out = sum as f32;
        }
    });
}

/// Some of the rows.
struct Part<'a> {
    x: &'a [f32],
    gamma: &'a [f32],
    epsilon: f32,
    mean: &'a [f32],
    variance: &'a [f32],
    grad_out: &'a [f32],
    grad_x: &'a mut [f32],
    /// `Σ g·x̂` and `Σ g` over these rows.
    sums: (&'a mut [f32], &'a mut [f32]),
}

impl WithSimd for Part<'_> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) {
        let Self { x, gamma, epsilon, mean, variance, grad_out, grad_x, sums: (grad_gamma, grad_beta) } =
            self;
        let features = gamma.len();
        grad_gamma.fill(0.0);
        grad_beta.fill(0.0);
        let rows = x.chunks_exact(features).zip(grad_out.chunks_exact(features));
        let rows = rows.zip(grad_x.chunks_exact_mut(features));
        for (((x, grad_out), grad_x), (mean, variance)) in rows.zip(mean.iter().zip(variance)) {
            let inverse = inverse_deviation(*variance, epsilon);
            let [offset, slope] = row_coefficients(simd, x, gamma, *mean, inverse, grad_out);
            let [centre, scale, offset, slope] =
                [*mean, inverse as f32, offset, slope].map(|value| simd.splat_f32s(value));
            update_vectors(
                simd,
                [x, gamma, grad_out],
                [&mut *grad_x, &mut *grad_gamma, &mut *grad_beta],
                #[inline(always)]
                |[x, gamma, gradient], [_, grad_gamma, grad_beta]| {
                    let normalised = simd.mul_f32s(simd.sub_f32s(x, centre), scale);
                    let rest = simd.mul_add_e_f32s(normalised, slope, offset);
                    [
                        simd.mul_add_e_f32s(simd.mul_f32s(gamma, gradient), scale, rest),
                        simd.mul_add_e_f32s(gradient, normalised, grad_gamma),
                        simd.add_f32s(grad_beta, gradient),
                    ]
                },
            );
        }
    }
}

/// `−⟨γ·g⟩` and `−⟨γ·g·x̂⟩`, both over the deviation.
#[inline(always)]
fn row_coefficients<S: Simd>(
    simd: S,
    x: &[f32],
    gamma: &[f32],
    mean: f32,
    inverse: f64,
    grad_out: &[f32],
) -> [f32; 2] {
    let centre = simd.splat_f64s(f64::from(mean));
    let [gradient, product] = sums(
        simd,
        [x, gamma, grad_out],
        #[inline(always)]
        |[x, gamma, gradient]| {
            let weighted = simd.mul_f64s(gamma, gradient);
            [weighted, simd.mul_f64s(weighted, simd.sub_f64s(x, centre))]
        },
    );
    let share = -inverse / x.len() as f64;
    [(gradient * share) as f32, (product * inverse * share) as f32]
}
