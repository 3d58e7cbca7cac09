//! Two axes.

use super::shape::Convolution;
use super::{forward, input_gradient, weight_gradient};
use crate::element::Element;
use crate::normalisation::OnLoad;
use crate::over::Over;
use crate::precision::Precision;
use crate::statistics::Statistics;

/// The shape of a two-dimensional convolution.
///
/// Activations are `[batch, height, width, channels]`, contiguous; weights are
/// `[channels_out, channels_in / groups, kernel_h, kernel_w]` as `PyTorch` has them. The input is extended with `padding`
/// zeros on each side, and
///
/// `out[b, y, x, o] = Σ_{ky, kx, i} input[b, y·stride_h + ky·dilation_h − padding_h, x·stride_w + kx·dilation_w − padding_w, g(o) + i] · weight[o, i, ky, kx]`,
///
/// where `g(o)` is the first input channel of the group that output channel `o` belongs to. Dilation and groups are one
/// unless they are given.
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
pub struct Conv2d(pub(crate) Convolution);

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
        Self(Convolution::new(batch, [height, width], channels, kernel, stride, padding))
    }

    /// With kernel positions that are `dilation` pixels apart, `[vertical, horizontal]`: a kernel then reaches over
    /// `(kernel − 1) · dilation + 1` pixels.
    ///
    /// ```
    /// use autodidact_kernels::{Conv2d, Precision, conv2d_forward};
    ///
    /// // The differences of pixels that are two columns apart.
    /// let shape = Conv2d::new([1, 1, 4], [1, 1], [1, 2], [1, 1], [0, 0]).with_dilation([1, 2]);
    /// let mut out = [0.0; 2];
    /// conv2d_forward(&shape, Precision::F32, &[1.0, 2.0, 4.0, 8.0], &[-1.0, 1.0], &mut out);
    /// assert_eq!(out, [3.0, 6.0]);
    /// ```
    ///
    /// # Panics
    /// If a dilation is zero, or the dilated kernel does not fit in the padded input.
    pub fn with_dilation(self, dilation: [usize; 2]) -> Self {
        Self(self.0.with_dilation(dilation))
    }

    /// With channels in so many groups, one after the other: output channel `o` sums over the input channels of its group,
    /// `⌊o · groups / channels_out⌋`, alone. As many groups as input channels make a *depthwise* convolution.
    ///
    /// ```
    /// use autodidact_kernels::{Conv2d, Precision, conv2d_forward};
    ///
    /// // Each of two channels is scaled by itself.
    /// let shape = Conv2d::new([1, 1, 2], [2, 2], [1, 1], [1, 1], [0, 0]).with_groups(2);
    /// let mut out = [0.0; 4];
    /// conv2d_forward(&shape, Precision::F32, &[1.0, 2.0, 3.0, 4.0], &[10.0, 100.0], &mut out);
    /// assert_eq!(out, [10.0, 200.0, 30.0, 400.0]);
    /// ```
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

    /// Rows of an output image: `(height + 2·padding − (kernel − 1)·dilation − 1) / stride + 1`, rounded down.
    pub fn output_height(&self) -> usize {
        self.0.output()[1]
    }

    /// Columns of an output image.
    pub fn output_width(&self) -> usize {
        self.0.output()[2]
    }

    /// Floats in the input, `batch · height · width · channels_in`.
    pub fn input_len(&self) -> usize {
        self.0.input_len()
    }

    /// Floats in the output, `batch · output_height · output_width · channels_out`.
    pub fn output_len(&self) -> usize {
        self.0.output_len()
    }

    /// Floats in the weights, `channels_out · channels_in / groups · kernel_h · kernel_w`.
    pub fn weight_len(&self) -> usize {
        self.0.weight_len()
    }

    /// Multiplications and additions of one pass as a plain sum, the padding counted as if it were image.
    pub fn flops(&self) -> u64 {
        self.0.flops()
    }
}

/// Convolves `x` with `weight` into `out`; shapes and formula at [`Conv2d`].
///
/// The result does not depend on the number of threads.
///
/// # Panics
/// If a slice's length differs from what the shape says.
pub fn conv2d_forward<X: Element, Y: Element>(
    shape: &Conv2d,
    precision: Precision,
    x: &[X],
    weight: &[f32],
    out: &mut [Y],
) {
    forward::forward(&shape.0, precision, X::values(x), None, weight, Over::Nothing, Y::values_mut(out));
}

/// The gradient of a loss with respect to the input, from the one with respect to the output.
///
/// `grad_out` has the shape of the output, `grad_x` that of the input; it is overwritten. The result does not depend
/// on the number of threads.
///
/// # Panics
/// If a slice's length differs from what the shape says.
pub fn conv2d_input_gradient<X: Element, Y: Element>(
    shape: &Conv2d,
    precision: Precision,
    grad_out: &[Y],
    weight: &[f32],
    grad_x: &mut [X],
) {
    input_gradient::input_gradient(&shape.0, precision, Y::values(grad_out), weight, X::values_mut(grad_x));
}

/// The gradient of a loss with respect to the weights, from the one with respect to the output.
///
/// `x` has the shape of the input, `grad_out` that of the output, `grad_weight` that of the weights; it is
/// overwritten. The result does not depend on the number of threads.
///
/// # Panics
/// If a slice's length differs from what the shape says.
pub fn conv2d_weight_gradient<X: Element, Y: Element>(
    shape: &Conv2d,
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

/// [`conv2d_forward`] of an input that is normalised where it is read, if so wanted, and the statistics of the output, taken
/// while it is in the cache.
///
/// `on_load` normalises `x` with all the positions of an image as its `spatial` ones.
///
/// # Panics
/// If a slice's length differs from what the shape says, statistics are of nothing, or groups are not equal.
pub fn conv2d_normalised_forward<X: Element, Y: Element>(
    shape: &Conv2d,
    precision: Precision,
    x: &[X],
    on_load: Option<OnLoad<'_>>,
    weight: &[f32],
    over: Over,
    out: &mut [Y],
) -> Statistics {
    forward::forward(&shape.0, precision, X::values(x), on_load, weight, over, Y::values_mut(out))
}

/// [`conv2d_weight_gradient`] for an input that is normalised where it is read.
///
/// # Panics
/// If a slice's length differs from what the shape says, or groups are not equal.
pub fn conv2d_normalised_weight_gradient<X: Element, Y: Element>(
    shape: &Conv2d,
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
