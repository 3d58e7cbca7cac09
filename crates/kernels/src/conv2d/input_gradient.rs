//! The gradient with respect to the input.
//!
//! `grad_x[y] = Σ_k grad_out[(y + padding − k) / stride] · weight[k]`, over those kernel positions `k` for which the
//! quotient is whole; the same along the other axis. Which positions those are depends only on the phase
//! `y mod stride`, so each phase is a dense correlation of the output gradient.

use super::Conv2d;
use super::forward::images_per_task;
use super::gather::{Gather, Pixel};
use super::pack::{Pieces, WeightView};
use super::plane::Plane;
use super::unit::Unit;
use super::winograd::{self, Turn};
use crate::precision::Precision;
use crate::scratch::with_scratch;
use rayon::prelude::*;

/// The input positions `start, start + stride, …` of one phase along one axis.
struct AxisPhase {
    start: usize,
    count: usize,
    /// The kernel positions that reach them, descending, so that their sources ascend one by one.
    taps: Vec<usize>,
    /// The output position that the first tap reads for the first input position; may lie outside the image.
    first_source: isize,
}

impl AxisPhase {
    fn all(size: usize, kernel: usize, stride: usize, padding: usize) -> Vec<Self> {
        (0..stride.min(size))
            .map(|start| {
                let taps: Vec<usize> =
                    (0..kernel).rev().filter(|tap| tap % stride == (start + padding) % stride).collect();
                let first_source = taps.first().map_or(0, |&tap| {
                    ((start + padding) as isize - tap as isize).div_euclid(stride as isize)
                });
                Self { start, count: (size - start).div_ceil(stride), taps, first_source }
            })
            .collect()
    }

    /// The first output position that any phase reads, and how many in a row.
    fn sources(phases: &[Self]) -> (isize, usize) {
        let used = || phases.iter().filter(|phase| !phase.taps.is_empty());
        let first = used().map(|phase| phase.first_source).min().unwrap_or(0);
        let end =
            used().map(|phase| phase.first_source + (phase.taps.len() + phase.count) as isize - 1).max();
        (first, end.map_or(1, |end| (end - first) as usize))
    }
}

/// One phase of both axes, ready to run on the planes of a task.
struct Phase<'a> {
    pieces: Pieces,
    pixels: Vec<Pixel>,
    view: WeightViewParts,
    axes: [&'a AxisPhase; 2],
}

/// The kernel rows and columns of a phase, as offsets into the weights.
struct WeightViewParts {
    rows: Vec<usize>,
    columns: Vec<usize>,
}

impl<'a> Phase<'a> {
    fn new(shape: &Conv2d, plane: &Plane, unit: Unit, axes: [&'a AxisPhase; 2], images: usize) -> Self {
        let offset = |axis: usize| (axes[axis].first_source - plane.origin[axis]) as usize;
        let starts: Vec<usize> =
            (0..axes[0].taps.len()).map(|row| row * plane.row_len() / unit.len()).collect();
        let mut pixels = Vec::with_capacity(images * axes[0].count * axes[1].count);
        for image in 0..images {
            for y in 0..axes[0].count {
                for x in 0..axes[1].count {
                    let row = image * shape.height + axes[0].start + y * shape.stride[0];
                    let source = image * plane.len()
                        + (offset(0) + y) * plane.row_len()
                        + (offset(1) + x) * plane.channels;
                    pixels.push(Pixel {
                        source: source / unit.len(),
                        target: row * shape.width + axes[1].start + x * shape.stride[1],
                    });
                }
            }
        }
        let view = WeightViewParts {
            rows: axes[0].taps.iter().map(|tap| tap * shape.kernel[1]).collect(),
            columns: axes[1].taps.clone(),
        };
        Self {
            pieces: Pieces::new(&starts, axes[1].taps.len() * plane.channels / unit.len()),
            pixels,
            view,
            axes,
        }
    }

    fn pixels_per_image(&self) -> usize {
        self.axes[0].count * self.axes[1].count
    }

    fn weight_view<'w>(&'w self, shape: &Conv2d, weight: &'w [f32]) -> WeightView<'w> {
        let area = shape.kernel[0] * shape.kernel[1];
        WeightView {
            weight,
            outputs: [shape.channels_in, area],
            channels: [shape.channels_out, shape.channels_in * area],
            rows: &self.view.rows,
            columns: &self.view.columns,
        }
    }
}

/// The gradient of a loss with respect to the input, from the one with respect to the output.
///
/// `grad_out` has the shape of the output, `grad_x` that of the input; it is overwritten. The result does not depend
/// on the number of threads.
///
/// # Panics
/// If a slice's length differs from what the shape says.
pub fn conv2d_input_gradient(
    shape: &Conv2d,
    precision: Precision,
    grad_out: &[f32],
    weight: &[f32],
    grad_x: &mut [f32],
) {
    shape.check(grad_x.len(), weight.len(), grad_out.len());
    let _span = shape.span("convolution, input gradient", precision);
    if shape.batch == 0 {
        return;
    }
    if let Some(mirror) = winograd::mirror(shape, precision) {
        return winograd::convolve(&mirror, precision, grad_out, weight, Turn::Backward, grad_x);
    }
    match Unit::new(precision, shape.channels_out) {
        Unit::Single => precision.operands(grad_out, weight, |grad_out, weight| {
            gather(shape, Unit::Single, grad_out, weight, grad_x);
        }),
        Unit::Pair => gather(shape, Unit::Pair, grad_out, weight, grad_x),
    }
}

fn gather(shape: &Conv2d, unit: Unit, grad_out: &[f32], weight: &[f32], grad_x: &mut [f32]) {
    let rows = AxisPhase::all(shape.height, shape.kernel[0], shape.stride[0], shape.padding[0]);
    let columns = AxisPhase::all(shape.width, shape.kernel[1], shape.stride[1], shape.padding[1]);
    let (first_row, plane_height) = AxisPhase::sources(&rows);
    let (first_column, plane_width) = AxisPhase::sources(&columns);
    let plane = Plane {
        image: [shape.output_height(), shape.output_width()],
        channels: shape.channels_out,
        origin: [first_row, first_column],
        step: [1, 1],
        size: [plane_height, plane_width],
    };
    let images = images_per_task(shape.height * shape.width);
    let phases: Vec<Phase<'_>> = rows
        .iter()
        .flat_map(|row| columns.iter().map(move |column| [row, column]))
        .filter(|axes| axes.iter().all(|axis| !axis.taps.is_empty()))
        .map(|axes| Phase::new(shape, &plane, unit, axes, images.min(shape.batch)))
        .collect();
    // Some input pixels are reached by no window when the stride exceeds the kernel.
    let reached: usize = phases.iter().map(Phase::pixels_per_image).sum();
    let unreached = reached < shape.height * shape.width;
    let views: Vec<WeightView<'_>> = phases.iter().map(|phase| phase.weight_view(shape, weight)).collect();
    with_scratch(views.iter().map(|view| view.packed_len(unit)).sum(), |packed| {
        let mut rest = packed;
        let mut packed: Vec<&[f32]> = Vec::with_capacity(views.len());
        for view in &views {
            let (weights, others) = rest.split_at_mut(view.packed_len(unit));
            view.pack(unit, weights);
            packed.push(weights);
            rest = others;
        }
        grad_out
            .par_chunks(images * shape.output_pixels() * shape.channels_out)
            .zip(grad_x.par_chunks_mut(images * shape.image_len()))
            .for_each(|(grad_out, grad_x)| {
                let images = grad_x.len() / shape.image_len();
                if unreached {
                    grad_x.fill(0.0);
                }
                plane.with_planes(grad_out, |planes| {
                    unit.with_source(planes, |source| {
                        for (phase, weight) in phases.iter().zip(&packed) {
                            unit.multiply(Gather {
                                source,
                                pixels: &phase.pixels[..images * phase.pixels_per_image()],
                                pieces: &phase.pieces,
                                weight,
                                outputs: shape.channels_in,
                                out: &mut *grad_x,
                            });
                        }
                    });
                });
            });
    });
}
