//! Two-dimensional convolution (cross-correlation) and its two gradients, channels last.
//!
//! All three are matrix products in disguise and none builds the unrolled matrix. An image is copied once into a
//! [padded plane](plane), in which the window of an output pixel is, for each kernel row, one contiguous run of
//! `kernel_w · channels` floats; so padding and stride are paid in the copy and the inner loops have no edges.
//!
//! - [`gather`] multiplies such windows with packed weights: the forward pass, and the input gradient as a
//!   correlation of the output gradient with the flipped, transposed weights. With stride `s` the input gradient
//!   splits into `s × s` phases, each a dense correlation with its own taps, so no multiplication by an inserted
//!   zero is made.
//! - [`outer`] sums outer products of windows and output gradients: the weight gradient.
//! - [`winograd`] computes all three for wide 3×3 kernels of stride 1, with fewer multiplications.
//!
//! In bfloat16, `gather_dot` multiplies [pairs of channels](unit) and `outer_dot` [pairs of pixels](pixel_pairs) where the
//! processor can, `gather_tiles` and `outer_tiles` do it in tile registers; elsewhere operands are rounded first.
//!
//! Dilation, groups and transposed convolution are left out.

mod forward;
mod gather;
#[cfg(target_arch = "x86_64")]
mod gather_dot;
#[cfg(target_arch = "x86_64")]
mod gather_tiles;
mod input_gradient;
mod outer;
#[cfg(target_arch = "x86_64")]
mod outer_dot;
#[cfg(target_arch = "x86_64")]
mod outer_tiles;
mod pack;
mod pixel_pairs;
mod plane;
#[cfg(test)]
mod twins;
mod unit;
mod weight_gradient;
mod winograd;

use crate::precision::Precision;
use crate::profile::{self, Span, Work};

pub use forward::conv2d_forward;
pub use input_gradient::conv2d_input_gradient;
pub use weight_gradient::conv2d_weight_gradient;

/// The shape of a two-dimensional convolution.
///
/// Activations are `[batch, height, width, channels]`, contiguous; weights are
/// `[channels_out, channels_in, kernel_h, kernel_w]` as `PyTorch` has them. The input is extended with `padding`
/// zeros on each side, and
///
/// `out[b, y, x, o] = Σ_{ky, kx, i} input[b, y·stride_h + ky − padding_h, x·stride_w + kx − padding_w, i] · weight[o, i, ky, kx]`.
///
/// ```
/// use autodidact_kernels::{Conv2d, Precision, conv2d_forward};
///
/// // A 2×2 box filter on a 3×3 image of one channel.
/// let shape = Conv2d::new([1, 3, 3], [1, 1], [2, 2], [1, 1], [0, 0]);
/// let image = [1.0, 2.0, 3.0, 4.0, 5.0, 6.0, 7.0, 8.0, 9.0];
/// let mut out = vec![0.0; shape.output_len()];
/// conv2d_forward(&shape, Precision::F32, &image, &[1.0; 4], &mut out);
/// assert_eq!(out, [12.0, 16.0, 24.0, 28.0]);
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Conv2d {
    pub(crate) batch: usize,
    pub(crate) height: usize,
    pub(crate) width: usize,
    pub(crate) channels_in: usize,
    pub(crate) channels_out: usize,
    pub(crate) kernel: [usize; 2],
    pub(crate) stride: [usize; 2],
    pub(crate) padding: [usize; 2],
}

impl Conv2d {
    /// A checked shape: `input` is `[batch, height, width]`, `channels` is `[channels_in, channels_out]`, and
    /// `kernel`, `stride` and `padding` are `[vertical, horizontal]`.
    ///
    /// # Panics
    /// If a size other than `batch` or `padding` is zero, or the kernel does not fit in the padded input.
    pub fn new(
        input: [usize; 3],
        channels: [usize; 2],
        kernel: [usize; 2],
        stride: [usize; 2],
        padding: [usize; 2],
    ) -> Self {
        let [batch, height, width] = input;
        let [channels_in, channels_out] = channels;
        for (name, sizes) in
            [("image", [height, width]), ("channels", channels), ("kernel", kernel), ("stride", stride)]
        {
            assert!(sizes[0] > 0 && sizes[1] > 0, "{name} is {sizes:?}, but every size must be at least 1");
        }
        assert!(
            kernel[0] <= height + 2 * padding[0] && kernel[1] <= width + 2 * padding[1],
            "a {kernel:?} kernel does not fit in a [{height}, {width}] image with padding {padding:?}"
        );
        Self { batch, height, width, channels_in, channels_out, kernel, stride, padding }
    }

    /// Images in the batch.
    pub fn batch(&self) -> usize {
        self.batch
    }

    /// Rows of an output image: `(height + 2·padding − kernel) / stride + 1`, rounded down.
    pub fn output_height(&self) -> usize {
        (self.height + 2 * self.padding[0] - self.kernel[0]) / self.stride[0] + 1
    }

    /// Columns of an output image.
    pub fn output_width(&self) -> usize {
        (self.width + 2 * self.padding[1] - self.kernel[1]) / self.stride[1] + 1
    }

    /// Floats in the input, `batch · height · width · channels_in`.
    pub fn input_len(&self) -> usize {
        self.batch * self.image_len()
    }

    /// Floats in the output, `batch · output_height · output_width · channels_out`.
    pub fn output_len(&self) -> usize {
        self.batch * self.output_pixels() * self.channels_out
    }

    /// Floats in the weights, `channels_out · channels_in · kernel_h · kernel_w`.
    pub fn weight_len(&self) -> usize {
        self.channels_out * self.channels_in * self.kernel[0] * self.kernel[1]
    }

    /// Multiplications and additions of one pass as a plain sum, the padding counted as if it were image.
    pub fn flops(&self) -> u64 {
        2 * self.weight_len() as u64 * (self.batch * self.output_pixels()) as u64
    }

    /// Records a pass in the profile.
    fn span(&self, name: &'static str, precision: Precision) -> Span {
        profile::span(name, || {
            let Self { batch, height, width, channels_in, channels_out, .. } = self;
            let ([kernel_h, kernel_w], [stride_h, stride_w]) = (self.kernel, self.stride);
            let stride = match self.stride {
                [1, 1] => String::new(),
                _ => format!(", stride {stride_h}×{stride_w}"),
            };
            let shape = format!(
                "{batch} of {height}×{width}, {channels_in} to {channels_out}, {kernel_h}×{kernel_w}{stride}"
            );
            let floats = self.input_len() + self.weight_len() + self.output_len();
            (shape, Work { flops: self.flops(), precision, ..Work::on_floats(floats) })
        })
    }

    fn image_len(&self) -> usize {
        self.height * self.width * self.channels_in
    }

    fn output_pixels(&self) -> usize {
        self.output_height() * self.output_width()
    }

    /// Checks the three slices of a pass against the shape.
    fn check(&self, input: usize, weight: usize, output: usize) {
        for (name, got, expected) in [
            ("input", input, self.input_len()),
            ("weight", weight, self.weight_len()),
            ("output", output, self.output_len()),
        ] {
            assert!(got == expected, "the {name} of {self:?} has {got} floats, expected {expected}");
        }
    }
}
