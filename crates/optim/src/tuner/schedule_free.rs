//! Averaging in the place of a schedule.

use autodidact_nn::TensorMap;

use super::{Chosen, Landscape, Point, Tuner, TunerState};
use crate::{Result, vector};

/// Schedule-free learning (Defazio et al. 2024): gradients are taken at `y = (1 − β) z + β x`, z takes the steps
/// `z ← z + γ u`, and x, the weights to use, is the average of the z, weighted by the squared largest rate so far. γ warms
/// up linearly. The base rule should have no momentum of its own.
///
/// The weights that are trained are y; [`Tuner::averaged`] gives x.
#[derive(Clone, Debug)]
pub(super) struct ScheduleFree {
    rate: f64,
    beta: f64,
    warmup_steps: usize,
    step: usize,
    largest: f64,
    weights: f64,
    z: TensorMap,
}

impl ScheduleFree {
    pub fn new(rate: f64, beta: f64, warmup_steps: usize) -> Self {
        Self { rate, beta, warmup_steps, step: 0, largest: 0.0, weights: 0.0, z: TensorMap::new() }
    }
}

impl Tuner for ScheduleFree {
    fn learning_rate(&mut self, _: &Point<'_>, _: &mut dyn Landscape) -> Result<Chosen> {
        let warm = (self.step + 1) as f64 / self.warmup_steps.max(1) as f64;
        Ok(Chosen::freely(self.rate * warm.min(1.0)))
    }

    fn step(&mut self, at: &Point<'_>, learning_rate: f64) -> TensorMap {
        if self.z.is_empty() {
            self.z = at.w.clone();
        }
        self.step += 1;
        self.largest = self.largest.max(learning_rate);
        let weight = self.largest * self.largest;
        self.weights += weight;
        let share = if self.weights > 0.0 { weight / self.weights } else { 0.0 };
        // y' = (1 − c) y + c z + γ (1 − β (1 − c)) u, which is (1 − β) z' + β x'.
        let mixed = vector::moved(&vector::scaled(at.w, 1.0 - share), share, &self.z);
        let y = vector::moved(&mixed, learning_rate * (1.0 - self.beta * (1.0 - share)), at.u);
        self.z = vector::moved(&self.z, learning_rate, at.u);
        y
    }

    fn averaged(&self, w: &TensorMap) -> Option<TensorMap> {
        // x = (y − (1 − β) z) / β
        (!self.z.is_empty()).then(|| {
            let known = vector::shared(w, &self.z);
            vector::scaled(&vector::moved(&known, self.beta - 1.0, &self.z), self.beta.recip())
        })
    }

    fn state(&self) -> TunerState {
        TunerState::default()
            .with_number("step", self.step as f64)
            .with_number("largest", self.largest)
            .with_number("weights", self.weights)
            .with_vector("z", &self.z)
    }

    fn load(&mut self, mut state: TunerState) -> Result<()> {
        self.step = state.number("step")? as usize;
        self.largest = state.number("largest")?;
        self.weights = state.number("weights")?;
        self.z = state.vector("z");
        state.finish()
    }
}
