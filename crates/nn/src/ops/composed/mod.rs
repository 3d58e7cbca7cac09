//! The operations written with Burn's own primitives: what every device without kernels of ours runs,
//! and the twin that the CPU kernels are tested against.

mod convolution;
mod normalise;
mod regression_loss;
mod updates;

use burn::backend::{Backend, DType, TensorMetadata, tensor::FloatTensor};
use burn::tensor::{FloatDType, Scalar, Shape};

use crate::Precision;

pub(super) use convolution::{
    convolution, convolution_input_gradient, convolution_weight_gradient, normalised_convolution,
    normalised_convolution_weight_gradient,
};
pub(super) use normalise::{
    normalise, normalise_gradient, normalise_join, normalise_join_gradient, statistics,
};
pub(super) use regression_loss::{regression_loss, regression_loss_gradient};
pub(super) use updates::{adamw, lars, moving_average, norm, norms, sgd};

/// Per-channel statistics view of a rank-3 `[outer, middle, inner]` reduction.
fn mean_over<B: Backend>(x: FloatTensor<B>, dim: usize) -> FloatTensor<B> {
    B::float_mean_dim(x, dim)
}

fn reshape<B: Backend>(x: FloatTensor<B>, dims: &[usize]) -> FloatTensor<B> {
    B::float_reshape(x, Shape::from(dims.to_vec()))
}

/// `[N, …, C]` as `[N, spatial, C]`.
fn positions<B: Backend>(x: FloatTensor<B>) -> FloatTensor<B> {
    let shape = x.shape();
    let (batch, channels) = (shape[0], shape[shape.num_dims() - 1]);
    let spatial = shape.num_elements() / (batch * channels).max(1);
    reshape::<B>(x, &[batch, spatial, channels])
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

pub(super) fn add_relu<B: Backend>(a: FloatTensor<B>, b: FloatTensor<B>) -> FloatTensor<B> {
    B::float_clamp_min(B::float_add(a, b), Scalar::from(0.0))
}

pub(super) fn relu_gradient<B: Backend>(out: FloatTensor<B>, gradient: FloatTensor<B>) -> FloatTensor<B> {
    let settings = burn::backend::get_or_init_device_settings::<B>(&out.device());
    let blocked = B::float_lower_equal_elem(out, Scalar::from(0.0), settings.bool_dtype);
    B::float_mask_fill(gradient, blocked, Scalar::from(0.0))
}

pub(super) fn average_pool<B: Backend>(x: FloatTensor<B>) -> FloatTensor<B> {
    let [batch, _, channels] = x.shape().dims();
    reshape::<B>(mean_over::<B>(x, 1), &[batch, channels])
}

pub(super) fn average_pool_gradient<B: Backend>(
    gradient: FloatTensor<B>,
    spatial: usize,
    dtype: DType,
) -> FloatTensor<B> {
    let gradient = result::<B>(gradient, dtype);
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
