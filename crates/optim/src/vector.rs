//! Named tensors as vectors of one space. Sums run in f64.

use autodidact_nn::{NamedTensor, TensorMap};
use burn::tensor::{DType, Tensor};

/// `Σ a b` over the names that both have.
pub(crate) fn dot(a: &TensorMap, b: &TensorMap) -> f64 {
    let shared = a.iter().filter_map(|(name, a)| Some((a, b.get(name)?)));
    shared
        .map(|(a, b)| {
            let products = a.values.clone().cast(DType::F64) * b.values.clone().cast(DType::F64);
            products.sum().into_data().try_to_vec::<f64>().expect("cast just before")[0]
        })
        .sum()
}

/// `Σ |a|`.
pub(crate) fn sum_of_sizes(a: &TensorMap) -> f64 {
    let one = |tensor: &NamedTensor| {
        let total = tensor.values.clone().cast(DType::F64).abs().sum();
        total.into_data().try_to_vec::<f64>().expect("cast just before")[0]
    };
    a.values().map(one).sum()
}

/// `√Σ a²`.
pub(crate) fn length(a: &TensorMap) -> f64 {
    dot(a, a).sqrt()
}

/// Applies `change` to every tensor.
pub(crate) fn map(a: &TensorMap, change: impl Fn(&str, Tensor<1>) -> Tensor<1>) -> TensorMap {
    a.iter()
        .map(|(name, tensor)| {
            let values = change(name, tensor.values.clone());
            (name.clone(), NamedTensor { shape: tensor.shape.clone(), values })
        })
        .collect()
}

/// The tensors of `a` that `other` names too.
pub(crate) fn shared(a: &TensorMap, other: &TensorMap) -> TensorMap {
    let both = a.iter().filter(|(name, _)| other.contains_key(*name));
    both.map(|(name, tensor)| (name.clone(), tensor.clone())).collect()
}

/// `factor a`.
pub(crate) fn scaled(a: &TensorMap, factor: f64) -> TensorMap {
    map(a, |_, values| values.mul_scalar(factor))
}

/// `a + factor b`, where a tensor that `b` lacks stays as it is.
pub(crate) fn moved(a: &TensorMap, factor: f64, b: &TensorMap) -> TensorMap {
    map(a, |name, values| match b.get(name) {
        Some(b) => values + b.values.clone().mul_scalar(factor),
        None => values,
    })
}
