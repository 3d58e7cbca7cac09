//! The operations as a backend extension: one trait that each device implements.
//!
//! The default bodies compose Burn's own primitives ([`super::composed`]), so a GPU works without
//! kernels of ours; the CPU overrides them ([`super::cpu`]); gradients are written by hand
//! ([`super::differentiate`]).

use burn::backend::{Backend, backend_extension, tensor::FloatTensor};

use super::composed;
use crate::Precision;

/// Training operations on channels-last activations. Shapes are in [`super`]'s public functions.
#[cfg_attr(feature = "cuda", backend_extension(Flex, Cube, Autodiff))]
#[cfg_attr(not(feature = "cuda"), backend_extension(Flex, Autodiff))]
pub trait TrainingOps: Backend {
    /// Matrix product of two matrices, transposed where asked, operands in the given precision, the result in that of `a`.
    fn nn_product(
        a: FloatTensor<Self>,
        b: FloatTensor<Self>,
        transposed: [bool; 2],
        precision: Precision,
    ) -> FloatTensor<Self> {
        composed::product::<Self>(a, b, transposed, precision)
    }

    /// Convolution, `[N, H, W, Ci]` by `[Co, Ci, kh, kw]`, operands in the given precision, the result in that of `x`.
    fn nn_conv2d(
        x: FloatTensor<Self>,
        weight: FloatTensor<Self>,
        stride: [usize; 2],
        padding: [usize; 2],
        precision: Precision,
    ) -> FloatTensor<Self> {
        composed::conv2d::<Self>(x, weight, stride, padding, precision)
    }

    /// Gradient of [`TrainingOps::nn_conv2d`] with respect to `x`.
    fn nn_conv2d_input_gradient(
        x: FloatTensor<Self>,
        weight: FloatTensor<Self>,
        output_gradient: FloatTensor<Self>,
        stride: [usize; 2],
        padding: [usize; 2],
        precision: Precision,
    ) -> FloatTensor<Self> {
        composed::conv2d_input_gradient::<Self>(x, weight, output_gradient, stride, padding, precision)
    }

    /// Gradient of [`TrainingOps::nn_conv2d`] with respect to `weight`.
    fn nn_conv2d_weight_gradient(
        x: FloatTensor<Self>,
        weight: FloatTensor<Self>,
        output_gradient: FloatTensor<Self>,
        stride: [usize; 2],
        padding: [usize; 2],
        precision: Precision,
    ) -> FloatTensor<Self> {
        composed::conv2d_weight_gradient::<Self>(x, weight, output_gradient, stride, padding, precision)
    }

    /// Batch norm with the batch's own statistics on `[rows, C]`: output, mean, biased variance.
    fn nn_batch_norm(
        x: FloatTensor<Self>,
        gamma: FloatTensor<Self>,
        beta: FloatTensor<Self>,
        epsilon: f64,
        relu: bool,
    ) -> (FloatTensor<Self>, FloatTensor<Self>, FloatTensor<Self>) {
        composed::batch_norm::<Self>(x, gamma, beta, epsilon, relu)
    }

    /// Gradients of [`TrainingOps::nn_batch_norm`] with respect to `x`, `gamma`, `beta`.
    #[allow(clippy::too_many_arguments)]
    fn nn_batch_norm_gradient(
        x: FloatTensor<Self>,
        gamma: FloatTensor<Self>,
        beta: FloatTensor<Self>,
        mean: FloatTensor<Self>,
        variance: FloatTensor<Self>,
        epsilon: f64,
        relu: bool,
        output_gradient: FloatTensor<Self>,
    ) -> (FloatTensor<Self>, FloatTensor<Self>, FloatTensor<Self>) {
        composed::batch_norm_gradient::<Self>(x, gamma, beta, mean, variance, epsilon, relu, output_gradient)
    }

    /// Group norm on `[N, spatial, C]`: output, mean and biased variance, both `[N * groups]`.
    fn nn_group_norm(
        x: FloatTensor<Self>,
        gamma: FloatTensor<Self>,
        beta: FloatTensor<Self>,
        groups: usize,
        epsilon: f64,
        relu: bool,
    ) -> (FloatTensor<Self>, FloatTensor<Self>, FloatTensor<Self>) {
        composed::group_norm::<Self>(x, gamma, beta, groups, epsilon, relu)
    }

    /// Gradients of [`TrainingOps::nn_group_norm`] with respect to `x`, `gamma`, `beta`.
    #[allow(clippy::too_many_arguments)]
    fn nn_group_norm_gradient(
        x: FloatTensor<Self>,
        gamma: FloatTensor<Self>,
        beta: FloatTensor<Self>,
        mean: FloatTensor<Self>,
        variance: FloatTensor<Self>,
        groups: usize,
        epsilon: f64,
        relu: bool,
        output_gradient: FloatTensor<Self>,
    ) -> (FloatTensor<Self>, FloatTensor<Self>, FloatTensor<Self>) {
        composed::group_norm_gradient::<Self>(
            x,
            gamma,
            beta,
            mean,
            variance,
            groups,
            epsilon,
            relu,
            output_gradient,
        )
    }

    /// `scale · x + shift` per channel of `[rows, C]`, then ReLU if asked.
    fn nn_scale_shift(
        x: FloatTensor<Self>,
        scale: FloatTensor<Self>,
        shift: FloatTensor<Self>,
        relu: bool,
    ) -> FloatTensor<Self> {
        composed::scale_shift_relu::<Self>(x, scale, shift, relu)
    }

    /// Gradients of [`TrainingOps::nn_scale_shift`] with respect to `x`, `scale`, `shift`.
    fn nn_scale_shift_gradient(
        x: FloatTensor<Self>,
        scale: FloatTensor<Self>,
        shift: FloatTensor<Self>,
        relu: bool,
        output_gradient: FloatTensor<Self>,
    ) -> (FloatTensor<Self>, FloatTensor<Self>, FloatTensor<Self>) {
        composed::scale_shift_relu_gradient::<Self>(x, scale, shift, relu, output_gradient)
    }

    /// Mean of `[N, spatial, C]` over its positions, `[N, C]`.
    fn nn_average_pool(x: FloatTensor<Self>) -> FloatTensor<Self> {
        composed::average_pool::<Self>(x)
    }

    /// Gradient of [`TrainingOps::nn_average_pool`], `[N, spatial, C]`.
    fn nn_average_pool_gradient(output_gradient: FloatTensor<Self>, spatial: usize) -> FloatTensor<Self> {
        composed::average_pool_gradient::<Self>(output_gradient, spatial)
    }

    /// Rows of `[units, fan_in]` centred and divided by their unbiased deviation plus `epsilon`.
    fn nn_standardise_rows(weight: FloatTensor<Self>, epsilon: f64) -> FloatTensor<Self> {
        composed::standardise_rows::<Self>(weight, epsilon)
    }

    /// Gradient of [`TrainingOps::nn_standardise_rows`].
    fn nn_standardise_rows_gradient(
        weight: FloatTensor<Self>,
        epsilon: f64,
        output_gradient: FloatTensor<Self>,
    ) -> FloatTensor<Self> {
        composed::standardise_rows_gradient::<Self>(weight, epsilon, output_gradient)
    }

    /// `max(a + b, 0)`: the join of a residual block.
    fn nn_add_relu(a: FloatTensor<Self>, b: FloatTensor<Self>) -> FloatTensor<Self> {
        composed::add_relu::<Self>(a, b)
    }

    /// Passes `output_gradient` where the rectified `out` is positive.
    fn nn_relu_gradient(out: FloatTensor<Self>, output_gradient: FloatTensor<Self>) -> FloatTensor<Self> {
        composed::relu_gradient::<Self>(out, output_gradient)
    }
}

#[cfg(feature = "cuda")]
impl TrainingOps for burn::backend::Cuda {}
