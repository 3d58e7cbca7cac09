//! The forward pass of every normalisation, once its statistics are known.

use super::Layout;
use crate::simd::{dispatch, relu};
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

struct Normalise<'a> {
    width: usize,
    x: &'a [f32],
    parameters: [&'a [f32]; 3],
    relu: bool,
    out: &'a mut [f32],
}

impl WithSimd for Normalise<'_> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) {
        if self.relu { self.run::<S, true>(simd) } else { self.run::<S, false>(simd) }
    }
}

impl Normalise<'_> {
    #[inline(always)]
    fn run<S: Simd, const RELU: bool>(self, simd: S) {
        let [centre, scale, shift] = self.parameters.map(|parameter| S::as_simd_f32s(parameter).0);
        for (x, out) in self.x.chunks_exact(self.width).zip(self.out.chunks_exact_mut(self.width)) {
            let (x, out) = (S::as_simd_f32s(x).0, S::as_mut_simd_f32s(out).0);
            let parameters = centre.iter().zip(scale).zip(shift);
            for ((out, x), ((centre, scale), shift)) in out.iter_mut().zip(x).zip(parameters) {
                let y = simd.mul_add_e_f32s(simd.sub_f32s(*x, *centre), *scale, *shift);
                *out = if RELU { relu(simd, y) } else { y };
            }
        }
    }
}
