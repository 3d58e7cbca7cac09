//! The gates of a GRU.

use super::lanes::{add, load, load_sum, store};
use super::norm::{Moments, normalise, normalise_backward};
use super::squash::{sigmoid, sigmoid_gradient, tanh, tanh_gradient};
use super::{CellGradients, CellWeights, RecurrentCell, blocks, blocks_mut};
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
            let place = row * hidden..(row + 1) * hidden;
            let [u_r, u_z, u_n] = blocks(&products[row * width..][..width]);
            let [x_r, x_z, x_n] = blocks(&weights.table[input as usize * width..][..width]);
            let [r_out, z_out, n_out, inner_out, h_out] =
                blocks_mut(&mut kept[row * KEPT * hidden..][..KEPT * hidden]);
            let (h, next) = (&h[place.clone()], &mut next[place]);
            for at in (0..hidden).step_by(S::F32_LANES) {
                let r = sigmoid(simd, load_sum(simd, u_r, x_r, at));
                let z = sigmoid(simd, load_sum(simd, u_z, x_z, at));
                let inner = load_sum(simd, u_n, weights.candidate_bias, at);
                let n = tanh(simd, simd.mul_add_e_f32s(r, inner, load(simd, x_n, at)));
                let new_h = simd.mul_add_e_f32s(z, simd.sub_f32s(load(simd, h, at), n), n);
                store(simd, r_out, at, r);
                store(simd, z_out, at, z);
                store(simd, n_out, at, n);
                store(simd, inner_out, at, inner);
                store(simd, h_out, at, new_h);
            }
            match cell.norm(weights, 0) {
                None => next.copy_from_slice(h_out),
                Some((norm, epsilon)) => {
                    normalise(simd, h_out, &norm, epsilon, next).keep(&mut moments[2 * row..][..2]);
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
            let place = row * hidden..(row + 1) * hidden;
            let (h, grad_h) = (&h[place.clone()], &mut grad_h[place]);
            let [r, z, n, inner, new_h] = blocks(&kept[row * KEPT * hidden..][..KEPT * hidden]);
            if let Some((norm, _)) = cell.norm(back, 0) {
                let moments = Moments::kept(&moments[2 * row..]);
                normalise_backward(simd, new_h, norm.gamma, moments, grad_h, &mut sums.norms[0]);
            }
            let [r_out, z_out, n_out] = blocks_mut(&mut grad_products[row * width..][..width]);
            let [r_sum, z_sum, n_sum] = blocks_mut(&mut sums.table[input as usize * width..][..width]);
            for at in (0..hidden).step_by(S::F32_LANES) {
                let (r, z, n) = (load(simd, r, at), load(simd, z, at), load(simd, n, at));
                let of_h = load(simd, grad_h, at);
                let kept = simd.mul_f32s(of_h, z);
                let of_n = tanh_gradient(simd, n, simd.sub_f32s(of_h, kept));
                let of_inner = simd.mul_f32s(of_n, r);
                let of_r = sigmoid_gradient(simd, r, simd.mul_f32s(of_n, load(simd, inner, at)));
                let difference = simd.sub_f32s(load(simd, h, at), n);
                let of_z = sigmoid_gradient(simd, z, simd.mul_f32s(of_h, difference));
                store(simd, grad_h, at, kept);
                store(simd, r_out, at, of_r);
                store(simd, z_out, at, of_z);
                store(simd, n_out, at, of_inner);
                add(simd, r_sum, at, of_r);
                add(simd, z_sum, at, of_z);
                add(simd, n_sum, at, of_n);
                add(simd, sums.candidate_bias, at, of_inner);
            }
        }
    }
}
