//! The forward pass of every normalisation, once its statistics are known.

use super::{BLOCK, Layout, pad};
use crate::after::After;
use crate::simd::{dispatch, relu, vector_array, vector_array_mut};
use pulp::{Simd, WithSimd};

/// `out = (x − centre) · scale + shift` per channel, then what follows.
///
/// The three parameters are repeated to a long row ([`Layout::repeat`]). Subtracting the centre first keeps the
/// accuracy when it is large.
pub(crate) fn normalise(
    layout: Layout,
    x: &[f32],
    parameters: [&[f32]; 3],
    after: After<'_>,
    out: &mut [f32],
) {
    let (body, tail) = x.split_at(layout.whole(x.len()));
    let (body_out, tail_out) = out.split_at_mut(body.len());
    let (after, tail_residual) = match after {
        After::Join(residual) => {
            let (body, tail) = residual.split_at(body.len());
            (After::Join(body), tail)
        }
        other => (other, [].as_slice()),
    };
    let width = layout.width();
    dispatch(Normalise { width, x: body, parameters, after, out: body_out });
    if !tail.is_empty() {
        let [x, residual] = [tail, tail_residual].map(|tail| pad(tail, width));
        let after = if let After::Join(_) = after { After::Join(&residual) } else { after };
        let mut out = vec![0.0; width];
        dispatch(Normalise { width, x: &x, parameters, after, out: &mut out });
        tail_out.copy_from_slice(&out[..tail.len()]);
    }
}

pub(super) struct Normalise<'a> {
    pub(super) width: usize,
    pub(super) x: &'a [f32],
    pub(super) parameters: [&'a [f32]; 3],
    pub(super) after: After<'a>,
    pub(super) out: &'a mut [f32],
}

impl WithSimd for Normalise<'_> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) {
        match S::F32_LANES {
            16 => self.run::<S, 4>(simd),
            8 => self.run::<S, 8>(simd),
            4 => self.run::<S, 16>(simd),
            _ => self.run::<S, 64>(simd),
        }
    }
}

impl Normalise<'_> {
    #[inline(always)]
    fn run<S: Simd, const V: usize>(self, simd: S) {
        match self.after {
            After::Nothing => self.each::<S, V>(simd, |y, _| y, &[]),
            After::Relu => self.each::<S, V>(simd, |y, _| relu(simd, y), &[]),
            After::Join(residual) => {
                self.each::<S, V>(simd, |y, residual| relu(simd, simd.add_f32s(y, residual)), residual);
            }
        }
    }

    /// Writes `finish(y, residual)`; without residual it gets `y` twice.
    #[inline(always)]
    fn each<S: Simd, const V: usize>(
        self,
        simd: S,
        finish: impl Fn(S::f32s, S::f32s) -> S::f32s,
        residual: &[f32],
    ) {
        let Self { width, x, parameters: [centre, scale, shift], out, .. } = self;
        for row in (0..x.len()).step_by(width) {
            for block in (0..width).step_by(BLOCK) {
                let x = *vector_array::<S, V>(&x[row + block..]);
                let centre = vector_array::<S, V>(&centre[block..]);
                let scale = vector_array::<S, V>(&scale[block..]);
                let shift = vector_array::<S, V>(&shift[block..]);
                let out = vector_array_mut::<S, V>(&mut out[row + block..]);
                let residual = if residual.is_empty() {
                    None
                } else {
                    Some(vector_array::<S, V>(&residual[row + block..]))
                };
                for v in 0..V {
                    let y = simd.mul_add_e_f32s(simd.sub_f32s(x[v], centre[v]), scale[v], shift[v]);
                    out[v] = finish(y, residual.map_or(y, |residual| residual[v]));
                }
            }
        }
    }
}
