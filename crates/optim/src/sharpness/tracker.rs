//! Sharpness while a network trains.

use autodidact_nn::TensorMap;

use super::{PowerIteration, preconditioned};
use crate::{Landscape, Optimizer, Result};

/// Follows the largest eigenvalue from reading to reading; each starts from the eigenvector of the one before.
#[derive(Clone, Debug)]
pub struct Tracker {
    iteration: PowerIteration,
    eigenvector: TensorMap,
}

/// A reading of [`Tracker`].
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Reading {
    /// The largest `|λ|` of the Hessian, preconditioned where the rule is adaptive.
    pub sharpness: f64,
    /// Sharpness over the edge of stability of the rule at its learning rate; 1 is at the edge. `None` for a rule whose edge is
    /// not known.
    pub over_edge: Option<f64>,
    /// Whether the power iteration settled.
    pub converged: bool,
}

impl Default for Tracker {
    /// At most 20 products a reading, and a relative change of 1 %.
    fn default() -> Self {
        Self::new(PowerIteration { iterations: 20, tolerance: 1e-2 })
    }
}

impl Tracker {
    /// A tracker with no history.
    pub fn new(iteration: PowerIteration) -> Self {
        Self { iteration, eigenvector: TensorMap::new() }
    }

    /// The sharpness at `w`, where the gradient is `gradient`, from which the first reading starts.
    ///
    /// # Errors
    /// Those of the loss.
    pub fn read(
        &mut self,
        w: &TensorMap,
        gradient: &TensorMap,
        optimizer: &Optimizer,
        learning_rate: f64,
        landscape: &mut dyn Landscape,
    ) -> Result<Reading> {
        let start = if self.eigenvector.is_empty() { gradient } else { &self.eigenvector };
        let product = |v: &TensorMap| landscape.product(w, v);
        let found = match optimizer.preconditioner() {
            Some(p) => self.iteration.run(start, preconditioned(&p, product))?,
            None => self.iteration.run(start, product)?,
        };
        if found.value > 0.0 {
            self.eigenvector = found.vector;
        }
        let edge = optimizer.config().edge().filter(|_| learning_rate > 0.0);
        Ok(Reading {
            sharpness: found.value,
            over_edge: edge.map(|edge| found.value / edge.at(learning_rate)),
            converged: found.converged,
        })
    }

    /// What the next reading starts from.
    pub fn eigenvector(&self) -> &TensorMap {
        &self.eigenvector
    }

    /// Goes on from a stored eigenvector.
    pub fn load(&mut self, eigenvector: TensorMap) {
        self.eigenvector = eigenvector;
    }
}
