//! The normalised regression loss with Burn's own primitives.

use burn::backend::{Backend, TensorMetadata, tensor::FloatTensor};
use burn::tensor::Scalar;

use super::{mean_over, reshape};

/// Smallest squared norm that is divided by.
const EPSILON: f64 = 1e-12;

/// `‖u‖²` and `max(‖u‖, 1e-6)` of each row, `[N, 1]`.
fn norms<B: Backend>(u: FloatTensor<B>) -> (FloatTensor<B>, FloatTensor<B>) {
    let squared = B::float_sum_dim(B::float_mul(u.clone(), u), 1);
    let norm = B::float_sqrt(B::float_clamp_min(squared.clone(), Scalar::from(EPSILON)));
    (squared, norm)
}

pub(in crate::ops) fn regression_loss<B: Backend>(
    prediction: FloatTensor<B>,
    target_projection: FloatTensor<B>,
) -> FloatTensor<B> {
    let [p, z] = [prediction, target_projection].map(|u| {
        let (_, norm) = norms::<B>(u.clone());
        B::float_div(u, norm)
    });
    let difference = B::float_sub(p, z);
    let rows = B::float_sum_dim(B::float_mul(difference.clone(), difference), 1);
    reshape::<B>(mean_over::<B>(rows, 0), &[1])
}

/// With `d = n(p) − n(z)` and `‖p‖` above the smallest norm `∂p = 2 (d − n(p) ⟨n(p), d⟩) / (N ‖p‖)`; below it the norm is
/// constant, and the second term is absent.
pub(in crate::ops) fn regression_loss_gradient<B: Backend>(
    prediction: FloatTensor<B>,
    target_projection: FloatTensor<B>,
    gradient: FloatTensor<B>,
) -> FloatTensor<B> {
    let rows = prediction.shape()[0];
    let (squared, norm) = norms::<B>(prediction.clone());
    let (_, target_norm) = norms::<B>(target_projection.clone());
    let p = B::float_div(prediction, norm.clone());
    let difference = B::float_sub(p.clone(), B::float_div(target_projection, target_norm));
    let along = B::float_sum_dim(B::float_mul(p.clone(), difference.clone()), 1);
    let settings = burn::backend::get_or_init_device_settings::<B>(&squared.device());
    let constant = B::float_lower_elem(squared, Scalar::from(EPSILON), settings.bool_dtype);
    let along = B::float_mask_fill(along, constant, Scalar::from(0.0));
    let across = B::float_sub(difference, B::float_mul(p, along));
    let factor = B::float_mul_scalar(reshape::<B>(gradient, &[1, 1]), Scalar::from(2.0 / rows as f64));
    B::float_mul(B::float_div(across, norm), factor)
}
