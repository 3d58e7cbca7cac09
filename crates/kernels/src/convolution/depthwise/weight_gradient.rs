//! The gradient with respect to the weights: as [`crate::convolution::weight_gradient`], channel by channel.

use super::outer::DepthwiseOuter;
use crate::convolution::channels::Channels;
use crate::convolution::parts::Parts;
use crate::convolution::phase::Slices;
use crate::convolution::shape::Convolution;
use crate::convolution::source::Source;
use crate::convolution::unit::Unit;
use crate::scratch::with_scratch;
use crate::simd::dispatch;
use crate::values::Values;
use rayon::prelude::*;

/// Output pixels in a part at least, so that its sums are few against its pixels.
const PART_PIXELS: usize = 64;
/// Output channels in one task: few, so that what the sums go over again and again stays in the cache.
const TASK_CHANNELS: usize = 32;

/// Computes `grad_weight` from operands that are rounded already.
pub(in crate::convolution) fn weight_gradient(
    shape: &Convolution,
    x: &[f32],
    grad_out: &[f32],
    grad_weight: &mut [f32],
) {
    let (taps, outputs) = (shape.taps(), shape.group_channels()[1]);
    let part_len = shape.channels_out * taps;
    let parts = Parts::new(shape, PART_PIXELS, part_len);
    let per_task = ((TASK_CHANNELS / outputs).max(1) * outputs).min(shape.channels_out);
    // The last channels may be fewer than those of other tasks.
    let slices = [per_task, shape.channels_out % per_task].map(|channels| {
        let channels = Channels { read: channels, ..Channels::depthwise_forward(shape) };
        Slices::forward(shape, &channels, parts.together)
    });
    with_scratch(parts.count * part_len, |sums| {
        let tasks: Vec<Task<'_>> = sums
            .chunks_mut(part_len)
            .enumerate()
            .flat_map(|(part, sums)| {
                let tasks = sums.chunks_mut(per_task * taps).enumerate();
                tasks.map(move |(task, sums)| Task { part, first: task * per_task, sums })
            })
            .collect();
        tasks.into_par_iter().for_each(|task| {
            let whole = task.sums.len() == per_task * taps;
            task.run(shape, parts, &slices[usize::from(!whole)], x, grad_out);
        });
        let sums = &*sums;
        grad_weight.par_chunks_exact_mut(taps).enumerate().for_each(|(channel, gradient)| {
            let first = channel / per_task * per_task;
            let channels = per_task.min(shape.channels_out - first);
            for (tap, gradient) in gradient.iter_mut().enumerate() {
                let at = first * taps + tap * channels + (channel - first);
                *gradient = sums[at..].iter().step_by(part_len).sum();
            }
        });
    });
}

/// Some channels of a part.
struct Task<'a> {
    part: usize,
    /// The first output channel.
    first: usize,
    /// `[tap, channel]`.
    sums: &'a mut [f32],
}

impl Task<'_> {
    fn run(self, shape: &Convolution, parts: Parts, slices: &Slices, x: &[f32], grad_out: &[f32]) {
        let (Slices { stacks, phases }, channels_out) = (slices, shape.channels_out);
        let (phase, channels) = (&phases[0], stacks.plane.channels);
        let slice_len = phase.per_slice * channels_out;
        self.sums.fill(0.0);
        with_scratch(parts.together * stacks.len(), |planes| {
            with_scratch(parts.together * phase.per_slice * channels, |gradients| {
                for slices in parts.fills(self.part) {
                    stacks.fill(
                        Unit::Single,
                        Source::plain(Values::F32(x)),
                        slices.clone(),
                        self.first / shape.group_channels()[1],
                        planes,
                    );
                    // A copy of these channels is fetched at once, where the sums would wait for each pixel.
                    let pixels =
                        grad_out[slices.start * slice_len..slices.end * slice_len].chunks_exact(channels_out);
                    for (copy, pixel) in gradients.chunks_exact_mut(channels).zip(pixels) {
                        copy.copy_from_slice(&pixel[self.first..][..channels]);
                    }
                    dispatch(DepthwiseOuter {
                        source: planes,
                        pixels: &phase.pixels[..slices.len() * phase.per_slice],
                        starts: &phase.window.starts,
                        grad_out: gradients,
                        channels,
                        sums: &mut *self.sums,
                    });
                }
            });
        });
    }
}
