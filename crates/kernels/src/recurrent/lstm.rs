//! The gates of an LSTM.

use super::lanes::{add, load, load_sum, store};
use super::norm::{Moments, normalise, normalise_backward};
use super::squash::{sigmoid, sigmoid_gradient, tanh, tanh_gradient};
use super::{CellGradients, CellWeights, RecurrentCell, blocks, blocks_mut};
use pulp::{Simd, WithSimd};

/// i, f, g, o.
pub(super) const GATES: usize = 4;
/// The gates, c' and tanh(c').
pub(super) const KEPT: usize = 6;

pub(super) struct Forward<'a> {
    pub cell: RecurrentCell,
    pub weights: &'a CellWeights<'a>,
    pub inputs: &'a [u32],
    /// `U h`.
    pub products: &'a [f32],
    pub c: &'a [f32],
    pub next: [&'a mut [f32]; 2],
    pub kept: &'a mut [f32],
    pub moments: &'a mut [f32],
    /// Working memory for a row.
    pub raw: &'a mut [f32],
}

impl WithSimd for Forward<'_> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) {
        let Self { cell, weights, inputs, products, c, next: [next_h, next_c], kept, moments, raw } = self;
        let hidden = cell.hidden;
        let width = GATES * hidden;
        for (row, &input) in inputs.iter().enumerate() {
            let place = row * hidden..(row + 1) * hidden;
            let [u_i, u_f, u_g, u_o] = blocks(&products[row * width..][..width]);
            let [x_i, x_f, x_g, x_o] = blocks(&weights.table[input as usize * width..][..width]);
            let [i_out, f_out, g_out, o_out, c_out, squashed_out] =
                blocks_mut(&mut kept[row * KEPT * hidden..][..KEPT * hidden]);
            let (c, next_h, next_c) = (&c[place.clone()], &mut next_h[place.clone()], &mut next_c[place]);
            for at in (0..hidden).step_by(S::F32_LANES) {
                let i = sigmoid(simd, load_sum(simd, u_i, x_i, at));
                let f = sigmoid(simd, load_sum(simd, u_f, x_f, at));
                let g = tanh(simd, load_sum(simd, u_g, x_g, at));
                let o = sigmoid(simd, load_sum(simd, u_o, x_o, at));
                let new_c = simd.mul_add_e_f32s(f, load(simd, c, at), simd.mul_f32s(i, g));
                let squashed = tanh(simd, new_c);
                store(simd, i_out, at, i);
                store(simd, f_out, at, f);
                store(simd, g_out, at, g);
                store(simd, o_out, at, o);
                store(simd, c_out, at, new_c);
                store(simd, squashed_out, at, squashed);
                store(simd, raw, at, simd.mul_f32s(o, squashed));
            }
            let (Some((of_h, epsilon)), Some((of_c, _))) = (cell.norm(weights, 0), cell.norm(weights, 1))
            else {
                next_h.copy_from_slice(raw);
                next_c.copy_from_slice(c_out);
                continue;
            };
            let moments = &mut moments[4 * row..][..4];
            normalise(simd, raw, &of_h, epsilon, next_h).keep(&mut moments[..2]);
            normalise(simd, c_out, &of_c, epsilon, next_c).keep(&mut moments[2..]);
        }
    }
}

pub(super) struct Backward<'a, 'b> {
    pub cell: RecurrentCell,
    pub back: &'a CellWeights<'a>,
    pub inputs: &'a [u32],
    pub c: &'a [f32],
    pub kept: &'a [f32],
    pub moments: &'a [f32],
    pub grad_h: &'a mut [f32],
    pub grad_c: &'a mut [f32],
    pub grad_products: &'a mut [f32],
    pub sums: &'a mut CellGradients<'b>,
    /// Working memory for a row.
    pub raw: &'a mut [f32],
}

impl WithSimd for Backward<'_, '_> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) {
        let Self { cell, back, inputs, c, kept, moments, grad_h, grad_c, grad_products, sums, raw } = self;
        let hidden = cell.hidden;
        let width = GATES * hidden;
        for (row, &input) in inputs.iter().enumerate() {
            let place = row * hidden..(row + 1) * hidden;
            let (c, grad_h, grad_c) = (&c[place.clone()], &mut grad_h[place.clone()], &mut grad_c[place]);
            let [i, f, g, o, new_c, squashed] = blocks(&kept[row * KEPT * hidden..][..KEPT * hidden]);
            if let (Some((of_h, _)), Some((of_c, _))) = (cell.norm(back, 0), cell.norm(back, 1)) {
                for at in (0..hidden).step_by(S::F32_LANES) {
                    store(simd, raw, at, simd.mul_f32s(load(simd, o, at), load(simd, squashed, at)));
                }
                let [sums_h, sums_c] = &mut sums.norms;
                let moments = &moments[4 * row..];
                normalise_backward(simd, raw, of_h.gamma, Moments::kept(moments), grad_h, sums_h);
                normalise_backward(simd, new_c, of_c.gamma, Moments::kept(&moments[2..]), grad_c, sums_c);
            }
            let [i_out, f_out, g_out, o_out] = blocks_mut(&mut grad_products[row * width..][..width]);
            let [i_sum, f_sum, g_sum, o_sum] = blocks_mut(&mut sums.table[input as usize * width..][..width]);
            for at in (0..hidden).step_by(S::F32_LANES) {
                let (i, f) = (load(simd, i, at), load(simd, f, at));
                let (g, o) = (load(simd, g, at), load(simd, o, at));
                let (squashed, of_h) = (load(simd, squashed, at), load(simd, grad_h, at));
                let through = tanh_gradient(simd, squashed, simd.mul_f32s(of_h, o));
                let of_c = simd.add_f32s(load(simd, grad_c, at), through);
                let of_i = sigmoid_gradient(simd, i, simd.mul_f32s(of_c, g));
                let of_f = sigmoid_gradient(simd, f, simd.mul_f32s(of_c, load(simd, c, at)));
                let of_g = tanh_gradient(simd, g, simd.mul_f32s(of_c, i));
                let of_o = sigmoid_gradient(simd, o, simd.mul_f32s(of_h, squashed));
                store(simd, i_out, at, of_i);
                store(simd, f_out, at, of_f);
                store(simd, g_out, at, of_g);
                store(simd, o_out, at, of_o);
                add(simd, i_sum, at, of_i);
                add(simd, f_sum, at, of_f);
                add(simd, g_sum, at, of_g);
                add(simd, o_sum, at, of_o);
                store(simd, grad_c, at, simd.mul_f32s(of_c, f));
            }
        }
    }
}
