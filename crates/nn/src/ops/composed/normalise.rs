//! Normalisation with Burn's own primitives.

use burn::backend::{Backend, TensorMetadata, tensor::FloatTensor};
use burn::tensor::{Scalar, Shape};

use super::{add_relu, mean_over, relu_gradient, reshape};
use crate::ops::Over;

/// Output, mean and biased variance, or the gradients of `x`, `gamma` and `beta`.
type Three<B> = (FloatTensor<B>, FloatTensor<B>, FloatTensor<B>);

pub(in crate::ops) fn normalise<B: Backend>(
    x: FloatTensor<B>,
    gamma: FloatTensor<B>,
    beta: FloatTensor<B>,
    over: Over,
    epsilon: f64,
    relu: bool,
) -> Three<B> {
    let [batch, spatial, channels] = x.shape().dims();
    let shape = [batch, spatial, channels];
    match over {
        Over::Batch => {
            let rows = reshape::<B>(x, &[batch * spatial, channels]);
            let (out, mean, variance) = batch_norm::<B>(rows, gamma, beta, epsilon, relu);
            (reshape::<B>(out, &shape), mean, variance)
        }
        Over::Groups(groups) => group_norm::<B>(x, gamma, beta, groups, epsilon, relu),
        Over::Nothing => {
            let none = B::float_zeros(Shape::from(vec![0]), &gamma.device(), gamma.dtype().into());
            (scale_shift::<B>(x, gamma, beta, channels, relu), none.clone(), none)
        }
    }
}

#[allow(clippy::too_many_arguments)]
pub(in crate::ops) fn normalise_gradient<B: Backend>(
    x: FloatTensor<B>,
    gamma: FloatTensor<B>,
    beta: FloatTensor<B>,
    mean: FloatTensor<B>,
    variance: FloatTensor<B>,
    over: Over,
    epsilon: f64,
    relu: bool,
    gradient: FloatTensor<B>,
) -> Three<B> {
    let [batch, spatial, channels] = x.shape().dims();
    let (rows, shape) = ([batch * spatial, channels], [batch, spatial, channels]);
    match over {
        Over::Batch => {
            let [x, gradient] = [x, gradient].map(|values| reshape::<B>(values, &rows));
            let (x, gamma, beta) =
                batch_norm_gradient::<B>(x, gamma, beta, mean, variance, epsilon, relu, gradient);
            (reshape::<B>(x, &shape), gamma, beta)
        }
        Over::Groups(groups) => {
            group_norm_gradient::<B>(x, gamma, beta, mean, variance, groups, epsilon, relu, gradient)
        }
        Over::Nothing => {
            let [x, gradient] = [x, gradient].map(|values| reshape::<B>(values, &rows));
            let (x, gamma, beta) = scale_shift_gradient::<B>(x, gamma, beta, relu, gradient);
            (reshape::<B>(x, &shape), gamma, beta)
        }
    }
}

pub(in crate::ops) fn normalise_join<B: Backend>(
    x: FloatTensor<B>,
    gamma: FloatTensor<B>,
    beta: FloatTensor<B>,
    residual: FloatTensor<B>,
    over: Over,
    epsilon: f64,
) -> Three<B> {
    let (y, mean, variance) = normalise::<B>(x, gamma, beta, over, epsilon, false);
    (add_relu::<B>(y, residual), mean, variance)
}

#[allow(clippy::too_many_arguments)]
pub(in crate::ops) fn normalise_join_gradient<B: Backend>(
    x: FloatTensor<B>,
    gamma: FloatTensor<B>,
    beta: FloatTensor<B>,
    mean: FloatTensor<B>,
    variance: FloatTensor<B>,
    over: Over,
    epsilon: f64,
    out: FloatTensor<B>,
    gradient: FloatTensor<B>,
) -> (FloatTensor<B>, FloatTensor<B>, FloatTensor<B>, FloatTensor<B>) {
    let residual = relu_gradient::<B>(out, gradient);
    let (x, gamma, beta) =
        normalise_gradient::<B>(x, gamma, beta, mean, variance, over, epsilon, false, residual.clone());
    (x, gamma, beta, residual)
}

/// Normalised values, mean and biased variance of `[outer, middle, inner]` over `middle`;
/// the statistics keep the reduced axis: `[outer, 1, inner]`.
fn standardise<B: Backend>(x: FloatTensor<B>, epsilon: f64) -> Three<B> {
    let mean = mean_over::<B>(x.clone(), 1);
    let centred = B::float_sub(x, mean.clone());
    let variance = mean_over::<B>(B::float_mul(centred.clone(), centred.clone()), 1);
    let deviation = B::float_sqrt(B::float_add_scalar(variance.clone(), Scalar::from(epsilon)));
    (B::float_div(centred, deviation), mean, variance)
}

fn scale_shift<B: Backend>(
    normalised: FloatTensor<B>,
    gamma: FloatTensor<B>,
    beta: FloatTensor<B>,
    channels: usize,
    relu: bool,
) -> FloatTensor<B> {
    let gamma = reshape::<B>(gamma, &[1, 1, channels]);
    let beta = reshape::<B>(beta, &[1, 1, channels]);
    let out = B::float_add(B::float_mul(normalised, gamma), beta);
    if relu { B::float_clamp_min(out, Scalar::from(0.0)) } else { out }
}

/// Zeroes the gradient where the rectified output was zero.
fn through_relu<B: Backend>(
    normalised: &FloatTensor<B>,
    gamma: &FloatTensor<B>,
    beta: &FloatTensor<B>,
    channels: usize,
    relu: bool,
    gradient: FloatTensor<B>,
) -> FloatTensor<B> {
    if !relu {
        return gradient;
    }
    let before = scale_shift::<B>(normalised.clone(), gamma.clone(), beta.clone(), channels, false);
    let settings = burn::backend::get_or_init_device_settings::<B>(&before.device());
    let blocked = B::float_lower_equal_elem(before, Scalar::from(0.0), settings.bool_dtype);
    B::float_mask_fill(gradient, blocked, Scalar::from(0.0))
}

/// Gradient of the standardisation over axis 1 of `[outer, middle, inner]`.
fn standardise_gradient<B: Backend>(
    normalised: FloatTensor<B>,
    variance: FloatTensor<B>,
    epsilon: f64,
    gradient: FloatTensor<B>,
) -> FloatTensor<B> {
    let mean_gradient = mean_over::<B>(gradient.clone(), 1);
    let mean_projection = mean_over::<B>(B::float_mul(gradient.clone(), normalised.clone()), 1);
    let centred =
        B::float_sub(B::float_sub(gradient, mean_gradient), B::float_mul(normalised, mean_projection));
    let deviation = B::float_sqrt(B::float_add_scalar(variance, Scalar::from(epsilon)));
    B::float_div(centred, deviation)
}

/// Sums `[1, rows, channels]` over its rows.
fn sum_rows<B: Backend>(x: FloatTensor<B>, rows: usize, channels: usize) -> FloatTensor<B> {
    reshape::<B>(B::float_sum_dim(reshape::<B>(x, &[rows, channels]), 0), &[channels])
}

fn batch_norm<B: Backend>(
    x: FloatTensor<B>,
    gamma: FloatTensor<B>,
    beta: FloatTensor<B>,
    epsilon: f64,
    relu: bool,
) -> Three<B> {
    let [rows, channels] = x.shape().dims();
    let (normalised, mean, variance) = standardise::<B>(reshape::<B>(x, &[1, rows, channels]), epsilon);
    let out = scale_shift::<B>(normalised, gamma, beta, channels, relu);
    (
        reshape::<B>(out, &[rows, channels]),
        reshape::<B>(mean, &[channels]),
        reshape::<B>(variance, &[channels]),
    )
}

#[allow(clippy::too_many_arguments)]
fn batch_norm_gradient<B: Backend>(
    x: FloatTensor<B>,
    gamma: FloatTensor<B>,
    beta: FloatTensor<B>,
    mean: FloatTensor<B>,
    variance: FloatTensor<B>,
    epsilon: f64,
    relu: bool,
    gradient: FloatTensor<B>,
) -> Three<B> {
    let [rows, channels] = x.shape().dims();
    let spread = [1, rows, channels];
    let mean = reshape::<B>(mean, &[1, 1, channels]);
    let variance = reshape::<B>(variance, &[1, 1, channels]);
    let deviation = B::float_sqrt(B::float_add_scalar(variance.clone(), Scalar::from(epsilon)));
    let normalised = B::float_div(B::float_sub(reshape::<B>(x, &spread), mean), deviation);
    let gradient = reshape::<B>(gradient, &spread);
    let gradient = through_relu::<B>(&normalised, &gamma, &beta, channels, relu, gradient);
    let gamma_gradient = sum_rows::<B>(B::float_mul(gradient.clone(), normalised.clone()), rows, channels);
    let beta_gradient = sum_rows::<B>(gradient.clone(), rows, channels);
    let scaled = B::float_mul(gradient, reshape::<B>(gamma, &[1, 1, channels]));
    let x_gradient = standardise_gradient::<B>(normalised, variance, epsilon, scaled);
    (reshape::<B>(x_gradient, &[rows, channels]), gamma_gradient, beta_gradient)
}

/// `[batch, spatial, channels]` with each group's values on axis 1: `[batch * groups, spatial * C/G, 1]`.
fn group_rows<B: Backend>(x: FloatTensor<B>, groups: usize) -> FloatTensor<B> {
    let [batch, spatial, channels] = x.shape().dims();
    let width = channels / groups;
    let split = reshape::<B>(x, &[batch, spatial, groups, width]);
    reshape::<B>(B::float_permute(split, &[0, 2, 1, 3]), &[batch * groups, spatial * width, 1])
}

/// The inverse of [`group_rows`].
fn ungroup_rows<B: Backend>(
    x: FloatTensor<B>,
    [batch, spatial, channels]: [usize; 3],
    groups: usize,
) -> FloatTensor<B> {
    let split = reshape::<B>(x, &[batch, groups, spatial, channels / groups]);
    reshape::<B>(B::float_permute(split, &[0, 2, 1, 3]), &[batch, spatial, channels])
}

fn group_norm<B: Backend>(
    x: FloatTensor<B>,
    gamma: FloatTensor<B>,
    beta: FloatTensor<B>,
    groups: usize,
    epsilon: f64,
    relu: bool,
) -> Three<B> {
    let dims: [usize; 3] = x.shape().dims();
    let (normalised, mean, variance) = standardise::<B>(group_rows::<B>(x, groups), epsilon);
    let normalised = ungroup_rows::<B>(normalised, dims, groups);
    let out = scale_shift::<B>(normalised, gamma, beta, dims[2], relu);
    let statistics = [dims[0] * groups];
    (out, reshape::<B>(mean, &statistics), reshape::<B>(variance, &statistics))
}

#[allow(clippy::too_many_arguments)]
fn group_norm_gradient<B: Backend>(
    x: FloatTensor<B>,
    gamma: FloatTensor<B>,
    beta: FloatTensor<B>,
    mean: FloatTensor<B>,
    variance: FloatTensor<B>,
    groups: usize,
    epsilon: f64,
    relu: bool,
    gradient: FloatTensor<B>,
) -> Three<B> {
    let dims: [usize; 3] = x.shape().dims();
    let [batch, spatial, channels] = dims;
    let column = [batch * groups, 1, 1];
    let mean = reshape::<B>(mean, &column);
    let variance = reshape::<B>(variance, &column);
    let deviation = B::float_sqrt(B::float_add_scalar(variance.clone(), Scalar::from(epsilon)));
    let grouped = B::float_div(B::float_sub(group_rows::<B>(x, groups), mean), deviation);
    let normalised = ungroup_rows::<B>(grouped.clone(), dims, groups);
    let gradient = through_relu::<B>(&normalised, &gamma, &beta, channels, relu, gradient);
    let rows = batch * spatial;
    let gamma_gradient = sum_rows::<B>(B::float_mul(gradient.clone(), normalised), rows, channels);
    let beta_gradient = sum_rows::<B>(gradient.clone(), rows, channels);
    let scaled = B::float_mul(gradient, reshape::<B>(gamma, &[1, 1, channels]));
    let x_gradient = standardise_gradient::<B>(grouped, variance, epsilon, group_rows::<B>(scaled, groups));
    (ungroup_rows::<B>(x_gradient, dims, groups), gamma_gradient, beta_gradient)
}

fn scale_shift_gradient<B: Backend>(
    x: FloatTensor<B>,
    scale: FloatTensor<B>,
    shift: FloatTensor<B>,
    relu: bool,
    gradient: FloatTensor<B>,
) -> Three<B> {
    let [rows, channels] = x.shape().dims();
    let spread = [1, rows, channels];
    let x = reshape::<B>(x, &spread);
    let gradient = through_relu::<B>(&x, &scale, &shift, channels, relu, reshape::<B>(gradient, &spread));
    let scale_gradient = sum_rows::<B>(B::float_mul(gradient.clone(), x), rows, channels);
    let shift_gradient = sum_rows::<B>(gradient.clone(), rows, channels);
    let x_gradient = B::float_mul(gradient, reshape::<B>(scale, &[1, 1, channels]));
    (reshape::<B>(x_gradient, &[rows, channels]), scale_gradient, shift_gradient)
}
