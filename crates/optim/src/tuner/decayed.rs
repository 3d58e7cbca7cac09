//! A loss with weight decay in it.

use autodidact_nn::TensorMap;

use super::{Landscape, Point};
use crate::{Result, vector};

/// `f(w) + ½ λ ‖w‖²`, over the tensors that rules decay: those of rank two or more.
pub(crate) struct Decayed<'a> {
    pub landscape: &'a mut dyn Landscape,
    /// λ.
    pub decay: f64,
}

impl Decayed<'_> {
    /// The value and gradient with the decay's part.
    pub fn add(&self, w: &TensorMap, value: f64, gradient: TensorMap) -> (f64, TensorMap) {
        if self.decay == 0.0 {
            return (value, gradient);
        }
        let decayed = decayed(w);
        let squared = vector::dot(&decayed, &decayed);
        (value + 0.5 * self.decay * squared, vector::moved(&gradient, self.decay, &decayed))
    }
}

fn decayed(w: &TensorMap) -> TensorMap {
    let high = w.iter().filter(|(_, tensor)| tensor.rank() > 1);
    high.map(|(name, tensor)| (name.clone(), tensor.clone())).collect()
}

impl Landscape for Decayed<'_> {
    fn gradient(&mut self, w: &TensorMap) -> Result<(f64, TensorMap)> {
        let (value, gradient) = self.landscape.gradient(w)?;
        Ok(self.add(w, value, gradient))
    }

    fn value(&mut self, w: &TensorMap) -> Result<f64> {
        let value = self.landscape.value(w)?;
        Ok(self.add(w, value, TensorMap::new()).0)
    }

    fn curvature(&mut self, at: &Point<'_>) -> Result<f64> {
        if self.decay == 0.0 {
            return self.landscape.curvature(at);
        }
        // The loss's own curvature wants the loss's own gradient.
        let plain = vector::moved(at.gradient, -self.decay, &decayed(at.w));
        let u = decayed(at.u);
        let curvature = self.landscape.curvature(&Point { gradient: &plain, ..*at })?;
        Ok(curvature + self.decay * vector::dot(&u, &u))
    }

    fn product(&mut self, w: &TensorMap, v: &TensorMap) -> Result<TensorMap> {
        let product = self.landscape.product(w, v)?;
        if self.decay == 0.0 {
            return Ok(product);
        }
        Ok(vector::moved(&product, self.decay, &decayed(v)))
    }
}
