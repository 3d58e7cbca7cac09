//! Learning rate by the gradient of the loss after the last step.

use autodidact_nn::TensorMap;

use super::{Chosen, Landscape, Point, Tuner, TunerState};
use crate::{Result, vector};

/// `η ← η (1 − β cos(∇f(w + η u), u))` (Roulet et al. 2024, eq. 24; the multiplicative form of Baydin et al. 2018). The
/// gradient after a step is the one the next step starts with, so that it costs nothing; with mini-batches it is of the
/// next batch.
#[derive(Clone, Debug)]
pub(super) struct Hypergradient {
    beta: f64,
    rate: f64,
    /// u of the last step.
    last: TensorMap,
}

impl Hypergradient {
    pub fn new(initial: f64, beta: f64) -> Self {
        Self { beta, rate: initial, last: TensorMap::new() }
    }
}

impl Tuner for Hypergradient {
    fn learning_rate(&mut self, at: &Point<'_>, _: &mut dyn Landscape) -> Result<Chosen> {
        let lengths = vector::length(at.gradient) * vector::length(&self.last);
        if lengths > 0.0 {
            self.rate *= 1.0 - self.beta * vector::dot(at.gradient, &self.last) / lengths;
        }
        self.last = at.u.clone();
        Ok(Chosen::freely(self.rate))
    }

    fn state(&self) -> TunerState {
        TunerState::default().with_number("rate", self.rate).with_vector("last", &self.last)
    }

    fn load(&mut self, mut state: TunerState) -> Result<()> {
        self.rate = state.number("rate")?;
        self.last = state.vector("last");
        state.finish()
    }
}
