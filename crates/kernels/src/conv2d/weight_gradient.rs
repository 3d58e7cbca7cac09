//! The gradient with respect to the weights.
//!
//! The batch is cut into groups of images, from the shape alone; each group's sum is made by itself and the sums are
//! added in order, so the result does not depend on the number of threads. Many small groups would need much memory
//! when the weights are large; then the channels are shared among tasks as well.

use super::Conv2d;
use super::forward::images_per_task;
use super::outer::Outer;
use super::pixel_pairs::PixelPairs;
use super::unit::Unit;
use super::winograd;
use crate::precision::Precision;
use crate::scratch::with_scratch;
use crate::simd::{LANES_MAX, dispatch};
use rayon::prelude::*;

/// Groups of images at most.
const GROUPS_MAX: usize = 64;
/// Output pixels in a group at least, so that the sums of the groups are few against the pixels.
const GROUP_PIXELS: usize = 512;
/// Floats that the groups' sums may take together (16 MiB), if there is more than one.
const SUMS_MAX: usize = 1 << 22;
/// Output channels in one task.
const TASK_OUTPUTS: usize = 64;

/// The gradient of a loss with respect to the weights, from the one with respect to the output.
///
/// `x` has the shape of the input, `grad_out` that of the output, `grad_weight` that of the weights; it is
/// overwritten. The result does not depend on the number of threads.
///
/// # Panics
/// If a slice's length differs from what the shape says.
pub fn conv2d_weight_gradient(
    shape: &Conv2d,
    precision: Precision,
    x: &[f32],
    grad_out: &[f32],
    grad_weight: &mut [f32],
) {
    shape.check(x.len(), grad_weight.len(), grad_out.len());
    let _span = shape.span("convolution, weight gradient", precision);
    if shape.batch > 0 && winograd::suits(shape, precision) {
        return winograd::weight_gradient(shape, precision, x, grad_out, grad_weight);
    }
    match PixelPairs::new(shape, &shape.input_plane(), precision) {
        None => precision.operands(x, grad_out, |x, grad_out| outer(shape, None, x, grad_out, grad_weight)),
        Some(pairs) => outer(shape, Some(&pairs), x, grad_out, grad_weight),
    }
}

fn outer(shape: &Conv2d, pairs: Option<&PixelPairs>, x: &[f32], grad_out: &[f32], grad_weight: &mut [f32]) {
    let [kernel_h, kernel_w] = shape.kernel;
    let plane = shape.input_plane();
    let runs: Vec<usize> = (0..kernel_h).map(|row| row * plane.row_len()).collect();
    let run_stride = (kernel_w * shape.channels_in).next_multiple_of(LANES_MAX);
    let sums_per_output = kernel_h * run_stride;
    let sums_len = shape.channels_out * sums_per_output;
    let groups_max = (SUMS_MAX / sums_len).clamp(1, GROUPS_MAX);
    let images_min = GROUP_PIXELS.div_ceil(shape.output_pixels());
    let images_per_group = shape.batch.div_ceil(groups_max).max(images_min);
    let groups = shape.batch.div_ceil(images_per_group);
    let images_per_fill = images_per_task(shape.output_pixels()).min(images_per_group);
    let pixels = match pairs {
        None => shape.output_windows(&plane, Unit::Single, images_per_fill),
        Some(pairs) => pairs.windows(images_per_fill),
    };
    let pixels_per_image = pixels.len() / images_per_fill;
    with_scratch(groups * sums_len, |sums| {
        let tasks: Vec<(usize, usize, &mut [f32])> = sums
            .chunks_mut(sums_len)
            .enumerate()
            .flat_map(|(group, sums)| {
                let tasks = sums.chunks_mut(TASK_OUTPUTS * sums_per_output).enumerate();
                tasks.map(move |(task, sums)| (group, task * TASK_OUTPUTS, sums))
            })
            .collect();
        tasks.into_par_iter().for_each(|(group, first_output, sums)| {
            let images = group * images_per_group..shape.batch.min((group + 1) * images_per_group);
            let x = &x[images.start * shape.image_len()..images.end * shape.image_len()];
            let pixel_floats = shape.output_pixels() * shape.channels_out;
            let grad_out = &grad_out[images.start * pixel_floats..images.end * pixel_floats];
            sums.fill(0.0);
            with_scratch(plane.reserve(images_per_fill), |planes| {
                for (x, grad_out) in x
                    .chunks(images_per_fill * shape.image_len())
                    .zip(grad_out.chunks(images_per_fill * pixel_floats))
                {
                    plane.fill(x, planes);
                    let images = grad_out.len() / pixel_floats;
                    let product = Outer {
                        source: planes,
                        pixels: &pixels[..images * pixels_per_image],
                        runs: &runs,
                        run_stride,
                        grad_out,
                        outputs: shape.channels_out,
                        range: first_output..first_output + sums.len() / sums_per_output,
                        sums: &mut *sums,
                    };
                    match pairs {
                        None => dispatch(product),
                        Some(pairs) => pairs.sum(product),
                    }
                }
            });
        });
        let fan_in = shape.channels_in * kernel_h * kernel_w;
        let (first, others) = sums.split_at_mut(sums_len.min(sums.len()));
        let others = &*others;
        if groups == 0 {
            grad_weight.fill(0.0);
            return;
        }
        grad_weight
            .par_chunks_exact_mut(fan_in)
            .zip(first.par_chunks_exact_mut(sums_per_output))
            .enumerate()
            .for_each(|(output, (gradient, total))| {
                for sums in others.chunks_exact(sums_len) {
                    let sums = &sums[output * sums_per_output..][..sums_per_output];
                    for (total, sum) in total.iter_mut().zip(sums) {
                        *total += sum;
                    }
                }
                for (row, run) in total.chunks_exact(run_stride).enumerate() {
                    for (column, pixel) in run.chunks_exact(shape.channels_in).take(kernel_w).enumerate() {
                        let tap = row * kernel_w + column;
                        let taps = gradient[tap..].iter_mut().step_by(kernel_h * kernel_w);
                        for (gradient, total) in taps.zip(pixel) {
                            *gradient = *total;
                        }
                    }
                }
            });
    });
}
