//! Updates of parameters with Burn's own primitives.

use autodidact_kernels::{AdamW, Lars, Sgd};
use burn::backend::{Backend, tensor::FloatTensor};
use burn::tensor::Scalar;

fn scaled<B: Backend>(values: FloatTensor<B>, factor: f64) -> FloatTensor<B> {
    B::float_mul_scalar(values, Scalar::from(factor))
}

/// `g + λ w`
fn decayed<B: Backend>(
    gradient: FloatTensor<B>,
    weight: FloatTensor<B>,
    weight_decay: f64,
) -> FloatTensor<B> {
    if weight_decay == 0.0 { gradient } else { B::float_add(gradient, scaled::<B>(weight, weight_decay)) }
}

pub(in crate::ops) fn norm<B: Backend>(values: FloatTensor<B>) -> FloatTensor<B> {
    B::float_sqrt(B::float_sum(B::float_mul(values.clone(), values)))
}

pub(in crate::ops) fn norms<B: Backend>(
    weight: FloatTensor<B>,
    gradient: FloatTensor<B>,
    weight_decay: f64,
) -> FloatTensor<B> {
    let decayed = decayed::<B>(gradient.clone(), weight.clone(), weight_decay);
    B::float_cat([weight, gradient, decayed].map(norm::<B>).into(), 0)
}

pub(in crate::ops) fn sgd<B: Backend>(
    weight: FloatTensor<B>,
    gradient: FloatTensor<B>,
    momentum: FloatTensor<B>,
    sgd: Sgd,
) -> (FloatTensor<B>, FloatTensor<B>) {
    let gradient = decayed::<B>(gradient, weight.clone(), sgd.weight_decay);
    let velocity = B::float_add(scaled::<B>(momentum, sgd.momentum), gradient.clone());
    let step = if sgd.nesterov {
        B::float_add(gradient, scaled::<B>(velocity.clone(), sgd.momentum))
    } else {
        velocity.clone()
    };
    (B::float_sub(weight, scaled::<B>(step, sgd.learning_rate)), velocity)
}

pub(in crate::ops) fn lars<B: Backend>(
    weight: FloatTensor<B>,
    gradient: FloatTensor<B>,
    momentum: FloatTensor<B>,
    lars: Lars,
) -> (FloatTensor<B>, FloatTensor<B>) {
    let gradient = decayed::<B>(gradient, weight.clone(), lars.weight_decay);
    let step = scaled::<B>(gradient, lars.trust_ratio);
    let velocity = B::float_add(scaled::<B>(momentum, lars.momentum), step);
    (B::float_sub(weight, scaled::<B>(velocity.clone(), lars.learning_rate)), velocity)
}

pub(in crate::ops) fn adamw<B: Backend>(
    weight: FloatTensor<B>,
    gradient: FloatTensor<B>,
    first: FloatTensor<B>,
    second: FloatTensor<B>,
    adamw: AdamW,
) -> (FloatTensor<B>, FloatTensor<B>, FloatTensor<B>) {
    let AdamW { learning_rate, beta1, beta2, epsilon, weight_decay, step } = adamw;
    let squared = B::float_mul(gradient.clone(), gradient.clone());
    let first = B::float_add(scaled::<B>(first, beta1), scaled::<B>(gradient, 1.0 - beta1));
    let second = B::float_add(scaled::<B>(second, beta2), scaled::<B>(squared, 1.0 - beta2));
    let step = i32::try_from(step).unwrap_or(i32::MAX);
    let unbiased_first = scaled::<B>(first.clone(), 1.0 / (1.0 - beta1.powi(step)));
    let unbiased_second = scaled::<B>(second.clone(), 1.0 / (1.0 - beta2.powi(step)));
    let deviation = B::float_add_scalar(B::float_sqrt(unbiased_second), Scalar::from(epsilon));
    let kept = scaled::<B>(weight, 1.0 - learning_rate * weight_decay);
    let weight = B::float_sub(kept, scaled::<B>(B::float_div(unbiased_first, deviation), learning_rate));
    (weight, first, second)
}

pub(in crate::ops) fn moving_average<B: Backend>(
    target: FloatTensor<B>,
    online: FloatTensor<B>,
    tau: f64,
) -> FloatTensor<B> {
    B::float_add(scaled::<B>(target, tau), scaled::<B>(online, 1.0 - tau))
}
