//! Layer normalisation of one row that is in the cache: sums are of single precision.

use super::CellNorm;
use crate::simd::{update_vectors, vectors};
use pulp::Simd;

/// Mean of a row, and one over its deviation.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Moments {
    mean: f32,
    inverse: f32,
}

impl Moments {
    /// Two floats, as they are kept for the backward pass.
    pub fn keep(self, into: &mut [f32]) {
        into.copy_from_slice(&[self.mean, self.inverse]);
    }

    pub fn kept(from: &[f32]) -> Self {
        Self { mean: from[0], inverse: from[1] }
    }
}

/// `out = γ · (x − μ) / sqrt(σ² + ε) + β`.
#[inline(always)]
pub(super) fn normalise<S: Simd>(
    simd: S,
    x: &[f32],
    norm: &CellNorm<'_>,
    epsilon: f32,
    out: &mut [f32],
) -> Moments {
    let count = x.len() as f32;
    let [mean] = sums(
        simd,
        [x],
        #[inline(always)]
        |[x]| [x],
    );
    let mean = mean / count;
    let centre = simd.splat_f32s(mean);
    // The places past the end are zeros, whose squares are taken off again.
    let [squares] = sums(
        simd,
        [x],
        #[inline(always)]
        |[x]| {
            let difference = simd.sub_f32s(x, centre);
            [simd.mul_f32s(difference, difference)]
        },
    );
    let past = (x.len().next_multiple_of(S::F32_LANES) - x.len()) as f32;
    let variance = (squares - past * mean * mean) / count;
    let moments = Moments { mean, inverse: 1.0 / (variance + epsilon).sqrt() };
    let inverse = simd.splat_f32s(moments.inverse);
    update_vectors(
        simd,
        [x, norm.gamma, norm.beta],
        [out],
        #[inline(always)]
        |[x, gamma, beta], _| {
            let normalised = simd.mul_f32s(simd.sub_f32s(x, centre), inverse);
            [simd.mul_add_e_f32s(normalised, gamma, beta)]
        },
    );
    moments
}

/// Turns the gradient of the output into that of `x`, and adds to those of γ and β: with `g` the output's gradient, `x̂` the
/// normalised row and `⟨·⟩` its mean, `∂x = (γ·g − ⟨γ·g⟩ − x̂·⟨γ·g·x̂⟩) / sqrt(σ² + ε)`.
#[inline(always)]
pub(super) fn normalise_backward<S: Simd>(
    simd: S,
    x: &[f32],
    gamma: &[f32],
    moments: Moments,
    gradient: &mut [f32],
    [grad_gamma, grad_beta]: [&mut [f32]; 2],
) {
    let (centre, inverse) = (simd.splat_f32s(moments.mean), simd.splat_f32s(moments.inverse));
    let [weighted, product] = sums(
        simd,
        [x, gamma, gradient],
        #[inline(always)]
        |[x, gamma, gradient]| {
            let normalised = simd.mul_f32s(simd.sub_f32s(x, centre), inverse);
            let weighted = simd.mul_f32s(gamma, gradient);
            [weighted, simd.mul_f32s(weighted, normalised)]
        },
    );
    let count = x.len() as f32;
    let (weighted, product) = (simd.splat_f32s(weighted / count), simd.splat_f32s(product / count));
    update_vectors(
        simd,
        [x, gamma],
        [gradient, grad_gamma, grad_beta],
        #[inline(always)]
        |[x, gamma], [gradient, grad_gamma, grad_beta]| {
            let normalised = simd.mul_f32s(simd.sub_f32s(x, centre), inverse);
            let rest = simd.mul_add_e_f32s(normalised, product, weighted);
            let difference = simd.sub_f32s(simd.mul_f32s(gamma, gradient), rest);
            [
                simd.mul_f32s(difference, inverse),
                simd.mul_add_e_f32s(gradient, normalised, grad_gamma),
                simd.add_f32s(gradient, grad_beta),
            ]
        },
    );
}

/// The sums of what `term` makes of each place of the slices, and of zeros past their end.
#[inline(always)]
fn sums<S: Simd, const SLICES: usize, const SUMS: usize>(
    simd: S,
    slices: [&[f32]; SLICES],
    term: impl Fn([S::f32s; SLICES]) -> [S::f32s; SUMS],
) -> [f32; SUMS] {
    let mut sums = [simd.splat_f32s(0.0); SUMS];
    let whole = slices.map(vectors::<S>);
    for index in 0..whole[0].len() {
        let terms = term(whole.map(|vectors| vectors[index]));
        for (sum, term) in sums.iter_mut().zip(terms) {
            *sum = simd.add_f32s(*sum, term);
        }
    }
    let rest = whole[0].len() * S::F32_LANES;
    if rest < slices[0].len() {
        let terms = term(slices.map(|slice| simd.partial_load_f32s(&slice[rest..])));
        for (sum, term) in sums.iter_mut().zip(terms) {
            *sum = simd.add_f32s(*sum, term);
        }
    }
    sums.map(|sum| simd.reduce_sum_f32s(sum))
}
