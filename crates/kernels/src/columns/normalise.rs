//! The forward pass of every normalisation, once its statistics are known.

use super::{BLOCK, Layout};
use crate::simd::{dispatch, relu, vector_array, vector_array_mut};
use pulp::{Simd, WithSimd};

/// `out = (x − centre) · scale + shift` per channel, then `ReLU` if asked for.
///
/// The three parameters are repeated to a long row ([`Layout::repeat`]). Subtracting the centre first keeps the
/// accuracy when it is large.
pub(crate) fn normalise(layout: Layout, x: &[f32], parameters: [&[f32]; 3], relu: bool, out: &mut [f32]) {
    let (body, tail) = x.split_at(layout.whole(x.len()));
    let (body_out, tail_out) = out.split_at_mut(body.len());
    let width = layout.width();
    dispatch(Normalise { width, x: body, parameters, relu, out: body_out });
    if !tail.is_empty() {
        let mut padded = vec![0.0; width];
        padded[..tail.len()].copy_from_slice(tail);
        let mut padded_out = vec![0.0; width];
        dispatch(Normalise { width, x: &padded, parameters, relu, out: &mut padded_out });
        tail_out.copy_from_slice(&padded_out[..tail.len()]);
    }
}

pub(super) struct Normalise<'a> {
    pub(super) width: usize,
    pub(super) x: &'a [f32],
    pub(super) parameters: [&'a [f32]; 3],
    pub(super) relu: bool,
    pub(super) out: &'a mut [f32],
}

impl WithSimd for Normalise<'_> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) {
        match (S::F32_LANES, self.relu) {
            (16, false) => self.run::<S, 4, false>(simd),
            (16, true) => self.run::<S, 4, true>(simd),
            (8, false) => self.run::<S, 8, false>(simd),
            (8, true) => self.run::<S, 8, true>(simd),
            (4, false) => self.run::<S, 16, false>(simd),
            (4, true) => self.run::<S, 16, true>(simd),
            (_, false) => self.run::<S, 64, false>(simd),
            (_, true) => self.run::<S, 64, true>(simd),
        }
    }
}

impl Normalise<'_> {
    #[inline(always)]
    fn run<S: Simd, const V: usize, const RELU: bool>(self, simd: S) {
        let Self { width, x, parameters: [centre, scale, shift], out, .. } = self;
        for row in (0..x.len()).step_by(width) {
            for block in (0..width).step_by(BLOCK) {
                let x = *vector_array::<S, V>(&x[row + block..]);
                let centre = vector_array::<S, V>(&centre[block..]);
                let scale = vector_array::<S, V>(&scale[block..]);
                let shift = vector_array::<S, V>(&shift[block..]);
                let out = vector_array_mut::<S, V>(&mut out[row + block..]);
                for v in 0..V {
                    let y = simd.mul_add_e_f32s(simd.sub_f32s(x[v], centre[v]), scale[v], shift[v]);
                    out[v] = if RELU { relu(simd, y) } else { y };
                }
            }
        }
    }
}
