//! Learning rate from the largest eigenvalue.

use autodidact_nn::TensorMap;

use super::{Chosen, Landscape, Point, Tuner, TunerState};
use crate::Result;
use crate::sharpness::PowerIteration;

/// `η = σ / λ_max(H)` (Roulet et al. 2024, eq. 25). The power iteration starts from the eigenvector of the step before,
/// first from the update.
#[derive(Clone, Debug)]
pub(super) struct Sharpness {
    sigma: f64,
    iteration: PowerIteration,
    eigenvector: TensorMap,
}

impl Sharpness {
    pub fn new(sigma: f64, iteration: PowerIteration) -> Self {
        Self { sigma, iteration, eigenvector: TensorMap::new() }
    }
}

impl Tuner for Sharpness {
    fn learning_rate(&mut self, at: &Point<'_>, landscape: &mut dyn Landscape) -> Result<Chosen> {
        let start = if self.eigenvector.is_empty() { at.u } else { &self.eigenvector };
        let found = self.iteration.run(start, |v| landscape.product(at.w, v))?;
        if found.value > 0.0 {
            self.eigenvector = found.vector;
        }
        Ok(Chosen::freely(if found.value == 0.0 { 0.0 } else { self.sigma / found.value }))
    }

    fn state(&self) -> TunerState {
        TunerState::default().with_vector("eigenvector", &self.eigenvector)
    }

    fn load(&mut self, mut state: TunerState) -> Result<()> {
        self.eigenvector = state.vector("eigenvector");
        state.finish()
    }
}
