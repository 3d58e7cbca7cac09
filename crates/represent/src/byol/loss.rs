//! The regression loss.

use autodidact_nn::ops;
use burn::tensor::Tensor;

/// Smallest squared norm that is divided by; the official code's.
const EPSILON: f64 = 1e-12;

/// `u / max(‖u‖₂, 1e-6)` for each row of `[N, D]`.
pub fn l2_normalize(u: Tensor<2>) -> Tensor<2> {
    let squared = (u.clone() * u.clone()).sum_dim(1).clamp_min(EPSILON);
    u / squared.sqrt()
}

/// `‖n(p) − n(z)‖²`, averaged over the batch, where `n` is [`l2_normalize`]: one direction of the loss.
///
/// `prediction` p and `target_projection` z are `[N, D]`; no gradient reaches z. The value lies in 0…4 and
/// equals `2 − 2 cos(p, z)`. Grill et al. 2020, eq. (2); the two directions are **summed**, not averaged.
///
/// ```
/// use autodidact_represent::byol::regression_loss;
/// use burn::tensor::{Device, Tensor};
/// let device = Device::flex();
/// let p = Tensor::<2>::from_floats([[2.0, 0.0]], &device);
/// let z = Tensor::<2>::from_floats([[0.0, 3.0]], &device);
/// let loss: f32 = regression_loss(p, z).into_scalar();
/// assert!((loss - 2.0).abs() < 1e-6);
/// ```
pub fn regression_loss(prediction: Tensor<2>, target_projection: Tensor<2>) -> Tensor<1> {
    ops::regression_loss(prediction, target_projection)
}
