//! The forward pass of every normalisation, once its statistics are known.

use super::{BLOCK, Layout, pad};
use crate::after::After;
use crate::element::Element;
use crate::simd::{dispatch, relu, vector_array};
use pulp::{Simd, WithSimd};

/// `out = (x − centre) · scale + shift` per channel, then what follows.
///
/// The three parameters are repeated to a long row ([`Layout::repeat`]). Subtracting the centre first keeps the
/// accuracy when it is large.
pub(crate) fn normalise<E: Element>(
    layout: Layout,
    x: &[E],
    parameters: [&[f32]; 3],
    after: After<'_, E>,
    out: &mut [E],
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
        let mut out = vec![E::zeroed(); width];
        dispatch(Normalise { width, x: &x, parameters, after, out: &mut out });
        tail_out.copy_from_slice(&out[..tail.len()]);
    }
}

pub(super) struct Normalise<'a, E> {
    pub(super) width: usize,
    pub(super) x: &'a [E],
    pub(super) parameters: [&'a [f32]; 3],
    pub(super) after: After<'a, E>,
    pub(super) out: &'a mut [E],
}

impl<E: Element> WithSimd for Normalise<'_, E> {
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

impl<E: Element> Normalise<'_, E> {
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
        residual: &[E],
    ) {
        let Self { width, x, parameters: [centre, scale, shift], out, .. } = self;
        for row in (0..x.len()).step_by(width) {
            for block in (0..width).step_by(BLOCK) {
                let x = E::load::<S, V>(&x[row + block..]);
                let centre = vector_array::<S, V>(&centre[block..]);
                let scale = vector_array::<S, V>(&scale[block..]);
                let shift = vector_array::<S, V>(&shift[block..]);
                let mut written = [simd.splat_f32s(0.0); V];
                let residual =
                    if residual.is_empty() { None } else { Some(E::load::<S, V>(&residual[row + block..])) };
                for v in 0..V {
                    let y = simd.mul_add_e_f32s(simd.sub_f32s(x[v], centre[v]), scale[v], shift[v]);
                    written[v] = finish(y, residual.map_or(y, |residual| residual[v]));
                }
                E::store::<S, V>(written, &mut out[row + block..]);
            }
        }
    }
}
