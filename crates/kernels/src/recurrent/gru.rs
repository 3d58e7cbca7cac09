//! The gates of a GRU.

use super::norm::{Moments, normalise, normalise_backward};
use super::squash::{sigmoid, sigmoid_gradient, tanh, tanh_gradient};
use super::{CellGradients, CellWeights, RecurrentCell, blocks, blocks_mut};
use crate::simd::update_vectors;
use pulp::{Simd, WithSimd};

/// r, z, n.
pub(super) const GATES: usize = 3;
/// The gates, `u_n + b` and h'.
pub(super) const KEPT: usize = 5;

pub(super) struct Forward<'a> {
    pub cell: RecurrentCell,
    pub weights: &'a CellWeights<'a>,
    pub inputs: &'a [u32],
    /// `U h`.
    pub products: &'a [f32],
    pub h: &'a [f32],
    pub next: &'a mut [f32],
    pub kept: &'a mut [f32],
    pub moments: &'a mut [f32],
}

impl WithSimd for Forward<'_> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) {
        let Self { cell, weights, inputs, products, h, next, kept, moments } = self;
        let hidden = cell.hidden;
        let width = GATES * hidden;
        for (row, &input) in inputs.iter().enumerate() {
            let at = row * hidden..(row + 1) * hidden;
            let [u_r, u_z, u_n] = blocks(&products[row * width..][..width]);
            let [x_r, x_z, x_n] = blocks(&weights.table[input as usize * width..][..width]);
            let [r, z, n, inner, new_h] = blocks_mut(&mut kept[row * KEPT * hidden..][..KEPT * hidden]);
            update_vectors(
                simd,
                [u_r, u_z, u_n, x_r, x_z, x_n, weights.candidate_bias, &h[at.clone()]],
                [r, z, n, inner, &mut *new_h],
                #[inline(always)]
                |[u_r, u_z, u_n, x_r, x_z, x_n, bias, h], _| {
                    let r = sigmoid(simd, simd.add_f32s(u_r, x_r));
                    let z = sigmoid(simd, simd.add_f32s(u_z, x_z));
                    let inner = simd.add_f32s(u_n, bias);
                    let n = tanh(simd, simd.mul_add_e_f32s(r, inner, x_n));
                    let new_h = simd.mul_add_e_f32s(z, simd.sub_f32s(h, n), n);
                    [r, z, n, inner, new_h]
                },
            );
            match cell.norm(weights, 0) {
                None => next[at].copy_from_slice(new_h),
                Some((norm, epsilon)) => {
                    normalise(simd, new_h, &norm, epsilon, &mut next[at]).keep(&mut moments[2 * row..][..2]);
                }
            }
        }
    }
}

pub(super) struct Backward<'a, 'b> {
    pub cell: RecurrentCell,
    pub back: &'a CellWeights<'a>,
    pub inputs: &'a [u32],
    pub h: &'a [f32],
    pub kept: &'a [f32],
    pub moments: &'a [f32],
    /// Becomes the gradient that does not go through `U`.
    pub grad_h: &'a mut [f32],
    pub grad_products: &'a mut [f32],
    pub sums: &'a mut CellGradients<'b>,
}

impl WithSimd for Backward<'_, '_> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) {
        let Self { cell, back, inputs, h, kept, moments, grad_h, grad_products, sums } = self;
        let hidden = cell.hidden;
        let width = GATES * hidden;
        for (row, &input) in inputs.iter().enumerate() {
            let at = row * hidden..(row + 1) * hidden;
            let grad_h = &mut grad_h[at.clone()];
            let [r, z, n, inner, new_h] = blocks(&kept[row * KEPT * hidden..][..KEPT * hidden]);
            if let Some((norm, _)) = cell.norm(back, 0) {
                let moments = Moments::kept(&moments[2 * row..]);
                let sums = sums.norms[0].each_mut().map(|sum| &mut **sum);
                normalise_backward(simd, new_h, norm.gamma, moments, grad_h, sums);
            }
            let [of_r, of_z, of_n] = blocks_mut(&mut grad_products[row * width..][..width]);
            let [sum_r, sum_z, sum_n] = blocks_mut(&mut sums.table[input as usize * width..][..width]);
            update_vectors(
                simd,
                [r, z, n, inner, &h[at]],
                [grad_h, of_r, of_z, of_n, sum_r, sum_z, sum_n, &mut *sums.candidate_bias],
                #[inline(always)]
                |[r, z, n, inner, h], [of_h, .., sum_r, sum_z, sum_n, sum_bias]| {
                    let kept = simd.mul_f32s(of_h, z);
                    let of_n = tanh_gradient(simd, n, simd.sub_f32s(of_h, kept));
                    let of_inner = simd.mul_f32s(of_n, r);
                    let of_r = sigmoid_gradient(simd, r, simd.mul_f32s(of_n, inner));
                    let of_z = sigmoid_gradient(simd, z, simd.mul_f32s(of_h, simd.sub_f32s(h, n)));
                    [
                        kept,
                        of_r,
                        of_z,
                        of_inner,
                        simd.add_f32s(sum_r, of_r),
                        simd.add_f32s(sum_z, of_z),
                        simd.add_f32s(sum_n, of_n),
                        simd.add_f32s(sum_bias, of_inner),
                    ]
                },
            );
        }
    }
}
