//! Weight standardisation: each output unit's incoming weights get mean zero and deviation one.

use burn::tensor::Tensor;

/// Added to the standard deviation.
pub(crate) const EPSILON: f64 = 1e-5;

/// `Ŵ_o = (W_o − mean(W_o)) / (std(W_o) + ε)` per output unit `o` over its fan-in, with the unbiased
/// standard deviation and ε = 1e-5; gradients flow through to `W`.
///
/// The first axis of `weight` is the output unit. Qiao et al. 2019, as their reference code has it
/// (the epsilon is added to the deviation, not to the variance).
///
/// ```
/// use burn::tensor::{Device, Tensor};
/// let weight = Tensor::<2>::from_floats([[1.0, 2.0, 3.0]], &Device::flex());
/// let standard = autodidact_nn::standardise_weight(weight).into_data();
/// let values = standard.to_vec::<f32>().unwrap();
/// assert!((values[0] + 1.0).abs() < 1e-4 && values[1].abs() < 1e-6);
/// ```
///
/// # Panics
/// If the fan-in is one: its deviation does not exist.
pub fn standardise_weight<const D: usize>(weight: Tensor<D>) -> Tensor<D> {
    let shape = weight.dims();
    let units = shape[0];
    let fan_in = shape.iter().skip(1).product::<usize>();
    assert!(fan_in > 1, "weight standardisation needs a fan-in of at least two, got {fan_in}");
    crate::ops::standardise_rows(weight.reshape([units, fan_in]), EPSILON).reshape(shape)
}
