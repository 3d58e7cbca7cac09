//! Initial weights drawn from a generator that the caller passes in, so that a seed decides them.

use burn::module::Param;
use burn::tensor::{Device, Tensor, TensorData};
use rand::{Rng, RngExt};
use rand_distr::{Distribution, StandardNormal};

/// Normal weights with standard deviation `√(2 / fan_out)`: He et al. 2015, the initialisation of
/// torchvision's residual networks.
pub(crate) fn he_normal<const D: usize, R: Rng + ?Sized>(
    shape: [usize; D],
    fan_out: usize,
    rng: &mut R,
    device: &Device,
) -> Param<Tensor<D>> {
    let deviation = (2.0 / fan_out as f64).sqrt();
    let values: Vec<f32> = (0..shape.iter().product())
        .map(|_| (deviation * Distribution::<f64>::sample(&StandardNormal, rng)) as f32)
        .collect();
    parameter(values, shape, device)
}

/// Uniform weights in `±1 / √fan_in`, the default of a linear layer in `PyTorch`.
pub(crate) fn uniform_fan_in<const D: usize, R: Rng + ?Sized>(
    shape: [usize; D],
    fan_in: usize,
    rng: &mut R,
    device: &Device,
) -> Param<Tensor<D>> {
    let bound = 1.0 / (fan_in as f64).sqrt();
    let values: Vec<f32> =
        (0..shape.iter().product()).map(|_| rng.random_range(-bound..bound) as f32).collect();
    parameter(values, shape, device)
}

pub(crate) fn constant(value: f32, length: usize, device: &Device) -> Param<Tensor<1>> {
    parameter(vec![value; length], [length], device)
}

pub(crate) fn parameter<const D: usize>(
    values: Vec<f32>,
    shape: [usize; D],
    device: &Device,
) -> Param<Tensor<D>> {
    Param::from_data(TensorData::new(values, shape), device)
}
