//! The gates of an LSTM.

use super::norm::{Moments, normalise, normalise_backward};
use super::squash::{sigmoid, sigmoid_gradient, tanh, tanh_gradient};
use super::{CellGradients, CellWeights, RecurrentCell, blocks, blocks_mut};
use crate::scratch::with_scratch;
use crate::simd::update_vectors;
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
}

impl WithSimd for Forward<'_> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) {
        let Self { cell, weights, inputs, products, c, next: [next_h, next_c], kept, moments } = self;
        let hidden = cell.hidden;
        let width = GATES * hidden;
        for (row, &input) in inputs.iter().enumerate() {
            let at = row * hidden..(row + 1) * hidden;
            let [u_i, u_f, u_g, u_o] = blocks(&products[row * width..][..width]);
            let [x_i, x_f, x_g, x_o] = blocks(&weights.table[input as usize * width..][..width]);
            let [i, f, g, o, new_c, squashed] = blocks_mut(&mut kept[row * KEPT * hidden..][..KEPT * hidden]);
            update_vectors(
                simd,
                [u_i, u_f, u_g, u_o, x_i, x_f, x_g, x_o, &c[at.clone()]],
                [i, f, g, o, &mut *new_c, squashed, &mut next_h[at.clone()]],
                #[inline(always)]
                |[u_i, u_f, u_g, u_o, x_i, x_f, x_g, x_o, c], _| {
                    let i = sigmoid(simd, simd.add_f32s(u_i, x_i));
                    let f = sigmoid(simd, simd.add_f32s(u_f, x_f));
                    let g = tanh(simd, simd.add_f32s(u_g, x_g));
                    let o = sigmoid(simd, simd.add_f32s(u_o, x_o));
                    let new_c = simd.mul_add_e_f32s(f, c, simd.mul_f32s(i, g));
                    let squashed = tanh(simd, new_c);
                    [i, f, g, o, new_c, squashed, simd.mul_f32s(o, squashed)]
                },
            );
            let (next_h, next_c) = (&mut next_h[at.clone()], &mut next_c[at]);
            let Some((of_h, epsilon)) = cell.norm(weights, 0) else {
                next_c.copy_from_slice(new_c);
                continue;
            };
            with_scratch(hidden, |raw| {
                raw.copy_from_slice(next_h);
                normalise(simd, raw, &of_h, epsilon, next_h).keep(&mut moments[4 * row..][..2]);
            });
            if let Some((of_c, epsilon)) = cell.norm(weights, 1) {
                normalise(simd, new_c, &of_c, epsilon, next_c).keep(&mut moments[4 * row + 2..][..2]);
            }
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
}

impl WithSimd for Backward<'_, '_> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) {
        let Self { cell, back, inputs, c, kept, moments, grad_h, grad_c, grad_products, sums } = self;
        let hidden = cell.hidden;
        let width = GATES * hidden;
        for (row, &input) in inputs.iter().enumerate() {
            let at = row * hidden..(row + 1) * hidden;
            let (grad_h, grad_c) = (&mut grad_h[at.clone()], &mut grad_c[at.clone()]);
            let [i, f, g, o, new_c, squashed] = blocks(&kept[row * KEPT * hidden..][..KEPT * hidden]);
            let [of_h, of_c] = &mut sums.norms;
            if let Some((norm, _)) = cell.norm(back, 0) {
                with_scratch(hidden, |raw| {
                    update_vectors(
                        simd,
                        [o, squashed],
                        [&mut *raw],
                        #[inline(always)]
                        |[o, squashed], _| [simd.mul_f32s(o, squashed)],
                    );
                    let moments = Moments::kept(&moments[4 * row..]);
                    normalise_backward(
                        simd,
                        raw,
                        norm.gamma,
                        moments,
                        grad_h,
                        of_h.each_mut().map(|sum| &mut **sum),
                    );
                });
            }
            if let Some((norm, _)) = cell.norm(back, 1) {
                let moments = Moments::kept(&moments[4 * row + 2..]);
                normalise_backward(
                    simd,
                    new_c,
                    norm.gamma,
                    moments,
                    grad_c,
                    of_c.each_mut().map(|sum| &mut **sum),
                );
            }
            let products = &mut grad_products[row * width..][..width];
            let [of_i, of_f, of_g, of_o] = blocks_mut(products);
            update_vectors(
                simd,
                [i, f, g, o, squashed, &c[at], grad_h],
                [of_i, of_f, of_g, of_o, grad_c],
                #[inline(always)]
                |[i, f, g, o, squashed, c, of_h], [.., of_c]| {
                    let through = tanh_gradient(simd, squashed, simd.mul_f32s(of_h, o));
                    let of_c = simd.add_f32s(of_c, through);
                    [
                        sigmoid_gradient(simd, i, simd.mul_f32s(of_c, g)),
                        sigmoid_gradient(simd, f, simd.mul_f32s(of_c, c)),
                        tanh_gradient(simd, g, simd.mul_f32s(of_c, i)),
                        sigmoid_gradient(simd, o, simd.mul_f32s(of_h, squashed)),
                        simd.mul_f32s(of_c, f),
                    ]
                },
            );
            let table = &mut sums.table[input as usize * width..][..width];
            update_vectors(
                simd,
                [products],
                [table],
                #[inline(always)]
                |[gradient], [sum]| [simd.add_f32s(sum, gradient)],
            );
        }
    }
}
