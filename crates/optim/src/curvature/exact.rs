//! Exact curvature, by second-order Taylor propagation.

use autodidact_nn::taylor::LossJet;
use autodidact_nn::{TensorMap, state};
use burn::module::Module;

use super::{Along, Curvature};
use crate::{Result, vector};

/// The loss as a jet of a network with jets: `loss(module, direction)`, where the direction is the module with `u` in
/// place of its weights.
///
/// ```
/// use autodidact_nn::{Linear, state, taylor::Jet};
/// use autodidact_optim::{Curvature, Exact};
/// use burn::tensor::{Device, Tensor};
/// use rand_chacha::{ChaCha8Rng, rand_core::SeedableRng};
///
/// let device = Device::flex();
/// let layer = Linear::new([1, 1], false, false, &mut ChaCha8Rng::seed_from_u64(1), &device);
/// let w = state::parameters(&layer);
/// // f(w) = ½ (3 w)², so w·Hw = 9 w² = 2 f.
/// let x = Tensor::<2>::from_floats([[3.0]], &device);
/// let mut curvature = Exact::new(layer, |layer: &Linear, u: &Linear| {
///     layer.taylor(u, Jet::constant(x.clone())).squared_error(Tensor::zeros([1, 1], &device))
/// });
/// let along = curvature.along(&w, &w).unwrap();
/// assert!((along.curvature - 2.0 * along.value).abs() < 1e-6);
/// ```
#[derive(Debug)]
pub struct Exact<M, F> {
    module: M,
    loss: F,
}

impl<M: Module, F: FnMut(&M, &M) -> LossJet> Exact<M, F> {
    /// The curvature of `loss` for networks of the shape of `module`.
    pub fn new(module: M, loss: F) -> Self {
        Self { module, loss }
    }
}

impl<M: Module, F: FnMut(&M, &M) -> LossJet> Curvature for Exact<M, F> {
    fn along(&mut self, w: &TensorMap, u: &TensorMap) -> Result<Along> {
        let at = state::replace(self.module.clone(), w)?;
        let mut direction = vector::scaled(&state::parameters(&at), 0.0);
        direction.extend(u.clone());
        let direction = state::replace(at.clone(), &direction)?;
        let LossJet { value, slope, curvature } = (self.loss)(&at, &direction);
        Ok(Along { value, slope, curvature, error: 0.0 })
    }
}
