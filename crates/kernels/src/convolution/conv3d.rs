//! Three axes.

use super::shape::Convolution;
use super::{forward, input_gradient, weight_gradient};
use crate::element::Element;
use crate::normalisation::OnLoad;
use crate::over::Over;
use crate::precision::Precision;
use crate::statistics::Statistics;

/// The shape of a three-dimensional convolution.
///
/// Activations are `[batch, depth, height, width, channels]`, contiguous; weights are
/// `[channels_out, channels_in / groups, kernel_d, kernel_h, kernel_w]` as `PyTorch` has them. The formula is that of
/// [`Conv2d`](crate::Conv2d) with one axis more:
///
/// `out[b, z, y, x, o] = Σ_{kz, ky, kx, i} input[b, z·stride_d + kz·dilation_d − padding_d, …, g(o) + i] · weight[o, i, kz, ky, kx]`.
///
/// ```
/// use autodidact_kernels::{Conv3d, Precision, conv3d_forward};
///
/// // Differences of neighbouring frames, of two pixels each.
/// let shape = Conv3d::new([1, 3, 1, 2], [1, 1], [2, 1, 1], [1; 3], [0; 3]);
/// let video = [1.0, 2.0, 3.0, 5.0, 8.0, 13.0];
/// let mut out = vec![0.0; shape.output_len()];
/// conv3d_forward(&shape, Precision::F32, &video, &[-1.0, 1.0], &mut out);
/// assert_eq!(out, [2.0, 3.0, 5.0, 8.0]);
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Conv3d(pub(crate) Convolution);

impl Conv3d {
    /// A checked shape: `input` is `[batch, depth, height, width]`, `channels` is `[channels_in, channels_out]`, and
    /// `kernel`, `stride` and `padding` are in the order of the axes. Dilation and groups are one.
    ///
    /// # Panics
    /// If a size other than `batch` or `padding` is zero, or the kernel does not fit in the padded input.
    pub fn new(
        input: [usize; 4],
        channels: [usize; 2],
        kernel: [usize; 3],
        stride: [usize; 3],
        padding: [usize; 3],
    ) -> Self {
        let [batch, depth, height, width] = input;
        Self(Convolution::new(batch, [depth, height, width], channels, kernel, stride, padding))
    }

    /// As [`Conv2d::with_dilation`](crate::Conv2d::with_dilation).
    ///
    /// # Panics
    /// If a dilation is zero, or the dilated kernel does not fit in the padded input.
    pub fn with_dilation(self, dilation: [usize; 3]) -> Self {
        Self(self.0.with_dilation(dilation))
    }

    /// As [`Conv2d::with_groups`](crate::Conv2d::with_groups).
    ///
    /// # Panics
    /// If `groups` is zero or does not divide both numbers of channels.
    pub fn with_groups(self, groups: usize) -> Self {
        Self(self.0.with_groups(groups))
    }

    /// Images in the batch.
    pub fn batch(&self) -> usize {
        self.0.batch
    }

    /// Slices, rows and columns of an output image: `(size + 2·padding − (kernel − 1)·dilation − 1) / stride + 1` each, rounded
    /// down.
    pub fn output_size(&self) -> [usize; 3] {
        self.0.output()
    }

    /// Floats in the input, `batch · depth · height · width · channels_in`.
    pub fn input_len(&self) -> usize {
        self.0.input_len()
    }

    /// Floats in the output, as the input's with the output's sizes and `channels_out`.
    pub fn output_len(&self) -> usize {
        self.0.output_len()
    }

    /// Floats in the weights, `channels_out · channels_in / groups · kernel_d · kernel_h · kernel_w`.
    pub fn weight_len(&self) -> usize {
        self.0.weight_len()
    }

    /// Multiplications and additions of one pass as a plain sum, the padding counted as if it were image.
    pub fn flops(&self) -> u64 {
        self.0.flops()
    }
}

/// Convolves `x` with `weight` into `out`; shapes and formula at [`Conv3d`].
///
/// The result does not depend on the number of threads.
///
/// # Panics
/// If a slice's length differs from what the shape says.
pub fn conv3d_forward<X: Element, Y: Element>(
    shape: &Conv3d,
    precision: Precision,
    x: &[X],
    weight: &[f32],
    out: &mut [Y],
) {
    forward::forward(&shape.0, precision, X::values(x), None, weight, Over::Nothing, Y::values_mut(out));
}

/// The gradient of a loss with respect to the input, as [`conv2d_input_gradient`](crate::conv2d_input_gradient).
///
/// # Panics
/// If a slice's length differs from what the shape says.
pub fn conv3d_input_gradient<X: Element, Y: Element>(
    shape: &Conv3d,
    precision: Precision,
    grad_out: &[Y],
    weight: &[f32],
    grad_x: &mut [X],
) {
    input_gradient::input_gradient(&shape.0, precision, Y::values(grad_out), weight, X::values_mut(grad_x));
}

/// The gradient of a loss with respect to the weights, as [`conv2d_weight_gradient`](crate::conv2d_weight_gradient).
///
/// # Panics
/// If a slice's length differs from what the shape says.
pub fn conv3d_weight_gradient<X: Element, Y: Element>(
    shape: &Conv3d,
    precision: Precision,
    x: &[X],
    grad_out: &[Y],
    grad_weight: &mut [f32],
) {
    weight_gradient::weight_gradient(
        &shape.0,
        precision,
        X::values(x),
        None,
        Y::values(grad_out),
        grad_weight,
    );
}

/// [`conv3d_forward`] of an input that is normalised where it is read, if so wanted, and the statistics of the output, taken
/// while it is in the cache.
///
/// `on_load` normalises `x` with all the positions of an image as its `spatial` ones.
///
/// # Panics
/// If a slice's length differs from what the shape says, statistics are of nothing, or groups are not equal.
pub fn conv3d_normalised_forward<X: Element, Y: Element>(
    shape: &Conv3d,
    precision: Precision,
    x: &[X],
    on_load: Option<OnLoad<'_>>,
    weight: &[f32],
    over: Over,
    out: &mut [Y],
) -> Statistics {
    forward::forward(&shape.0, precision, X::values(x), on_load, weight, over, Y::values_mut(out))
}

/// [`conv3d_weight_gradient`] for an input that is normalised where it is read.
///
/// # Panics
/// If a slice's length differs from what the shape says, or groups are not equal.
pub fn conv3d_normalised_weight_gradient<X: Element, Y: Element>(
    shape: &Conv3d,
    precision: Precision,
    x: &[X],
    on_load: Option<OnLoad<'_>>,
    grad_out: &[Y],
    grad_weight: &mut [f32],
) {
    weight_gradient::weight_gradient(
        &shape.0,
        precision,
        X::values(x),
        on_load,
        Y::values(grad_out),
        grad_weight,
    );
}
