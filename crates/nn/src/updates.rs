//! Updates of parameters: the rules of optimizers, the average of a target network, and norms.
//!
//! On the CPU each is one pass over memory (`autodidact-kernels`), in place where nothing else holds a tensor; elsewhere
//! they compose Burn's own primitives. Formulas and sources are at the coefficients' types. All tensors of a call have
//! the same length.
//!
//! What is not here: which parameters there are, and schedules.

pub use autodidact_kernels::{AdamW, Lars, Sgd};

use burn::backend::Dispatch;
use burn::tensor::Tensor;

use crate::ops::TrainingOps;

/// Euclidean norms of a parameter and its gradient.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Norms {
    /// `‖w‖`
    pub weight: f64,
    /// `‖g‖`
    pub gradient: f64,
    /// `‖g + λ w‖`
    pub decayed_gradient: f64,
}

/// `‖x‖`
///
/// ```
/// use burn::tensor::{Device, Tensor};
///
/// let x = Tensor::<1>::from_floats([3.0, 4.0], &Device::flex());
/// assert_eq!(autodidact_nn::updates::norm(x), 5.0);
/// ```
pub fn norm(values: Tensor<1>) -> f64 {
    let [norm] = read(Tensor::from_dispatch(Dispatch::nn_norm(values.into_dispatch())));
    norm
}

/// The norms of a weight (w), its gradient (g) and `g + λ w`, where `weight_decay` is λ.
pub fn norms(weight: Tensor<1>, gradient: Tensor<1>, weight_decay: f64) -> Norms {
    let [weight, gradient] = [weight, gradient].map(Tensor::into_dispatch);
    let norms = Tensor::from_dispatch(Dispatch::nn_norms(weight, gradient, weight_decay));
    let [weight, gradient, decayed_gradient] = read(norms);
    Norms { weight, gradient, decayed_gradient }
}

fn read<const COUNT: usize>(values: Tensor<1>) -> [f64; COUNT] {
    let values: Vec<f64> = values.into_data().convert::<f64>().try_into_vec().expect("converted just before");
    values.try_into().expect("the operation gives so many")
}

/// The new weight and momentum of [`Sgd`].
///
/// ```
/// use autodidact_nn::updates::{self, Sgd};
/// use burn::tensor::{Device, Tensor};
///
/// let of = |value: f32| Tensor::<1>::from_floats([value], &Device::flex());
/// let sgd = Sgd { learning_rate: 0.5, momentum: 0.9, nesterov: false, weight_decay: 0.0 };
/// let [weight, momentum] = updates::sgd(of(2.0), of(1.0), of(1.0), sgd);
/// assert!((momentum.into_scalar::<f32>() - 1.9).abs() < 1e-6);
/// assert!((weight.into_scalar::<f32>() - 1.05).abs() < 1e-6);
/// ```
pub fn sgd(weight: Tensor<1>, gradient: Tensor<1>, momentum: Tensor<1>, sgd: Sgd) -> [Tensor<1>; 2] {
    let [weight, gradient, momentum] = [weight, gradient, momentum].map(Tensor::into_dispatch);
    let (weight, momentum) = Dispatch::nn_sgd(weight, gradient, momentum, sgd);
    [weight, momentum].map(Tensor::from_dispatch)
}

/// The new weight and momentum of [`Lars`].
pub fn lars(weight: Tensor<1>, gradient: Tensor<1>, momentum: Tensor<1>, lars: Lars) -> [Tensor<1>; 2] {
    let [weight, gradient, momentum] = [weight, gradient, momentum].map(Tensor::into_dispatch);
    let (weight, momentum) = Dispatch::nn_lars(weight, gradient, momentum, lars);
    [weight, momentum].map(Tensor::from_dispatch)
}

/// The new weight, first and second moment of [`AdamW`].
pub fn adamw(
    weight: Tensor<1>,
    gradient: Tensor<1>,
    moments: [Tensor<1>; 2],
    adamw: AdamW,
) -> [Tensor<1>; 3] {
    let [weight, gradient] = [weight, gradient].map(Tensor::into_dispatch);
    let [first, second] = moments.map(Tensor::into_dispatch);
    let (weight, first, second) = Dispatch::nn_adamw(weight, gradient, first, second, adamw);
    [weight, first, second].map(Tensor::from_dispatch)
}

/// `τ ξ + (1 − τ) θ` of the target ξ and the online network's θ; Grill et al. 2020, eq. (1).
pub fn moving_average(target: Tensor<1>, online: Tensor<1>, tau: f64) -> Tensor<1> {
    Tensor::from_dispatch(Dispatch::nn_moving_average(target.into_dispatch(), online.into_dispatch(), tau))
}
