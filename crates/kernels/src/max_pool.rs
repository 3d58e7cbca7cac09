//! The largest value of a sliding window, per channel.

use crate::check::check_len;
use crate::simd::dispatch;
use pulp::{Simd, WithSimd};
use rayon::prelude::*;

/// The shape of a two-dimensional max pooling over `[batch, height, width, channels]`.
///
/// ```
/// use autodidact_kernels::{MaxPool2d, max_pool2d_backward, max_pool2d_forward};
///
/// let shape = MaxPool2d::new([1, 2, 3], 1, [2, 2], [1, 1], [0, 0]);
/// let (mut out, mut indices) = ([0.0; 2], [0; 2]);
/// max_pool2d_forward(&shape, &[1.0, 2.0, 3.0, 4.0, 6.0, 5.0], &mut out, &mut indices);
/// assert_eq!((out, indices), ([6.0, 6.0], [4, 4]));
/// let mut grad_x = [0.0; 6];
/// max_pool2d_backward(&shape, &indices, &[0.5, 0.25], &mut grad_x);
/// assert_eq!(grad_x, [0.0, 0.0, 0.0, 0.0, 0.75, 0.0]);
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct MaxPool2d {
    batch: usize,
    height: usize,
    width: usize,
    channels: usize,
    kernel: [usize; 2],
    stride: [usize; 2],
    padding: [usize; 2],
}

impl MaxPool2d {
    /// A checked shape: `input` is `[batch, height, width]`; `kernel`, `stride` and `padding` are
    /// `[vertical, horizontal]`.
    ///
    /// # Panics
    /// If a size other than `batch` or `padding` is zero, the kernel does not fit in the padded input, the padding
    /// exceeds half the kernel (a window could then lie outside the image), or an image has 2³² pixels or more.
    pub fn new(
        input: [usize; 3],
        channels: usize,
        kernel: [usize; 2],
        stride: [usize; 2],
        padding: [usize; 2],
    ) -> Self {
        let [batch, height, width] = input;
        for (name, size) in [("height", height), ("width", width), ("channels", channels)] {
            assert!(size > 0, "{name} is 0, but must be at least 1");
        }
        assert!(u32::try_from(height * width).is_ok(), "an image of [{height}, {width}] has too many pixels");
        for (axis, size) in [height, width].into_iter().enumerate() {
            let (kernel, stride, padding) = (kernel[axis], stride[axis], padding[axis]);
            assert!(
                kernel > 0 && stride > 0,
                "kernel {kernel} and stride {stride} must be at least 1 on axis {axis}"
            );
            assert!(
                2 * padding <= kernel,
                "padding {padding} exceeds half the kernel {kernel} on axis {axis}"
            );
            assert!(
                kernel <= size + 2 * padding,
                "kernel {kernel} does not fit in {size} with padding {padding} on axis {axis}"
            );
        }
        Self { batch, height, width, channels, kernel, stride, padding }
    }

    /// Rows of an output image: `(height + 2·padding − kernel) / stride + 1`, rounded down.
    pub fn output_height(&self) -> usize {
        (self.height + 2 * self.padding[0] - self.kernel[0]) / self.stride[0] + 1
    }

    /// Columns of an output image.
    pub fn output_width(&self) -> usize {
        (self.width + 2 * self.padding[1] - self.kernel[1]) / self.stride[1] + 1
    }

    fn input_shape(&self) -> [usize; 4] {
        [self.batch, self.height, self.width, self.channels]
    }

    fn output_shape(&self) -> [usize; 4] {
        [self.batch, self.output_height(), self.output_width(), self.channels]
    }
}

/// The largest value of each window and channel.
///
/// `x` is `[batch, height, width, channels]`; `out` and `indices` are
/// `[batch, output_height, output_width, channels]`. An index is the place `y · width + x` of the value in its image.
/// The first of equal values is taken, padding never is, and NaN counts as largest.
///
/// # Panics
/// If a slice's length differs from the shapes above.
pub fn max_pool2d_forward(shape: &MaxPool2d, x: &[f32], out: &mut [f32], indices: &mut [u32]) {
    check_len("x", x.len(), &shape.input_shape());
    check_len("out", out.len(), &shape.output_shape());
    check_len("indices", indices.len(), &shape.output_shape());
    let image_out = shape.output_height() * shape.output_width() * shape.channels;
    x.par_chunks_exact(shape.height * shape.width * shape.channels)
        .zip(out.par_chunks_exact_mut(image_out))
        .zip(indices.par_chunks_exact_mut(image_out))
        .for_each(|((x, out), indices)| dispatch(ImageForward { shape, x, out, indices }));
}

/// The gradient of [`max_pool2d_forward`]: each output gradient is added at the place its value came from.
///
/// `indices` is what the forward pass wrote; `grad_out` has the shape of the output, `grad_x` that of the input; it is
/// overwritten.
///
/// # Panics
/// If a slice's length differs from those shapes, or an index lies outside the image.
pub fn max_pool2d_backward(shape: &MaxPool2d, indices: &[u32], grad_out: &[f32], grad_x: &mut [f32]) {
    check_len("indices", indices.len(), &shape.output_shape());
    check_len("grad_out", grad_out.len(), &shape.output_shape());
    check_len("grad_x", grad_x.len(), &shape.input_shape());
    let image_out = shape.output_height() * shape.output_width() * shape.channels;
    let channels = shape.channels;
    grad_x
        .par_chunks_exact_mut(shape.height * shape.width * channels)
        .zip(grad_out.par_chunks_exact(image_out))
        .zip(indices.par_chunks_exact(image_out))
        .for_each(|((grad_x, grad_out), indices)| {
            grad_x.fill(0.0);
            let pixels = grad_out.chunks_exact(channels).zip(indices.chunks_exact(channels));
            for (grad_out, indices) in pixels {
                for (channel, (grad_out, &index)) in grad_out.iter().zip(indices).enumerate() {
                    grad_x[index as usize * channels + channel] += grad_out;
                }
            }
        });
}

struct ImageForward<'a> {
    shape: &'a MaxPool2d,
    x: &'a [f32],
    out: &'a mut [f32],
    indices: &'a mut [u32],
}

impl WithSimd for ImageForward<'_> {
    type Output = ();

    // Plain loops over the channels: the compiler makes vectors of them in the instructions dispatched to.
    #[inline(always)]
    fn with_simd<S: Simd>(self, _simd: S) {
        let MaxPool2d { height, width, channels, kernel, stride, padding, .. } = *self.shape;
        let pixels = self.out.chunks_exact_mut(channels).zip(self.indices.chunks_exact_mut(channels));
        for (pixel, (out, indices)) in pixels.enumerate() {
            let (y, x) = (pixel / self.shape.output_width(), pixel % self.shape.output_width());
            let (top, left) = (y * stride[0], x * stride[1]);
            let rows = top.max(padding[0]) - padding[0]..(top + kernel[0] - padding[0]).min(height);
            let columns = left.max(padding[1]) - padding[1]..(left + kernel[1] - padding[1]).min(width);
            out.fill(f32::NEG_INFINITY);
            indices.fill((rows.start * width + columns.start) as u32);
            for row in rows {
                for column in columns.clone() {
                    let index = row * width + column;
                    let values = &self.x[index * channels..][..channels];
                    for ((out, place), &value) in out.iter_mut().zip(indices.iter_mut()).zip(values) {
                        let larger = value > *out || value.is_nan();
                        *out = if larger { value } else { *out };
                        *place = if larger { index as u32 } else { *place };
                    }
                }
            }
        }
    }
}
