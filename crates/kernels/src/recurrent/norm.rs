//! Layer normalisation of one row that is in the cache: sums are of single precision.

use super::CellNorm;
use super::lanes::{add, load, store};
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
    let mut sum = simd.splat_f32s(0.0);
    for at in (0..x.len()).step_by(S::F32_LANES) {
        sum = simd.add_f32s(sum, load(simd, x, at));
    }
    let mean = simd.reduce_sum_f32s(sum) / count;
    let centre = simd.splat_f32s(mean);
    let mut squares = simd.splat_f32s(0.0);
    for at in (0..x.len()).step_by(S::F32_LANES) {
        let difference = simd.sub_f32s(load(simd, x, at), centre);
        squares = simd.mul_add_e_f32s(difference, difference, squares);
    }
    // The places past the end are zeros, whose squares are taken off again.
    let past = (x.len().next_multiple_of(S::F32_LANES) - x.len()) as f32;
    let variance = (simd.reduce_sum_f32s(squares) - past * mean * mean) / count;
    let moments = Moments { mean, inverse: 1.0 / (variance + epsilon).sqrt() };
    let inverse = simd.splat_f32s(moments.inverse);
    for at in (0..x.len()).step_by(S::F32_LANES) {
        let normalised = simd.mul_f32s(simd.sub_f32s(load(simd, x, at), centre), inverse);
        let (gamma, beta) = (load(simd, norm.gamma, at), load(simd, norm.beta, at));
        store(simd, out, at, simd.mul_add_e_f32s(normalised, gamma, beta));
    }
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
    [grad_gamma, grad_beta]: &mut [&mut [f32]; 2],
) {
    let (centre, inverse) = (simd.splat_f32s(moments.mean), simd.splat_f32s(moments.inverse));
    let (mut weighted, mut product) = (simd.splat_f32s(0.0), simd.splat_f32s(0.0));
    for at in (0..x.len()).step_by(S::F32_LANES) {
        let normalised = simd.mul_f32s(simd.sub_f32s(load(simd, x, at), centre), inverse);
        let of_row = simd.mul_f32s(load(simd, gamma, at), load(simd, gradient, at));
        weighted = simd.add_f32s(weighted, of_row);
        product = simd.mul_add_e_f32s(of_row, normalised, product);
    }
    let share = 1.0 / x.len() as f32;
    let weighted = simd.splat_f32s(simd.reduce_sum_f32s(weighted) * share);
    let product = simd.splat_f32s(simd.reduce_sum_f32s(product) * share);
    for at in (0..x.len()).step_by(S::F32_LANES) {
        let normalised = simd.mul_f32s(simd.sub_f32s(load(simd, x, at), centre), inverse);
        let of_row = load(simd, gradient, at);
        let rest = simd.mul_add_e_f32s(normalised, product, weighted);
        let difference = simd.sub_f32s(simd.mul_f32s(load(simd, gamma, at), of_row), rest);
        store(simd, gradient, at, simd.mul_f32s(difference, inverse));
        add(simd, grad_gamma, at, simd.mul_f32s(of_row, normalised));
        add(simd, grad_beta, at, of_row);
    }
}
