//! Vectors and losses that tests share.
#![allow(dead_code, reason = "not every test uses every one")]

use autodidact_nn::{NamedTensor, TensorMap};
use autodidact_optim::Result;
use burn::tensor::{DType, Device, Tensor};

/// One named vector, as a matrix of one column, which optimizers do not exempt from weight decay.
pub fn named(values: Tensor<1>) -> TensorMap {
    TensorMap::from([("w".to_owned(), NamedTensor { shape: vec![values.dims()[0], 1], values })])
}

/// One named vector in f64.
pub fn vector(values: &[f64]) -> TensorMap {
    named(Tensor::from_data(values, (&Device::flex(), DType::F64)))
}

pub fn number(scalar: Tensor<1>) -> f64 {
    scalar.into_data().convert::<f64>().try_to_vec::<f64>().expect("converted just before")[0]
}

/// `½ Σ h w²` with its gradient.
pub fn quadratic(curvatures: &[f64]) -> impl FnMut(&TensorMap) -> Result<(f64, TensorMap)> + use<> {
    let curvatures = vector(curvatures)["w"].values.clone();
    move |w| {
        let w = w["w"].values.clone();
        let gradient = w.clone() * curvatures.clone();
        Ok((0.5 * number((gradient.clone() * w).sum()), named(gradient)))
    }
}
