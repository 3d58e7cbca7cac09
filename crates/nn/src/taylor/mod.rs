//! Exact second derivatives along a direction, by second-order Taylor propagation.
//!
//! With weights `w + t u`, every activation is a function of `t`; a [`Jet`] holds its value and its first two
//! derivatives at `t = 0`. Pushed through a network and its loss, jets give `f`, `g·u` and `u·Hu` without a tape
//! (forward over forward; Roulet et al. 2024, appendix C.3). The direction is a module of the same type with `u` in
//! place of its weights, as [`crate::state::replace`] makes it; layers have a method `taylor` beside `forward`.
//!
//! Kinks of ReLU count nothing (`φ'' = 0`), as in other libraries' differentiation.

mod algebra;
mod elementwise;
mod loss;
mod normalise;

use burn::module::Param;
use burn::tensor::Tensor;

pub use loss::LossJet;

/// A tensor and its first two derivatives along a direction; one that is absent is zero.
#[derive(Clone, Debug)]
pub struct Jet<const D: usize> {
    /// The value.
    pub value: Tensor<D>,
    /// The first derivative.
    pub first: Option<Tensor<D>>,
    /// The second derivative.
    pub second: Option<Tensor<D>>,
}

impl<const D: usize> Jet<D> {
    /// A tensor that does not depend on the weights, such as the input.
    pub fn constant(value: Tensor<D>) -> Self {
        Self { value: value.without_autodiff(), first: None, second: None }
    }

    /// A parameter that moves along `direction`.
    pub fn parameter(value: &Param<Tensor<D>>, direction: &Param<Tensor<D>>) -> Self {
        let first = Some(direction.val().without_autodiff());
        Self { first, ..Self::constant(value.val()) }
    }

    /// Applies a linear map to the value and to each derivative.
    pub fn linear<const E: usize>(self, map: impl Fn(Tensor<D>) -> Tensor<E>) -> Jet<E> {
        Jet { value: map(self.value), first: self.first.map(&map), second: self.second.map(&map) }
    }
}

impl Jet<4> {
    /// Mean over the positions of `[N, H, W, C]`: `[N, C]`.
    pub fn average_pool(self) -> Jet<2> {
        self.linear(|x| {
            let [batch, height, width, channels] = x.dims();
            x.reshape([batch, height * width, channels]).mean_dim(1).reshape([batch, channels])
        })
    }
}
