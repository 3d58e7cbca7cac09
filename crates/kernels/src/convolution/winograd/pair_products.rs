//! The products of pairs of bfloat16, summed in 32 bits: by the dot product instruction of AVX-512 where there is one, else
//! by taking the pairs apart. With tile registers the plain sums are faster than this method.

use super::brackets::Layout;
use crate::convolution::pack::PANEL;
use crate::pairs::unpair;
use crate::simd::{dispatch, vectors, vectors_mut};
use pulp::{Simd, WithSimd};

#[cfg(target_arch = "x86_64")]
mod dot;

/// Tiles in a block of the forward products.
pub(super) const BLOCK_TILES: usize = 12;

/// `out[tile, output] = Σ_channels inputs[tile, channel] · weights[channel, output]` at one position.
pub(super) struct ForwardPairs<'a> {
    /// One position, laid out as `layout` says; there is room for whole blocks of [`BLOCK_TILES`] tiles.
    pub inputs: &'a [f32],
    pub layout: Layout,
    /// Tiles that there are.
    pub tiles: usize,
    /// `[panel of outputs][pair of channels][lane]`.
    pub weights: &'a [f32],
    pub outputs: usize,
    /// `[tile, output]`.
    pub out: &'a mut [f32],
}

impl ForwardPairs<'_> {
    pub fn run(self) {
        #[cfg(target_arch = "x86_64")]
        if crate::pairs::has_dot() {
            return dot::forward(self);
        }
        dispatch(self);
    }
}

impl WithSimd for ForwardPairs<'_> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) {
        let Self { inputs, layout, tiles, weights, outputs, out } = self;
        let parts = PANEL / S::F32_LANES;
        for (panel, weights) in weights.chunks_exact(layout.channels * PANEL).enumerate() {
            let weights = vectors::<S>(weights);
            for tile in 0..tiles {
                let out = vectors_mut::<S>(&mut out[tile * outputs + panel * PANEL..][..PANEL]);
                for part in 0..parts {
                    let mut sum = simd.splat_f32s(0.0);
                    for channel in 0..layout.channels {
                        let at = channel / PANEL * layout.panel() + tile * PANEL + channel % PANEL;
                        let input = unpair(simd, simd.splat_f32s(inputs[at]));
                        let weight = unpair(simd, weights[channel * parts + part]);
                        sum = simd.mul_add_e_f32s(input[0], weight[0], sum);
                        sum = simd.mul_add_e_f32s(input[1], weight[1], sum);
                    }
                    out[part] = sum;
                }
            }
        }
    }
}

/// `sums[output, input] += Σ_tiles gradients[tile, output] · inputs[tile, input]` at one position, the tiles in pairs.
pub(super) struct GradientPairs<'a> {
    /// One position, laid out as `layouts[0]` says.
    pub inputs: &'a [f32],
    /// One position, laid out as `layouts[1]` says.
    pub gradients: &'a [f32],
    pub layouts: [Layout; 2],
    /// Pairs of tiles that there are.
    pub tiles: usize,
    /// `[output, input]`, added to.
    pub sums: &'a mut [f32],
}

impl GradientPairs<'_> {
    pub fn run(self) {
        #[cfg(target_arch = "x86_64")]
        if crate::pairs::has_dot() {
            return dot::gradient(self);
        }
        dispatch(self);
    }
}

impl WithSimd for GradientPairs<'_> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) {
        let [inputs, outputs] = self.layouts;
        let parts = PANEL / S::F32_LANES;
        for (output, sums) in self.sums.chunks_exact_mut(inputs.channels).take(outputs.channels).enumerate() {
            let gradients = &self.gradients[output / PANEL * outputs.panel()..];
            for (vector, sum) in vectors_mut::<S>(sums).iter_mut().enumerate() {
                let panel = vectors::<S>(&self.inputs[vector / parts * inputs.panel()..][..inputs.panel()]);
                for tile in 0..self.tiles {
                    let gradient = simd.splat_f32s(gradients[tile * PANEL + output % PANEL]);
                    let gradient = unpair(simd, gradient);
                    let input = unpair(simd, panel[tile * parts + vector % parts]);
                    *sum = simd.mul_add_e_f32s(gradient[0], input[0], *sum);
                    *sum = simd.mul_add_e_f32s(gradient[1], input[1], *sum);
                }
            }
        }
    }
}
