//! Normalisation by the kernels.

use autodidact_kernels::{self as kernels, After, AfterGradient, Recycled, Statistics};
use burn::backend::TensorMetadata;
use burn_flex::FlexTensor;

use super::{Values, small};
use crate::ops::{Over, memory::tensor};

/// Output, mean and biased variance of `[x, gamma, beta]`.
pub(super) fn forward(
    tensors: [&FlexTensor; 3],
    over: Over,
    epsilon: f64,
    after: After<'_>,
) -> (FlexTensor, FlexTensor, FlexTensor) {
    let [batch, spatial, channels] = tensors[0].shape().dims();
    let tensors = tensors.map(Values::of);
    let [x, gamma, beta] = tensors.each_ref().map(Values::slice);
    let (rows, epsilon) = (batch * spatial, epsilon as f32);
    let mut out = Recycled::new(rows * channels);
    let Statistics { mean, variance } = match over {
        Over::Batch => kernels::batch_norm_forward(rows, channels, x, gamma, beta, epsilon, after, &mut out),
        Over::Groups(groups) => kernels::group_norm_forward(
            batch, spatial, channels, groups, x, gamma, beta, epsilon, after, &mut out,
        ),
        Over::Nothing => {
            kernels::scale_shift_forward(rows, channels, x, gamma, beta, after, &mut out);
            Statistics::default()
        }
    };
    let count = [mean.len()];
    (tensor(out, &[batch, spatial, channels]), small(mean, &count), small(variance, &count))
}

/// The gradients of `x`, `gamma` and `beta` from `[x, gamma, beta, mean, variance]`.
pub(super) fn backward(
    tensors: [&FlexTensor; 5],
    over: Over,
    epsilon: f64,
    after: AfterGradient<'_>,
    grad_out: &FlexTensor,
) -> (FlexTensor, FlexTensor, FlexTensor) {
    let [batch, spatial, channels] = tensors[0].shape().dims();
    let tensors = tensors.map(Values::of);
    let [x, gamma, beta, mean, variance] = tensors.each_ref().map(Values::slice);
    let statistics = Statistics { mean: mean.to_vec(), variance: variance.to_vec() };
    let grad_out = Values::of(grad_out);
    let grad_out = grad_out.slice();
    let (rows, epsilon) = (batch * spatial, epsilon as f32);
    let mut grad_x = Recycled::new(rows * channels);
    let (grad_gamma, grad_beta) = match over {
        Over::Batch => kernels::batch_norm_backward(
            rows,
            channels,
            x,
            gamma,
            beta,
            &statistics,
            epsilon,
            after,
            grad_out,
            &mut grad_x,
        ),
        Over::Groups(groups) => kernels::group_norm_backward(
            batch,
            spatial,
            channels,
            groups,
            x,
            gamma,
            beta,
            &statistics,
            epsilon,
            after,
            grad_out,
            &mut grad_x,
        ),
        Over::Nothing => {
            kernels::scale_shift_backward(rows, channels, x, gamma, beta, after, grad_out, &mut grad_x)
        }
    };
    (
        tensor(grad_x, &[batch, spatial, channels]),
        small(grad_gamma, &[channels]),
        small(grad_beta, &[channels]),
    )
}
