//! Sums and products of jets: the product rule up to the second derivative.

use std::ops::{Add, Mul, Sub};

use burn::tensor::Tensor;

use super::Jet;

fn sum<const D: usize>(a: Option<Tensor<D>>, b: Option<Tensor<D>>) -> Option<Tensor<D>> {
    match (a, b) {
        (Some(a), Some(b)) => Some(a + b),
        (a, b) => a.or(b),
    }
}

impl<const D: usize> Add for Jet<D> {
    type Output = Self;

    fn add(self, other: Self) -> Self {
        Self {
            // Shapes may broadcast, so that an absent derivative cannot take the other's place unseen.
            first: broadcast_sum(&self.value, &other.value, self.first, other.first),
            second: broadcast_sum(&self.value, &other.value, self.second, other.second),
            value: self.value + other.value,
        }
    }
}

/// The sum of two derivatives in the shape that the sum of the values has.
fn broadcast_sum<const D: usize>(
    value: &Tensor<D>,
    other: &Tensor<D>,
    a: Option<Tensor<D>>,
    b: Option<Tensor<D>>,
) -> Option<Tensor<D>> {
    let derivative = sum(a, b)?;
    let shape: [usize; D] = std::array::from_fn(|axis| value.dims()[axis].max(other.dims()[axis]));
    Some(if derivative.dims() == shape { derivative } else { derivative.expand(shape) })
}

impl<const D: usize> Sub for Jet<D> {
    type Output = Self;

    fn sub(self, other: Self) -> Self {
        self.add(other.linear(Tensor::neg))
    }
}

impl<const D: usize> Mul for Jet<D> {
    type Output = Self;

    fn mul(self, other: Self) -> Self {
        self.product(&other, |a, b| a * b)
    }
}

impl<const D: usize> Jet<D> {
    /// A bilinear map of two jets: `(ab)'' = a'' b + 2 a' b' + a b''`.
    pub fn product<const E: usize, const F: usize>(
        &self,
        other: &Jet<E>,
        map: impl Fn(Tensor<D>, Tensor<E>) -> Tensor<F>,
    ) -> Jet<F> {
        let times = |a: Option<&Tensor<D>>, b: Option<&Tensor<E>>| Some(map(a?.clone(), b?.clone()));
        let (a, b) = (Some(&self.value), Some(&other.value));
        let (a1, b1) = (self.first.as_ref(), other.first.as_ref());
        let cross = times(a1, b1).map(|cross| cross.mul_scalar(2.0));
        let ends = sum(times(self.second.as_ref(), b), times(a, other.second.as_ref()));
        Jet {
            value: map(self.value.clone(), other.value.clone()),
            first: sum(times(a1, b), times(a, b1)),
            second: sum(ends, cross),
        }
    }
}
