//! Differentiable operations on channels-last activations `[batch, height, width, channels]`.
//!
//! On the CPU they run the kernels of `autodidact-kernels`; elsewhere they compose Burn's own
//! primitives. The letters: N batch, H height, W width, C channels, G groups.
//!
//! Left out: anything with parameters of its own (see [`crate::Conv2d`], [`crate::Norm`]).

mod backend;
mod composed;
mod convolve;
mod cpu;
mod differentiate;
mod geometry;
mod memory;
mod normalise;

use burn::backend::Dispatch;
use burn::tensor::Tensor;

use crate::Precision;
pub(crate) use backend::TrainingOps;
pub use convolve::{conv2d, conv2d_normalised, conv3d, conv3d_normalised};
pub use geometry::Geometry;
pub use normalise::{After, Normalisation, OnLoad, Over, Rule, Statistics, normalise, statistics};

/// The matrix product of `a` and `b`, each of them transposed first where `transposed` says so.
///
/// Without transposition `a` is `[M, K]` and `b` is `[K, N]`; the result is `[M, N]`. The gradients are computed in the same
/// precision.
///
/// # Panics
/// If the inner sizes differ.
pub fn product(a: Tensor<2>, b: Tensor<2>, transposed: [bool; 2], precision: Precision) -> Tensor<2> {
    let inner = [a.dims()[usize::from(!transposed[0])], b.dims()[usize::from(transposed[1])]];
    assert_eq!(inner[0], inner[1], "product: inner sizes of a and b");
    Tensor::from_dispatch(Dispatch::nn_product(a.into_dispatch(), b.into_dispatch(), transposed, precision))
}

/// Mean of `[N, spatial, C]` over its positions, `[N, C]`.
pub fn average_pool(x: Tensor<3>) -> Tensor<2> {
    Tensor::from_dispatch(Dispatch::nn_average_pool(x.into_dispatch()))
}

/// `Ŵ_o = (W_o − mean(W_o)) / (std(W_o) + ε)` for each row of `[units, fan_in]`, with the unbiased deviation.
/// See [`crate::standardise_weight`].
pub fn standardise_rows(weight: Tensor<2>, epsilon: f64) -> Tensor<2> {
    Tensor::from_dispatch(Dispatch::nn_standardise_rows(weight.into_dispatch(), epsilon))
}

/// `‖n(p) − n(z)‖²` with `n(u) = u / max(‖u‖₂, 1e-6)`, averaged over the rows of `[N, D]`; the result is `[1]`.
///
/// The gradient goes to `prediction` (p) alone. Grill et al. 2020, eq. (2).
///
/// # Panics
/// If the shapes differ.
pub fn regression_loss(prediction: Tensor<2>, target_projection: Tensor<2>) -> Tensor<1> {
    assert_eq!(prediction.dims(), target_projection.dims(), "regression_loss: shapes");
    Tensor::from_dispatch(Dispatch::nn_regression_loss(
        prediction.into_dispatch(),
        target_projection.into_dispatch(),
    ))
}

/// `max(a + b, 0)`, the join of a residual block, for tensors of equal shape.
pub fn add_relu<const D: usize>(a: Tensor<D>, b: Tensor<D>) -> Tensor<D> {
    assert_eq!(a.dims(), b.dims(), "add_relu: shapes");
    Tensor::from_dispatch(Dispatch::nn_add_relu(a.into_dispatch(), b.into_dispatch()))
}
