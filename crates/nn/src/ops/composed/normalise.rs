//! Normalisation with Burn's own primitives.

use burn::backend::{Backend, TensorMetadata, tensor::FloatTensor};
use burn::tensor::{Scalar, Shape};

use super::{add_relu, mean_over, positions, relu_gradient, reshape};
use crate::ops::{Over, Rule};

/// Mean and biased variance of `[batch, spatial, channels]`, flat.
pub(in crate::ops) fn statistics<B: Backend>(
    x: FloatTensor<B>,
    over: Over,
) -> (FloatTensor<B>, FloatTensor<B>) {
    let (device, dtype) = (x.device(), x.dtype());
    if over == Over::Nothing {
        let none = B::float_zeros(Shape::from(vec![0]), &device, dtype.into());
        return (none.clone(), none);
    }
    let x = sets::<B>(x, over);
    let mean = mean_over::<B>(x.clone(), 1);
    let centred = B::float_sub(x, mean.clone());
    let variance = mean_over::<B>(B::float_mul(centred.clone(), centred), 1);
    let flat = [mean.shape().num_elements()];
    (reshape::<B>(mean, &flat), reshape::<B>(variance, &flat))
}

/// `[x, gamma, beta, mean, variance]` with `x` of `[batch, spatial, channels]` to the normalised `x`, then ReLU if asked.
pub(in crate::ops) fn normalise<B: Backend>(
    [x, gamma, beta, mean, variance]: [FloatTensor<B>; 5],
    rule: Rule,
) -> FloatTensor<B> {
    let out = scale_shift::<B>(standardise::<B>(x, mean, variance, rule), gamma, beta);
    if rule.relu { B::float_clamp_min(out, Scalar::from(0.0)) } else { out }
}

/// [`normalise`] for an `x` with any axes between its first and its last.
pub(super) fn normalise_image<B: Backend>(
    [x, gamma, beta, mean, variance]: [FloatTensor<B>; 5],
    rule: Rule,
) -> FloatTensor<B> {
    let shape = x.shape().to_vec();
    reshape::<B>(normalise::<B>([positions::<B>(x), gamma, beta, mean, variance], rule), &shape)
}

/// The gradients of `x`, `gamma` and `beta`, where `mean` and `variance` are those of `x`.
pub(in crate::ops) fn normalise_gradient<B: Backend>(
    [x, gamma, beta, mean, variance]: [FloatTensor<B>; 5],
    rule: Rule,
    gradient: FloatTensor<B>,
) -> (FloatTensor<B>, FloatTensor<B>, FloatTensor<B>) {
    let dims: [usize; 3] = x.shape().dims();
    let normalised = standardise::<B>(x, mean, variance.clone(), rule);
    let gradient = through_relu::<B>(&normalised, &gamma, &beta, rule.relu, gradient);
    let gamma_gradient = sum_rows::<B>(B::float_mul(gradient.clone(), normalised.clone()));
    let beta_gradient = sum_rows::<B>(gradient.clone());
    let scaled = B::float_mul(gradient, reshape::<B>(gamma, &[1, 1, dims[2]]));
    if rule.over == Over::Nothing {
        return (scaled, gamma_gradient, beta_gradient);
    }
    // Through the standardisation of each set.
    let [normalised, scaled] = [normalised, scaled].map(|values| sets::<B>(values, rule.over));
    let mean_gradient = mean_over::<B>(scaled.clone(), 1);
    let mean_projection = mean_over::<B>(B::float_mul(scaled.clone(), normalised.clone()), 1);
    let centred =
        B::float_sub(B::float_sub(scaled, mean_gradient), B::float_mul(normalised, mean_projection));
    let x_gradient = B::float_div(centred, deviation::<B>(variance, rule));
    (unset::<B>(x_gradient, dims, rule.over), gamma_gradient, beta_gradient)
}

/// `max(y + residual, 0)` with the normalised `y`.
pub(in crate::ops) fn normalise_join<B: Backend>(
    tensors: [FloatTensor<B>; 5],
    residual: FloatTensor<B>,
    rule: Rule,
) -> FloatTensor<B> {
    add_relu::<B>(normalise::<B>(tensors, rule), residual)
}

/// The gradients of `x`, `gamma`, `beta` and the residual from the output `out`.
pub(in crate::ops) fn normalise_join_gradient<B: Backend>(
    tensors: [FloatTensor<B>; 5],
    out: FloatTensor<B>,
    rule: Rule,
    gradient: FloatTensor<B>,
) -> (FloatTensor<B>, FloatTensor<B>, FloatTensor<B>, FloatTensor<B>) {
    let residual = relu_gradient::<B>(out, gradient);
    let (x, gamma, beta) = normalise_gradient::<B>(tensors, rule, residual.clone());
    (x, gamma, beta, residual)
}

/// `[batch, spatial, channels]` with each set's values on axis 1: `[1, rows, channels]` over the batch,
/// `[batch * groups, spatial * channels / groups, 1]` over groups.
fn sets<B: Backend>(x: FloatTensor<B>, over: Over) -> FloatTensor<B> {
    let [batch, spatial, channels] = x.shape().dims();
    match over {
        Over::Batch => reshape::<B>(x, &[1, batch * spatial, channels]),
        Over::Groups(groups) => {
            let width = channels / groups;
            let split = reshape::<B>(x, &[batch, spatial, groups, width]);
            reshape::<B>(B::float_permute(split, &[0, 2, 1, 3]), &[batch * groups, spatial * width, 1])
        }
        Over::Nothing => x,
    }
}

/// The inverse of [`sets`].
fn unset<B: Backend>(x: FloatTensor<B>, shape: [usize; 3], over: Over) -> FloatTensor<B> {
    let [batch, spatial, channels] = shape;
    let x = match over {
        Over::Groups(groups) => {
            let split = reshape::<B>(x, &[batch, groups, spatial, channels / groups]);
            B::float_permute(split, &[0, 2, 1, 3])
        }
        Over::Batch | Over::Nothing => x,
    };
    reshape::<B>(x, &shape)
}

/// A flat statistic with the axes of [`sets`].
fn column<B: Backend>(statistic: FloatTensor<B>, over: Over) -> FloatTensor<B> {
    let count = statistic.shape().num_elements();
    let shape = if over == Over::Batch { [1, 1, count] } else { [count, 1, 1] };
    reshape::<B>(statistic, &shape)
}

/// `√(σ² + ε)` with the axes of [`sets`].
fn deviation<B: Backend>(variance: FloatTensor<B>, rule: Rule) -> FloatTensor<B> {
    B::float_sqrt(B::float_add_scalar(column::<B>(variance, rule.over), Scalar::from(rule.epsilon)))
}

/// `(x − μ) / √(σ² + ε)`, `[batch, spatial, channels]`.
fn standardise<B: Backend>(
    x: FloatTensor<B>,
    mean: FloatTensor<B>,
    variance: FloatTensor<B>,
    rule: Rule,
) -> FloatTensor<B> {
    if rule.over == Over::Nothing {
        return x;
    }
    let shape = x.shape().dims();
    let centred = B::float_sub(sets::<B>(x, rule.over), column::<B>(mean, rule.over));
    unset::<B>(B::float_div(centred, deviation::<B>(variance, rule)), shape, rule.over)
}

fn scale_shift<B: Backend>(
    normalised: FloatTensor<B>,
    gamma: FloatTensor<B>,
    beta: FloatTensor<B>,
) -> FloatTensor<B> {
    let [gamma, beta] = [gamma, beta].map(|values| {
        let channels = values.shape().num_elements();
        reshape::<B>(values, &[1, 1, channels])
    });
    B::float_add(B::float_mul(normalised, gamma), beta)
}

/// Zeroes the gradient where the rectified output was zero.
fn through_relu<B: Backend>(
    normalised: &FloatTensor<B>,
    gamma: &FloatTensor<B>,
    beta: &FloatTensor<B>,
    relu: bool,
    gradient: FloatTensor<B>,
) -> FloatTensor<B> {
    if !relu {
        return gradient;
    }
    let before = scale_shift::<B>(normalised.clone(), gamma.clone(), beta.clone());
    let settings = burn::backend::get_or_init_device_settings::<B>(&before.device());
    let blocked = B::float_lower_equal_elem(before, Scalar::from(0.0), settings.bool_dtype);
    B::float_mask_fill(gradient, blocked, Scalar::from(0.0))
}

/// Sums `[batch, spatial, channels]` over all but its channels.
fn sum_rows<B: Backend>(x: FloatTensor<B>) -> FloatTensor<B> {
    let [batch, spatial, channels] = x.shape().dims();
    reshape::<B>(B::float_sum_dim(reshape::<B>(x, &[batch * spatial, channels]), 0), &[channels])
}
