//! The operations written with Burn's own primitives: what every device without kernels of ours runs,
//! and the twin that the CPU kernels are tested against.

use burn::backend::{Backend, DType, TensorMetadata, ops::ConvOptions, tensor::FloatTensor};
use burn::tensor::{FloatDType, Scalar, Shape};

use crate::Precision;

/// Per-channel statistics view of a rank-3 `[outer, middle, inner]` reduction.
fn mean_over<B: Backend>(x: FloatTensor<B>, dim: usize) -> FloatTensor<B> {
    B::float_mean_dim(x, dim)
}

fn reshape<B: Backend>(x: FloatTensor<B>, dims: &[usize]) -> FloatTensor<B> {
    B::float_reshape(x, Shape::from(dims.to_vec()))
}

fn options(stride: [usize; 2], padding: [usize; 2]) -> ConvOptions<2> {
    ConvOptions::new(stride, padding, [1, 1], 1)
}

/// `[N, H, W, C]` to `[N, C, H, W]`, a view.
fn channels_first<B: Backend>(x: FloatTensor<B>) -> FloatTensor<B> {
    B::float_permute(x, &[0, 3, 1, 2])
}

/// `[N, C, H, W]` to `[N, H, W, C]`, a view.
fn channels_last<B: Backend>(x: FloatTensor<B>) -> FloatTensor<B> {
    B::float_permute(x, &[0, 2, 3, 1])
}

/// What a product multiplies in this precision.
fn operand<B: Backend>(x: FloatTensor<B>, precision: Precision) -> FloatTensor<B> {
    match precision {
        Precision::F32 => x,
        Precision::Bf16 => B::float_cast(x, FloatDType::BF16),
    }
}

/// The result of a product in the element type that its first operand came in.
fn result<B: Backend>(out: FloatTensor<B>, dtype: DType) -> FloatTensor<B> {
    if out.dtype() == dtype { out } else { B::float_cast(out, dtype.into()) }
}

pub(super) fn product<B: Backend>(
    a: FloatTensor<B>,
    b: FloatTensor<B>,
    transposed: [bool; 2],
    precision: Precision,
) -> FloatTensor<B> {
    let dtype = a.dtype();
    let turn = |x: FloatTensor<B>, turned| {
        let x = operand::<B>(x, precision);
        if turned { B::float_transpose(x) } else { x }
    };
    result::<B>(B::float_matmul(turn(a, transposed[0]), turn(b, transposed[1])), dtype)
}

pub(super) fn conv2d<B: Backend>(
    x: FloatTensor<B>,
    weight: FloatTensor<B>,
    stride: [usize; 2],
    padding: [usize; 2],
    precision: Precision,
) -> FloatTensor<B> {
    let dtype = x.dtype();
    let x = channels_first::<B>(operand::<B>(x, precision));
    let out = B::conv2d(x, operand::<B>(weight, precision), None, options(stride, padding));
    result::<B>(channels_last::<B>(out), dtype)
}

pub(super) fn conv2d_input_gradient<B: Backend>(
    x: FloatTensor<B>,
    weight: FloatTensor<B>,
    output_gradient: FloatTensor<B>,
    stride: [usize; 2],
    padding: [usize; 2],
    precision: Precision,
) -> FloatTensor<B> {
    let dtype = x.dtype();
    let gradient = B::conv2d_x_backward(
        channels_first::<B>(operand::<B>(x, precision)),
        operand::<B>(weight, precision),
        channels_first::<B>(operand::<B>(output_gradient, precision)),
        options(stride, padding),
    );
    result::<B>(channels_last::<B>(gradient), dtype)
}

pub(super) fn conv2d_weight_gradient<B: Backend>(
    x: FloatTensor<B>,
    weight: FloatTensor<B>,
    output_gradient: FloatTensor<B>,
    stride: [usize; 2],
    padding: [usize; 2],
    precision: Precision,
) -> FloatTensor<B> {
    let dtype = weight.dtype();
    let gradient = B::conv2d_weight_backward(
        channels_first::<B>(operand::<B>(x, precision)),
        operand::<B>(weight, precision),
        channels_first::<B>(operand::<B>(output_gradient, precision)),
        options(stride, padding),
    );
    result::<B>(gradient, dtype)
}

/// Normalised values, mean and biased variance of `[outer, middle, inner]` over `middle`;
/// the statistics keep the reduced axis: `[outer, 1, inner]`.
fn standardise<B: Backend>(
    x: FloatTensor<B>,
    epsilon: f64,
) -> (FloatTensor<B>, FloatTensor<B>, FloatTensor<B>) {
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

pub(super) fn batch_norm<B: Backend>(
    x: FloatTensor<B>,
    gamma: FloatTensor<B>,
    beta: FloatTensor<B>,
    epsilon: f64,
    relu: bool,
) -> (FloatTensor<B>, FloatTensor<B>, FloatTensor<B>) {
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
pub(super) fn batch_norm_gradient<B: Backend>(
    x: FloatTensor<B>,
    gamma: FloatTensor<B>,
    beta: FloatTensor<B>,
    mean: FloatTensor<B>,
    variance: FloatTensor<B>,
    epsilon: f64,
    relu: bool,
    gradient: FloatTensor<B>,
) -> (FloatTensor<B>, FloatTensor<B>, FloatTensor<B>) {
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

pub(super) fn group_norm<B: Backend>(
    x: FloatTensor<B>,
    gamma: FloatTensor<B>,
    beta: FloatTensor<B>,
    groups: usize,
    epsilon: f64,
    relu: bool,
) -> (FloatTensor<B>, FloatTensor<B>, FloatTensor<B>) {
    let dims: [usize; 3] = x.shape().dims();
    let (normalised, mean, variance) = standardise::<B>(group_rows::<B>(x, groups), epsilon);
    let normalised = ungroup_rows::<B>(normalised, dims, groups);
    let out = scale_shift::<B>(normalised, gamma, beta, dims[2], relu);
    let statistics = [dims[0] * groups];
    (out, reshape::<B>(mean, &statistics), reshape::<B>(variance, &statistics))
}

#[allow(clippy::too_many_arguments)]
pub(super) fn group_norm_gradient<B: Backend>(
    x: FloatTensor<B>,
    gamma: FloatTensor<B>,
    beta: FloatTensor<B>,
    mean: FloatTensor<B>,
    variance: FloatTensor<B>,
    groups: usize,
    epsilon: f64,
    relu: bool,
    gradient: FloatTensor<B>,
) -> (FloatTensor<B>, FloatTensor<B>, FloatTensor<B>) {
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

pub(super) fn add_relu<B: Backend>(a: FloatTensor<B>, b: FloatTensor<B>) -> FloatTensor<B> {
    B::float_clamp_min(B::float_add(a, b), Scalar::from(0.0))
}

pub(super) fn relu_gradient<B: Backend>(out: FloatTensor<B>, gradient: FloatTensor<B>) -> FloatTensor<B> {
    let settings = burn::backend::get_or_init_device_settings::<B>(&out.device());
    let blocked = B::float_lower_equal_elem(out, Scalar::from(0.0), settings.bool_dtype);
    B::float_mask_fill(gradient, blocked, Scalar::from(0.0))
}

pub(super) fn scale_shift_relu<B: Backend>(
    x: FloatTensor<B>,
    scale: FloatTensor<B>,
    shift: FloatTensor<B>,
    relu: bool,
) -> FloatTensor<B> {
    let [rows, channels] = x.shape().dims();
    let out = scale_shift::<B>(reshape::<B>(x, &[1, rows, channels]), scale, shift, channels, relu);
    reshape::<B>(out, &[rows, channels])
}

pub(super) fn scale_shift_relu_gradient<B: Backend>(
    x: FloatTensor<B>,
    scale: FloatTensor<B>,
    shift: FloatTensor<B>,
    relu: bool,
    gradient: FloatTensor<B>,
) -> (FloatTensor<B>, FloatTensor<B>, FloatTensor<B>) {
    let [rows, channels] = x.shape().dims();
    let spread = [1, rows, channels];
    let x = reshape::<B>(x, &spread);
    let gradient = through_relu::<B>(&x, &scale, &shift, channels, relu, reshape::<B>(gradient, &spread));
    let scale_gradient = sum_rows::<B>(B::float_mul(gradient.clone(), x), rows, channels);
    let shift_gradient = sum_rows::<B>(gradient.clone(), rows, channels);
    let x_gradient = B::float_mul(gradient, reshape::<B>(scale, &[1, 1, channels]));
    (reshape::<B>(x_gradient, &[rows, channels]), scale_gradient, shift_gradient)
}

pub(super) fn average_pool<B: Backend>(x: FloatTensor<B>) -> FloatTensor<B> {
    let [batch, _, channels] = x.shape().dims();
    reshape::<B>(mean_over::<B>(x, 1), &[batch, channels])
}

pub(super) fn average_pool_gradient<B: Backend>(gradient: FloatTensor<B>, spatial: usize) -> FloatTensor<B> {
    let [batch, channels] = gradient.shape().dims();
    let share =
        B::float_div_scalar(reshape::<B>(gradient, &[batch, 1, channels]), Scalar::from(spatial as f64));
    B::float_expand(share, Shape::from(vec![batch, spatial, channels]))
}

/// Centred rows of `[units, fan_in]` and their unbiased standard deviation `[units, 1]`.
fn centre_rows<B: Backend>(weight: FloatTensor<B>) -> (FloatTensor<B>, FloatTensor<B>) {
    let [_, fan_in] = weight.shape().dims();
    let centred = B::float_sub(weight.clone(), mean_over::<B>(weight, 1));
    let squares = B::float_sum_dim(B::float_mul(centred.clone(), centred.clone()), 1);
    let deviation = B::float_sqrt(B::float_div_scalar(squares, Scalar::from((fan_in - 1) as f64)));
    (centred, deviation)
}

pub(super) fn standardise_rows<B: Backend>(weight: FloatTensor<B>, epsilon: f64) -> FloatTensor<B> {
    let (centred, deviation) = centre_rows::<B>(weight);
    B::float_div(centred, B::float_add_scalar(deviation, Scalar::from(epsilon)))
}

/// With `c = w − mean(w)`, `s` the unbiased deviation and `ŵ = c / (s + ε)`:
/// `∂w = (∂ŵ − mean(∂ŵ)) / (s + ε) − c · Σ(∂ŵ c) / ((n − 1) s (s + ε)²)`.
pub(super) fn standardise_rows_gradient<B: Backend>(
    weight: FloatTensor<B>,
    epsilon: f64,
    gradient: FloatTensor<B>,
) -> FloatTensor<B> {
    let [_, fan_in] = weight.shape().dims();
    let (centred, deviation) = centre_rows::<B>(weight);
    let scale = B::float_add_scalar(deviation.clone(), Scalar::from(epsilon));
    let projection = B::float_sum_dim(B::float_mul(gradient.clone(), centred.clone()), 1);
    let curvature = B::float_mul(B::float_mul(scale.clone(), scale.clone()), deviation);
    let curvature = B::float_mul_scalar(curvature, Scalar::from((fan_in - 1) as f64));
    let direct = B::float_div(B::float_sub(gradient.clone(), mean_over::<B>(gradient, 1)), scale);
    B::float_sub(direct, B::float_mul(centred, B::float_div(projection, curvature)))
}
