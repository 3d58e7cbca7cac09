//! The loss of one step, wherever a tuner wants to look at it.

use autodidact_nn::TensorMap;

use crate::curvature::{Curvature, Differences, ahead};
use crate::{Point, Result};

/// The loss of one step at any weights: the same batch and the same randomness at each call.
///
/// Any closure `w ↦ (f(w), ∇f(w))` is one; curvature is then taken from differences of gradients. Networks with Taylor jets
/// give it exactly: override [`Landscape::curvature`].
pub trait Landscape {
    /// f(w) and its gradient.
    ///
    /// # Errors
    /// If `w` does not fit the model.
    fn gradient(&mut self, w: &TensorMap) -> Result<(f64, TensorMap)>;

    /// f(w).
    ///
    /// # Errors
    /// If `w` does not fit the model.
    fn value(&mut self, w: &TensorMap) -> Result<f64> {
        Ok(self.gradient(w)?.0)
    }

    /// `u·Hu` at the point; by one more gradient, a step ahead.
    ///
    /// # Errors
    /// If the weights do not fit the model.
    fn curvature(&mut self, at: &Point<'_>) -> Result<f64> {
        ahead(at.w, at.gradient, at.u, |w| self.gradient(w))
    }

    /// `Hv` at `w`; by two gradients.
    ///
    /// # Errors
    /// If the weights do not fit the model.
    fn product(&mut self, w: &TensorMap, v: &TensorMap) -> Result<TensorMap> {
        Differences::new(|w: &TensorMap| self.gradient(w)).product(w, v)
    }
}

impl<G: FnMut(&TensorMap) -> Result<(f64, TensorMap)>> Landscape for G {
    fn gradient(&mut self, w: &TensorMap) -> Result<(f64, TensorMap)> {
        self(w)
    }
}

/// A gradient, and a curvature that is found otherwise, such as [`crate::Exact`].
#[derive(Debug)]
pub struct WithCurvature<G, C> {
    /// `w ↦ (f(w), ∇f(w))`
    pub gradient: G,
    /// The curvature of the same loss.
    pub curvature: C,
}

impl<G, C> Landscape for WithCurvature<G, C>
where
    G: FnMut(&TensorMap) -> Result<(f64, TensorMap)>,
    C: Curvature,
{
    fn gradient(&mut self, w: &TensorMap) -> Result<(f64, TensorMap)> {
        (self.gradient)(w)
    }

    fn curvature(&mut self, at: &Point<'_>) -> Result<f64> {
        Ok(self.curvature.along(at.w, at.u)?.curvature)
    }
}
