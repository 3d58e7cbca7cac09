//! The outer-product sum: `sum[o, run, :] += Σ_pixels grad_out[pixel, o] · window(pixel)[run, :]`.
//!
//! A block of outputs times a few vectors of a run stays in registers while the pixels go by. The last vector of a
//! run may reach into the next floats of the plane; those lanes are summed like the others and never read.

use super::gather::Pixel;
use crate::simd::{vector_array, vector_array_mut};
use pulp::{Simd, WithSimd};
use std::ops::Range;

/// Pixels summed in registers before the sums go to memory: long enough to hide that, short enough for the cache
/// and for the accuracy of the sums.
pub(super) const BLOCK_PIXELS: usize = 128;

/// One outer-product sum; see the module.
pub(super) struct Outer<'a> {
    pub source: &'a [f32],
    pub pixels: &'a [Pixel],
    /// Where the runs start, relative to a window.
    pub runs: &'a [usize],
    /// Floats reserved for a run in `sums`, a multiple of [`LANES_MAX`](crate::simd::LANES_MAX).
    pub run_stride: usize,
    pub grad_out: &'a [f32],
    /// Floats between the output gradients of two pixels.
    pub outputs: usize,
    /// The outputs to sum for.
    pub range: Range<usize>,
    /// `[output in range, run, run_stride]`, added to.
    pub sums: &'a mut [f32],
}

impl WithSimd for Outer<'_> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) {
        match S::F32_LANES {
            16 => self.run::<S, 8, 3, 1>(simd),
            // A third vector would leave no register over, and a sum on the stack, whose place decides how slow that is.
            8 => self.run::<S, 4, 2, 1>(simd),
            4 => self.run::<S, 4, 4, 4>(simd),
            _ => self.run::<S, 1, 16, 16>(simd),
        }
    }
}

impl Outer<'_> {
    /// Tiles of `O` outputs by `WIDE` vectors, then by `NARROW`, then by one.
    #[inline(always)]
    fn run<S: Simd, const O: usize, const WIDE: usize, const NARROW: usize>(mut self, simd: S) {
        for pixels in self.pixels.chunks(BLOCK_PIXELS) {
            let whole = self.range.len() / O * O;
            for output in (0..whole).step_by(O) {
                self.outputs::<S, O, WIDE, NARROW>(simd, pixels, output);
            }
            for output in whole..self.range.len() {
                self.outputs::<S, 1, WIDE, NARROW>(simd, pixels, output);
            }
        }
    }

    #[inline(always)]
    fn outputs<S: Simd, const O: usize, const WIDE: usize, const NARROW: usize>(
        &mut self,
        simd: S,
        pixels: &[Pixel],
        output: usize,
    ) {
        let wide = WIDE * S::F32_LANES;
        for run in 0..self.runs.len() {
            let mut at = 0;
            while at + wide <= self.run_stride {
                self.tile::<S, O, WIDE>(simd, pixels, output, run, at);
                at += wide;
            }
            while at + NARROW * S::F32_LANES <= self.run_stride {
                self.tile::<S, O, NARROW>(simd, pixels, output, run, at);
                at += NARROW * S::F32_LANES;
            }
            while at < self.run_stride {
                self.tile::<S, O, 1>(simd, pixels, output, run, at);
                at += S::F32_LANES;
            }
        }
    }

    #[inline(always)]
    fn tile<S: Simd, const O: usize, const V: usize>(
        &mut self,
        simd: S,
        pixels: &[Pixel],
        output: usize,
        run: usize,
        at: usize,
    ) {
        let mut sums = [[simd.splat_f32s(0.0); V]; O];
        let source = &self.source[self.runs[run] + at..];
        let grad_out = &self.grad_out[self.range.start + output..];
        for pixel in pixels {
            let window = *vector_array::<S, V>(&source[pixel.source..]);
            let gradients: &[f32; O] =
                grad_out[pixel.target * self.outputs..].first_chunk().expect("the pixel has its outputs");
            for o in 0..O {
                let gradient = simd.splat_f32s(gradients[o]);
                for v in 0..V {
                    sums[o][v] = simd.mul_add_e_f32s(gradient, window[v], sums[o][v]);
                }
            }
        }
        for o in 0..O {
            let target = ((output + o) * self.runs.len() + run) * self.run_stride + at;
            let target = vector_array_mut::<S, V>(&mut self.sums[target..]);
            for v in 0..V {
                target[v] = simd.add_f32s(target[v], sums[o][v]);
            }
        }
    }
}
