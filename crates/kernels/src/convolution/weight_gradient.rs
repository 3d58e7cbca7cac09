//! The gradient with respect to the weights.
//!
//! The output is cut into parts; each part's sum is made by itself and the sums are added in order, so the result does not
//! depend on the number of threads. Many small parts would need much memory when the weights are large; then the channels
//! are shared among tasks as well.

use super::channels::Channels;
use super::correlation::slices_per_task;
use super::outer::Outer;
use super::parts::Parts;
use super::phase::{Phase, Slices};
use super::pixel_pairs::PixelPairs;
use super::shape::Convolution;
use super::source::Source;
use super::stacks::Stacks;
use super::unit::Unit;
use super::{depthwise, winograd};
use crate::normalisation::OnLoad;
use crate::precision::Precision;
use crate::scratch::with_scratch;
use crate::simd::{LANES_MAX, dispatch};
use crate::values::Values;
use rayon::prelude::*;

/// Output pixels in a part at least, so that its sums are few against its pixels.
const PART_PIXELS: usize = 512;
/// Output channels in one task are a multiple of this.
const TASK_OUTPUTS: usize = 64;
/// Tasks that are wanted, at least, of those that the parts and groups do not make by themselves.
const TASKS_PER_THREAD: usize = 2;

/// Computes `grad_weight` from the gradient with respect to the output; `x` is normalised where it is read.
pub(super) fn weight_gradient(
    shape: &Convolution,
    precision: Precision,
    x: Values<'_>,
    on_load: Option<OnLoad<'_>>,
    grad_out: Values<'_>,
    grad_weight: &mut [f32],
) {
    shape.check(x.len(), grad_weight.len(), grad_out.len());
    let _span =
        shape.span("convolution, weight gradient", precision, [x.element_bytes(), grad_out.element_bytes()]);
    if shape.batch == 0 {
        return grad_weight.fill(0.0);
    }
    Source::with(shape, x, on_load, |x| {
        let shape = shape.flat();
        if winograd::suits(&shape, precision) {
            grad_out
                .settle(|grad_out| winograd::weight_gradient(&shape, precision, x, grad_out, grad_weight));
        } else if shape.is_depthwise() {
            x.settle(shape.slice_len(), |x| {
                grad_out.settle(|grad_out| {
                    precision.operands(x, grad_out, |x, grad_out| {
                        depthwise::weight_gradient(&shape, x, grad_out, grad_weight);
                    });
                });
            });
        } else {
            #[cfg(target_arch = "x86_64")]
            if super::weight_tiles::suits(&shape, precision) {
                return super::weight_tiles::weight_gradient(&shape, x, grad_out, grad_weight);
            }
            plain_sums(&shape, precision, x, grad_out, grad_weight);
        }
    });
}

/// Each sum as the formula has it.
fn plain_sums(
    shape: &Convolution,
    precision: Precision,
    x: Source<'_>,
    grad_out: Values<'_>,
    grad_weight: &mut [f32],
) {
    let channels = Channels::dense_forward(shape, Unit::Single);
    let slices = Slices::forward(shape, &channels, slices_per_task(shape.output_pixels()));
    let sums = Sums::new(shape, &slices);
    let pairs = PixelPairs::new(shape, &slices, precision);
    let rounded = if pairs.is_some() { Precision::F32 } else { precision };
    with_scratch(sums.parts.count * sums.len(), |parts| {
        let in_place = rounded == Precision::F32 && slices.stacks.plane.shows_pixels();
        match &pairs {
            Some(pairs) if in_place => sums.add_up(x, Gradients::InPairs(pairs, grad_out), parts),
            None if in_place => {
                grad_out.settle(|grad_out| sums.add_up(x, Gradients::OneByOne(grad_out), parts));
            }
            pairs => x.settle(shape.slice_len(), |x| {
                grad_out.settle(|grad_out| {
                    rounded.operands(x, grad_out, |x, grad_out| {
                        let gradients = match pairs {
                            Some(pairs) => Gradients::InPairs(pairs, Values::F32(grad_out)),
                            None => Gradients::OneByOne(grad_out),
                        };
                        sums.add_up(Source::plain(Values::F32(x)), gradients, parts);
                    });
                });
            }),
        }
        sums.collect(parts, grad_weight);
    });
}

/// The output gradients, as they are multiplied.
#[derive(Clone, Copy)]
enum Gradients<'a> {
    OneByOne(&'a [f32]),
    /// Two pixels at once.
    InPairs(&'a PixelPairs, Values<'a>),
}

/// Sums of outer products of windows and output gradients, `[output, run, run_stride]` for each part.
struct Sums<'a> {
    shape: &'a Convolution,
    stacks: &'a Stacks,
    phase: &'a Phase,
    parts: Parts,
    run_stride: usize,
    /// Floats of an output's sums.
    per_output: usize,
}

/// Some outputs of a group in one part.
struct Task<'a> {
    part: usize,
    group: usize,
    first_output: usize,
    sums: &'a mut [f32],
}

impl<'a> Sums<'a> {
    fn new(shape: &'a Convolution, slices: &'a Slices) -> Self {
        let (stacks, phase) = (&slices.stacks, &slices.phases[0]);
        let run_stride = phase.window.run_len.next_multiple_of(LANES_MAX);
        let per_output = phase.window.starts.len() * run_stride;
        let parts = Parts::new(shape, PART_PIXELS, shape.channels_out * per_output);
        Self { shape, stacks, phase, parts, run_stride, per_output }
    }

    /// Floats of a part's sums.
    fn len(&self) -> usize {
        self.shape.channels_out * self.per_output
    }

    /// Makes the sums of all parts.
    fn add_up(&self, x: Source<'_>, gradients: Gradients<'_>, sums: &mut [f32]) {
        let Self { shape, stacks, parts, per_output, .. } = *self;
        let [read, _] = shape.group_channels();
        let slice_len = shape.output_pixels() * shape.channels_out;
        let (pixels, per_slice) = match gradients {
            Gradients::OneByOne(_) => (&self.phase.pixels, self.phase.per_slice),
            Gradients::InPairs(pairs, _) => (&pairs.windows, pairs.per_slice),
        };
        self.tasks(sums).into_par_iter().for_each(|Task { part, group, first_output, sums }| {
            sums.fill(0.0);
            with_scratch(parts.together * stacks.len() + LANES_MAX, |planes| {
                for slices in parts.fills(part) {
                    let len = slices.len() * stacks.len();
                    let planes = &mut planes[..len + LANES_MAX];
                    let (here, behind) = planes.split_at_mut(len);
                    behind.fill(0.0);
                    let (from, len) = (slices.start * slice_len, slices.len() * slice_len);
                    let (first_channel, written) = (group * read, slices.len() * per_slice);
                    match gradients {
                        Gradients::OneByOne(_) => {
                            stacks.fill(Unit::Single, x, slices, first_channel, here);
                        }
                        Gradients::InPairs(PixelPairs { step, .. }, _) => {
                            stacks.fill_neighbours(*step, x, slices, first_channel, here);
                        }
                    }
                    let product = Outer {
                        source: planes,
                        pixels: &pixels[..written],
                        runs: &self.phase.window.starts,
                        run_stride: self.run_stride,
                        grad_out: &[],
                        outputs: shape.channels_out,
                        range: first_output..first_output + sums.len() / per_output,
                        sums: &mut *sums,
                    };
                    match gradients {
                        Gradients::OneByOne(grad_out) => {
                            dispatch(Outer { grad_out: &grad_out[from..][..len], ..product });
                        }
                        Gradients::InPairs(pairs, grad_out) => pairs.sum(grad_out.part(from, len), product),
                    }
                }
            });
        });
    }

    /// Each part's sums, shared among tasks: as few as keep all threads busy, since each fills its own stacks.
    fn tasks<'s>(&self, sums: &'s mut [f32]) -> Vec<Task<'s>> {
        let [per_group, per_output] = [self.shape.group_channels()[1], self.per_output];
        let wanted = TASKS_PER_THREAD * rayon::current_num_threads();
        let tasks = wanted.div_ceil(self.parts.count * self.shape.groups);
        let outputs = per_group.div_ceil(tasks).next_multiple_of(TASK_OUTPUTS);
        let mut tasks = Vec::new();
        for (part, sums) in sums.chunks_mut(self.len()).enumerate() {
            for (group, sums) in sums.chunks_mut(per_group * per_output).enumerate() {
                for (task, sums) in sums.chunks_mut(outputs * per_output).enumerate() {
                    let first_output = group * per_group + task * outputs;
                    tasks.push(Task { part, group, first_output, sums });
                }
            }
        }
        tasks
    }

    /// Adds the parts to the first one and writes the total in the order of the weights.
    fn collect(&self, sums: &mut [f32], grad_weight: &mut [f32]) {
        let (area, window) = (self.shape.taps(), &self.phase.window);
        let [channels, _] = self.shape.group_channels();
        let (first, others) = sums.split_at_mut(self.len());
        let others = &*others;
        grad_weight
            .par_chunks_exact_mut(channels * area)
            .zip(first.par_chunks_exact_mut(self.per_output))
            .enumerate()
            .for_each(|(output, (gradient, total))| {
                for sums in others.chunks_exact(self.len()) {
                    let sums = &sums[output * self.per_output..][..self.per_output];
                    for (total, sum) in total.iter_mut().zip(sums) {
                        *total += sum;
                    }
                }
                for (row, run) in window.rows.iter().zip(total.chunks_exact(self.run_stride)) {
                    for (column, pixel) in window.columns.iter().zip(run.chunks_exact(channels)) {
                        let taps = gradient[row + column..].iter_mut().step_by(area);
                        for (gradient, total) in taps.zip(pixel) {
                            *gradient = *total;
                        }
                    }
                }
            });
    }
}
