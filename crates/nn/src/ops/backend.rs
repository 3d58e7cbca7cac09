//! The operations as a backend extension: one trait that each device implements.
//!
//! The default bodies compose Burn's own primitives ([`super::composed`]), so a GPU works without
//! kernels of ours; the CPU overrides them ([`super::cpu`]); gradients are written by hand
//! ([`super::differentiate`]).

use autodidact_kernels::{AdamW, Lars, Sgd};
use burn::backend::{Backend, DType, backend_extension, tensor::FloatTensor};

use super::{Geometry, Over, Rule, composed};
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

    /// Convolution of `[N, H, W, Ci]` by `[Co, Ci / groups, kh, kw]`, or of `[N, D, H, W, Ci]` by
    /// `[Co, Ci / groups, kd, kh, kw]`, operands in the given precision, the result in that of `x`, or on the CPU in
    /// bfloat16 where operands are; mean and biased variance of the result.
    fn nn_convolution(
        x: FloatTensor<Self>,
        weight: FloatTensor<Self>,
        geometry: Geometry<3>,
        precision: Precision,
        over: Over,
    ) -> (FloatTensor<Self>, FloatTensor<Self>, FloatTensor<Self>) {
        composed::convolution::<Self>(x, weight, geometry, precision, over)
    }

    /// Gradient of [`TrainingOps::nn_convolution`] with respect to `x`.
    fn nn_convolution_input_gradient(
        x: FloatTensor<Self>,
        weight: FloatTensor<Self>,
        output_gradient: FloatTensor<Self>,
        geometry: Geometry<3>,
        precision: Precision,
    ) -> FloatTensor<Self> {
        composed::convolution_input_gradient::<Self>(x, weight, output_gradient, geometry, precision)
    }

    /// Gradient of [`TrainingOps::nn_convolution`] with respect to `weight`.
    fn nn_convolution_weight_gradient(
        x: FloatTensor<Self>,
        weight: FloatTensor<Self>,
        output_gradient: FloatTensor<Self>,
        geometry: Geometry<3>,
        precision: Precision,
    ) -> FloatTensor<Self> {
        composed::convolution_weight_gradient::<Self>(x, weight, output_gradient, geometry, precision)
    }

    /// [`TrainingOps::nn_convolution`] of the normalised `x`.
    #[allow(clippy::too_many_arguments)]
    fn nn_normalised_convolution(
        x: FloatTensor<Self>,
        gamma: FloatTensor<Self>,
        beta: FloatTensor<Self>,
        mean: FloatTensor<Self>,
        variance: FloatTensor<Self>,
        weight: FloatTensor<Self>,
        rule: Rule,
        geometry: Geometry<3>,
        precision: Precision,
        over: Over,
    ) -> (FloatTensor<Self>, FloatTensor<Self>, FloatTensor<Self>) {
        let tensors = [x, gamma, beta, mean, variance];
        composed::normalised_convolution::<Self>(tensors, weight, rule, geometry, precision, over)
    }

    /// Gradient of [`TrainingOps::nn_normalised_convolution`] with respect to `weight`.
    #[allow(clippy::too_many_arguments)]
    fn nn_normalised_convolution_weight_gradient(
        x: FloatTensor<Self>,
        gamma: FloatTensor<Self>,
        beta: FloatTensor<Self>,
        mean: FloatTensor<Self>,
        variance: FloatTensor<Self>,
        weight: FloatTensor<Self>,
        output_gradient: FloatTensor<Self>,
        rule: Rule,
        geometry: Geometry<3>,
        precision: Precision,
    ) -> FloatTensor<Self> {
        composed::normalised_convolution_weight_gradient::<Self>(
            [x, gamma, beta, mean, variance],
            weight,
            output_gradient,
            rule,
            geometry,
            precision,
        )
    }

    /// Mean and biased variance of `[N, spatial, C]`.
    fn nn_statistics(x: FloatTensor<Self>, over: Over) -> (FloatTensor<Self>, FloatTensor<Self>) {
        composed::statistics::<Self>(x, over)
    }

    /// Normalises `[N, spatial, C]` by its statistics.
    fn nn_normalise(
        x: FloatTensor<Self>,
        gamma: FloatTensor<Self>,
        beta: FloatTensor<Self>,
        mean: FloatTensor<Self>,
        variance: FloatTensor<Self>,
        rule: Rule,
    ) -> FloatTensor<Self> {
        composed::normalise::<Self>([x, gamma, beta, mean, variance], rule)
    }

    /// Gradients of [`TrainingOps::nn_normalise`] with respect to `x`, `gamma`, `beta`.
    fn nn_normalise_gradient(
        x: FloatTensor<Self>,
        gamma: FloatTensor<Self>,
        beta: FloatTensor<Self>,
        mean: FloatTensor<Self>,
        variance: FloatTensor<Self>,
        rule: Rule,
        output_gradient: FloatTensor<Self>,
    ) -> (FloatTensor<Self>, FloatTensor<Self>, FloatTensor<Self>) {
        composed::normalise_gradient::<Self>([x, gamma, beta, mean, variance], rule, output_gradient)
    }

    /// `max(y + residual, 0)` with the normalised `y`.
    fn nn_normalise_join(
        x: FloatTensor<Self>,
        gamma: FloatTensor<Self>,
        beta: FloatTensor<Self>,
        mean: FloatTensor<Self>,
        variance: FloatTensor<Self>,
        residual: FloatTensor<Self>,
        rule: Rule,
    ) -> FloatTensor<Self> {
        composed::normalise_join::<Self>([x, gamma, beta, mean, variance], residual, rule)
    }

    /// Gradients of [`TrainingOps::nn_normalise_join`] with respect to `x`, `gamma`, `beta`, `residual`; `out` is its output.
    #[allow(clippy::too_many_arguments)]
    fn nn_normalise_join_gradient(
        x: FloatTensor<Self>,
        gamma: FloatTensor<Self>,
        beta: FloatTensor<Self>,
        mean: FloatTensor<Self>,
        variance: FloatTensor<Self>,
        out: FloatTensor<Self>,
        rule: Rule,
        output_gradient: FloatTensor<Self>,
    ) -> (FloatTensor<Self>, FloatTensor<Self>, FloatTensor<Self>, FloatTensor<Self>) {
        let tensors = [x, gamma, beta, mean, variance];
        composed::normalise_join_gradient::<Self>(tensors, out, rule, output_gradient)
    }

    /// Mean of `[N, spatial, C]` over its positions, `[N, C]`.
    fn nn_average_pool(x: FloatTensor<Self>) -> FloatTensor<Self> {
        composed::average_pool::<Self>(x)
    }

    /// Gradient of [`TrainingOps::nn_average_pool`], `[N, spatial, C]` of the element type of what was averaged.
    fn nn_average_pool_gradient(
        output_gradient: FloatTensor<Self>,
        spatial: usize,
        dtype: DType,
    ) -> FloatTensor<Self> {
        composed::average_pool_gradient::<Self>(output_gradient, spatial, dtype)
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

    /// Mean over rows of `‖n(p) − n(z)‖²`, `[1]`, with `n(u) = u / max(‖u‖, 1e-6)`.
    fn nn_regression_loss(
        prediction: FloatTensor<Self>,
        target_projection: FloatTensor<Self>,
    ) -> FloatTensor<Self> {
        composed::regression_loss::<Self>(prediction, target_projection)
    }

    /// Gradient of [`TrainingOps::nn_regression_loss`] with respect to the prediction.
    fn nn_regression_loss_gradient(
        prediction: FloatTensor<Self>,
        target_projection: FloatTensor<Self>,
        output_gradient: FloatTensor<Self>,
    ) -> FloatTensor<Self> {
        composed::regression_loss_gradient::<Self>(prediction, target_projection, output_gradient)
    }

    /// Euclidean norm, `[1]`. No norm is part of a graph.
    fn nn_norm(values: FloatTensor<Self>) -> FloatTensor<Self> {
        composed::norm::<Self>(values)
    }

    /// Euclidean norms of a weight, its gradient, and the gradient with weight decay, `[3]`.
    fn nn_norms(
        weight: FloatTensor<Self>,
        gradient: FloatTensor<Self>,
        weight_decay: f64,
    ) -> FloatTensor<Self> {
        composed::norms::<Self>(weight, gradient, weight_decay)
    }

    /// New weight and momentum of [`Sgd`]. No update is part of a graph.
    fn nn_sgd(
        weight: FloatTensor<Self>,
        gradient: FloatTensor<Self>,
        momentum: FloatTensor<Self>,
        sgd: Sgd,
    ) -> (FloatTensor<Self>, FloatTensor<Self>) {
        composed::sgd::<Self>(weight, gradient, momentum, sgd)
    }

    /// New weight and momentum of [`Lars`].
    fn nn_lars(
        weight: FloatTensor<Self>,
        gradient: FloatTensor<Self>,
        momentum: FloatTensor<Self>,
        lars: Lars,
    ) -> (FloatTensor<Self>, FloatTensor<Self>) {
        composed::lars::<Self>(weight, gradient, momentum, lars)
    }

    /// New weight, first and second moment of [`AdamW`].
    fn nn_adamw(
        weight: FloatTensor<Self>,
        gradient: FloatTensor<Self>,
        first_moment: FloatTensor<Self>,
        second_moment: FloatTensor<Self>,
        adamw: AdamW,
    ) -> (FloatTensor<Self>, FloatTensor<Self>, FloatTensor<Self>) {
        composed::adamw::<Self>(weight, gradient, first_moment, second_moment, adamw)
    }

    /// `τ · target + (1 − τ) · online`.
    fn nn_moving_average(
        target: FloatTensor<Self>,
        online: FloatTensor<Self>,
        tau: f64,
    ) -> FloatTensor<Self> {
        composed::moving_average::<Self>(target, online, tau)
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
