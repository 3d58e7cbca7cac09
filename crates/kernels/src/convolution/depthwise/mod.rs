//! Depthwise convolution: groups of one input channel, so that vectors go over channels and no sum over them is made.
//!
//! Where a channel has several outputs, planes [show](super::channels) it as often, and in the input gradient there is a
//! plane for each of them.

mod outer;
#[cfg(test)]
mod twins;
mod weight_gradient;

use super::gather::Pixel;
use super::shape::Convolution;
use crate::simd::{vector_array, vector_array_mut};
use pulp::{Simd, WithSimd};

pub(super) use weight_gradient::weight_gradient;

impl Convolution {
    /// Whether every input channel is a group. One channel alone is left to the products that gather over pixels.
    pub(super) fn is_depthwise(&self) -> bool {
        self.groups > 1 && self.groups == self.channels_in
    }
}

/// Packs weights as `[tap, channel]`: those of a channel at the offsets `taps`, channels `stride` apart.
pub(super) fn pack(weight: &[f32], taps: &[usize], stride: usize, packed: &mut [f32]) {
    let channels = packed.len() / taps.len();
    for (&tap, packed) in taps.iter().zip(packed.chunks_exact_mut(channels)) {
        for (packed, &weight) in packed.iter_mut().zip(weight[tap..].iter().step_by(stride)) {
            *packed = weight;
        }
    }
}

/// The product: `out[pixel, c] = Σ_tap window(pixel)[tap, c] · weight[tap, c]`.
///
/// The loops count indices on purpose: sums that are reached by an iterator might lie in memory.
pub(super) struct Depthwise<'a> {
    pub source: &'a [f32],
    pub pixels: &'a [Pixel],
    /// Where the taps of a window start, ascending.
    pub starts: &'a [usize],
    /// `[tap, channel]`.
    pub weight: &'a [f32],
    pub channels: usize,
    /// `[pixel, channel]`.
    pub out: &'a mut [f32],
}

impl WithSimd for Depthwise<'_> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) {
        match S::F32_LANES {
            // Those that have 32 registers, and those that have 16.
            16 | 4 => self.run::<S, 6, 3>(simd),
            8 => self.run::<S, 4, 2>(simd),
            _ => self.run::<S, 1, 16>(simd),
        }
    }
}

impl Depthwise<'_> {
    /// `P` pixels by `V` vectors, then by one, then by what is left of a vector.
    #[inline(always)]
    fn run<S: Simd, const P: usize, const V: usize>(mut self, simd: S) {
        let (channels, lanes) = (self.channels, S::F32_LANES);
        let extent = self.starts.last().map_or(0, |start| start + channels);
        for pixels in self.pixels.chunks(P) {
            // A short tile repeats its last pixel and stores only what is asked for.
            let mut windows = [self.source; P];
            for p in 0..P {
                windows[p] = &self.source[pixels[p.min(pixels.len() - 1)].source..][..extent];
            }
            let mut channel = 0;
            while channel + V * lanes <= channels {
                self.tile::<S, P, V>(simd, pixels, windows, channel);
                channel += V * lanes;
            }
            while channel + lanes <= channels {
                self.tile::<S, P, 1>(simd, pixels, windows, channel);
                channel += lanes;
            }
            if channel < channels {
                self.rest::<S, P>(simd, pixels, windows, channel);
            }
        }
    }

    #[inline(always)]
    fn tile<S: Simd, const P: usize, const V: usize>(
        &mut self,
        simd: S,
        pixels: &[Pixel],
        windows: [&[f32]; P],
        channel: usize,
    ) {
        let mut sums = [[simd.splat_f32s(0.0); V]; P];
        for (tap, start) in self.starts.iter().enumerate() {
            let weight = vector_array::<S, V>(&self.weight[tap * self.channels + channel..]);
            for p in 0..P {
                let input = vector_array::<S, V>(&windows[p][start + channel..]);
                for v in 0..V {
                    sums[p][v] = simd.mul_add_e_f32s(input[v], weight[v], sums[p][v]);
                }
            }
        }
        for p in 0..P {
            if p < pixels.len() {
                let out = &mut self.out[pixels[p].target * self.channels + channel..];
                *vector_array_mut::<S, V>(out) = sums[p];
            }
        }
    }

    /// The channels after the last whole vector.
    #[inline(always)]
    fn rest<S: Simd, const P: usize>(
        &mut self,
        simd: S,
        pixels: &[Pixel],
        windows: [&[f32]; P],
        channel: usize,
    ) {
        let rest = self.channels - channel;
        let mut sums = [simd.splat_f32s(0.0); P];
        for (tap, start) in self.starts.iter().enumerate() {
            let weight = simd.partial_load_f32s(&self.weight[tap * self.channels + channel..][..rest]);
            for p in 0..P {
                let input = simd.partial_load_f32s(&windows[p][start + channel..][..rest]);
                sums[p] = simd.mul_add_e_f32s(input, weight, sums[p]);
            }
        }
        for p in 0..P {
            if p < pixels.len() {
                let out = &mut self.out[pixels[p].target * self.channels + channel..][..rest];
                simd.partial_store_f32s(out, sums[p]);
            }
        }
    }
}
