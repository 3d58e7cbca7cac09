//! The forward pass.

use super::Conv2d;
use super::gather::{Gather, Pixel};
use super::pack::{Pieces, WeightView};
use super::plane::Plane;
use super::unit::Unit;
use super::winograd::{self, Turn};
use crate::precision::Precision;
use crate::scratch::with_scratch;
use rayon::prelude::*;

/// Output pixels a task should have at least: enough to read the weights seldom, few enough to share the work.
const TASK_PIXELS: usize = 192;

/// Images in one task, from the shape alone.
pub(super) fn images_per_task(pixels_per_image: usize) -> usize {
    TASK_PIXELS.div_ceil(pixels_per_image)
}

impl Conv2d {
    /// The plane of an input image: exactly what the output pixels' windows cover.
    pub(super) fn input_plane(&self) -> Plane {
        let output = [self.output_height(), self.output_width()];
        let apart = self.windows_apart();
        Plane {
            image: [self.height, self.width],
            channels: self.channels_in,
            origin: self.padding.map(|padding| -(padding as isize)),
            step: [0, 1].map(|axis| self.stride[axis] / apart[axis]),
            size: [0, 1].map(|axis| (output[axis] - 1) * apart[axis] + self.kernel[axis]),
        }
    }

    /// Rows and columns of the plane between the windows of neighbouring output pixels. Where the kernel has one position
    /// along an axis, the plane leaves out what the stride passes over.
    pub(super) fn windows_apart(&self) -> [usize; 2] {
        [0, 1].map(|axis| if self.kernel[axis] == 1 { 1 } else { self.stride[axis] })
    }

    /// The output pixels of some images and their windows in the images' planes, counted in units.
    pub(super) fn output_windows(&self, plane: &Plane, unit: Unit, images: usize) -> Vec<Pixel> {
        let [height, width] = [self.output_height(), self.output_width()];
        let apart = self.windows_apart();
        (0..images * height * width)
            .map(|target| {
                let (image, y, x) = (target / (height * width), target / width % height, target % width);
                let source =
                    image * plane.len() + y * apart[0] * plane.row_len() + x * apart[1] * plane.channels;
                Pixel { source: source / unit.len(), target }
            })
            .collect()
    }
}

/// Convolves `x` with `weight` into `out`; shapes and formula at [`Conv2d`].
///
/// The result does not depend on the number of threads.
///
/// # Panics
/// If a slice's length differs from what the shape says.
pub fn conv2d_forward(shape: &Conv2d, precision: Precision, x: &[f32], weight: &[f32], out: &mut [f32]) {
    shape.check(x.len(), weight.len(), out.len());
    let _span = shape.span("convolution, forward", precision);
    if shape.batch == 0 {
        return;
    }
    if winograd::suits(shape, precision) {
        return winograd::convolve(shape, precision, x, weight, Turn::Forward, out);
    }
    match Unit::new(precision, shape.channels_in) {
        Unit::Single => precision.operands(x, weight, |x, weight| {
            gather(shape, Unit::Single, x, weight, out);
        }),
        Unit::Pair => gather(shape, Unit::Pair, x, weight, out),
    }
}

fn gather(shape: &Conv2d, unit: Unit, x: &[f32], weight: &[f32], out: &mut [f32]) {
    let [kernel_h, kernel_w] = shape.kernel;
    let plane = shape.input_plane();
    let rows: Vec<usize> = (0..kernel_h).collect();
    let row_starts: Vec<usize> = rows.iter().map(|row| row * plane.row_len() / unit.len()).collect();
    let pieces = Pieces::new(&row_starts, kernel_w * plane.channels / unit.len());
    let view = WeightView {
        weight,
        outputs: [shape.channels_out, shape.channels_in * kernel_h * kernel_w],
        channels: [shape.channels_in, kernel_h * kernel_w],
        rows: &rows.iter().map(|row| row * kernel_w).collect::<Vec<_>>(),
        columns: &(0..kernel_w).collect::<Vec<_>>(),
    };
    let images = images_per_task(shape.output_pixels());
    let pixels = shape.output_windows(&plane, unit, images.min(shape.batch));
    with_scratch(view.packed_len(unit), |packed| {
        view.pack(unit, packed);
        x.par_chunks(images * shape.image_len())
            .zip(out.par_chunks_mut(images * shape.output_pixels() * shape.channels_out))
            .for_each(|(x, out)| {
                let images = x.len() / shape.image_len();
                plane.with_planes(x, |planes| {
                    unit.with_source(planes, |source| {
                        unit.multiply(Gather {
                            source,
                            pixels: &pixels[..images * shape.output_pixels()],
                            pieces: &pieces,
                            weight: packed,
                            outputs: shape.channels_out,
                            out,
                        });
                    });
                });
            });
    });
}
