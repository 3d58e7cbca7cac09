//! The sum of the weight gradient: `sums[tap, c] += Σ_pixels grad_out[pixel, c] · window(pixel)[tap, c]`.

use crate::convolution::gather::Pixel;
use crate::convolution::outer::BLOCK_PIXELS;
use pulp::{Simd, WithSimd};

/// Taps whose sums stay in registers: a kernel of three by three.
const TAPS: usize = 9;

/// One such sum. The loops count indices as those of [`Depthwise`](super::Depthwise) do.
pub(super) struct DepthwiseOuter<'a> {
    pub source: &'a [f32],
    pub pixels: &'a [Pixel],
    /// Where the taps of a window start, ascending.
    pub starts: &'a [usize],
    /// `[pixel, channel]`.
    pub grad_out: &'a [f32],
    pub channels: usize,
    /// `[tap, channel]`, added to.
    pub sums: &'a mut [f32],
}

impl WithSimd for DepthwiseOuter<'_> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(mut self, simd: S) {
        let whole = self.channels / S::F32_LANES * S::F32_LANES;
        for pixels in self.pixels.chunks(BLOCK_PIXELS) {
            for first in (0..self.starts.len()).step_by(TAPS) {
                for channel in (0..whole).step_by(S::F32_LANES) {
                    self.tile::<S>(simd, pixels, first, channel, S::F32_LANES);
                }
                if whole < self.channels {
                    self.tile::<S>(simd, pixels, first, whole, self.channels - whole);
                }
            }
        }
    }
}

impl DepthwiseOuter<'_> {
    /// Some taps by a vector of `lanes` channels, which may be a part of one.
    #[inline(always)]
    fn tile<S: Simd>(&mut self, simd: S, pixels: &[Pixel], first: usize, channel: usize, lanes: usize) {
        let taps = TAPS.min(self.starts.len() - first);
        // A short tile repeats its last tap and adds only what is asked for.
        let mut starts = [0; TAPS];
        for tap in 0..TAPS {
            starts[tap] = self.starts[first + tap.min(taps - 1)] + channel;
        }
        let mut sums = [simd.splat_f32s(0.0); TAPS];
        for pixel in pixels {
            let gradient = &self.grad_out[pixel.target * self.channels + channel..][..lanes];
            let gradient = load(simd, gradient);
            let window = &self.source[pixel.source..];
            for tap in 0..TAPS {
                let input = load(simd, &window[starts[tap]..][..lanes]);
                sums[tap] = simd.mul_add_e_f32s(gradient, input, sums[tap]);
            }
        }
        for tap in 0..TAPS {
            if tap < taps {
                let total = &mut self.sums[(first + tap) * self.channels + channel..][..lanes];
                let sum = simd.add_f32s(load(simd, total), sums[tap]);
                simd.partial_store_f32s(total, sum);
            }
        }
    }
}

/// A vector, or the first lanes of one.
#[inline(always)]
fn load<S: Simd>(simd: S, values: &[f32]) -> S::f32s {
    match S::as_simd_f32s(values) {
        ([vector], []) => *vector,
        _ => simd.partial_load_f32s(values),
    }
}
