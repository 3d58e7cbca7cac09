//! The gradient with respect to the weights: as [`crate::convolution::weight_gradient`], channel by channel.

use super::outer::DepthwiseOuter;
use crate::convolution::channels::Channels;
use crate::convolution::parts::Parts;
use crate::convolution::phase::Slices;
use crate::convolution::shape::Convolution;
use crate::scratch::with_scratch;
use crate::simd::dispatch;
use rayon::prelude::*;

/// Output pixels in a part at least, so that its sums are few against its pixels.
const PART_PIXELS: usize = 64;

/// Computes `grad_weight` from operands that are rounded already.
pub(in crate::convolution) fn weight_gradient(
    shape: &Convolution,
    x: &[f32],
    grad_out: &[f32],
    grad_weight: &mut [f32],
) {
    let (channels, taps) = (shape.channels_out, shape.taps());
    let sums_len = taps * channels;
    let parts = Parts::new(shape, PART_PIXELS, sums_len);
    let Slices { stacks, phases } =
        Slices::forward(shape, &Channels::depthwise_forward(shape), parts.together);
    let phase = &phases[0];
    let slice_len = phase.per_slice * channels;
    with_scratch(parts.count * sums_len, |sums| {
        sums.par_chunks_exact_mut(sums_len).enumerate().for_each(|(part, sums)| {
            sums.fill(0.0);
            with_scratch(parts.together * stacks.len(), |planes| {
                for slices in parts.fills(part) {
                    stacks.fill(x, slices.clone(), 0, planes);
                    dispatch(DepthwiseOuter {
                        source: planes,
                        pixels: &phase.pixels[..slices.len() * phase.per_slice],
                        starts: &phase.window.starts,
                        grad_out: &grad_out[slices.start * slice_len..slices.end * slice_len],
                        channels,
                        sums: &mut *sums,
                    });
                }
            });
        });
        let sums = &*sums;
        grad_weight.par_chunks_exact_mut(taps).enumerate().for_each(|(channel, gradient)| {
            for (tap, gradient) in gradient.iter_mut().enumerate() {
                let sums = sums[tap * channels + channel..].iter().step_by(sums_len);
                *gradient = sums.sum();
            }
        });
    });
}
