//! Distance over gradients.

use autodidact_nn::TensorMap;

use super::{Chosen, Landscape, Point, Tuner, TunerState};
use crate::{Result, vector};

/// Keeps the root of the sum of squares away from zero, as in the authors' code.
const EPSILON: f64 = 1e-8;

/// `η = max_{i ≤ t} ‖w_i − w_0‖ / √(Σ_{i ≤ t} ‖g_i‖² + 1e-8)`, where the distance is at least `r (1 + ‖w_0‖)`
/// (Ivgi, Hinder, Carmon 2023).
#[derive(Clone, Debug)]
pub(super) struct Dog {
    initial: f64,
    start: TensorMap,
    distance: f64,
    squares: f64,
}

impl Dog {
    pub fn new(initial: f64) -> Self {
        Self { initial, start: TensorMap::new(), distance: 0.0, squares: 0.0 }
    }
}

impl Tuner for Dog {
    fn learning_rate(&mut self, at: &Point<'_>, _: &mut dyn Landscape) -> Result<Chosen> {
        if self.start.is_empty() {
            self.start = at.w.clone();
            self.distance = self.initial * (1.0 + vector::length(at.w));
        }
        self.distance = self.distance.max(vector::length(&vector::moved(at.w, -1.0, &self.start)));
        self.squares += vector::dot(at.gradient, at.gradient);
        Ok(Chosen::freely(self.distance / (self.squares + EPSILON).sqrt()))
    }

    fn state(&self) -> TunerState {
        TunerState::default()
            .with_number("distance", self.distance)
            .with_number("squares", self.squares)
            .with_vector("start", &self.start)
    }

    fn load(&mut self, mut state: TunerState) -> Result<()> {
        self.distance = state.number("distance")?;
        self.squares = state.number("squares")?;
        self.start = state.vector("start");
        state.finish()
    }
}
