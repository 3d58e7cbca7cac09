//! CDAT: the learning rate at the edge of stability.

use super::{CdatConfig, Chosen, Landscape, Point, Tuner, TunerState};
use crate::Result;

/// `η = σ n / d` with `n = max(−g·u, 0)` and `d = |u·Hu| + ε`, both averaged over steps with decay β (Roulet et al. 2024,
/// eq. 8). Both averages start from zero; the bias is the same in both and cancels.
///
/// Where d is zero, along a line on which the loss is straight, η is the cap, or without one the rate before, 1 at first.
#[derive(Clone, Copy, Debug)]
pub(super) struct Cdat {
    config: CdatConfig,
    descent: f64,
    curvature: f64,
    last: f64,
}

impl Cdat {
    pub fn new(config: CdatConfig) -> Self {
        Self { config, descent: 0.0, curvature: 0.0, last: 1.0 }
    }
}

impl Tuner for Cdat {
    fn learning_rate(&mut self, at: &Point<'_>, landscape: &mut dyn Landscape) -> Result<Chosen> {
        let CdatConfig { sigma, beta, epsilon, max_learning_rate } = self.config;
        let curvature = landscape.curvature(at)?.abs() + epsilon;
        self.descent = beta * self.descent + (1.0 - beta) * (-at.slope()).max(0.0);
        self.curvature = beta * self.curvature + (1.0 - beta) * curvature;
        let wanted = sigma * self.descent / self.curvature;
        let chosen = if self.descent == 0.0 {
            Chosen::freely(0.0)
        } else if wanted.is_infinite() {
            Chosen::freely(max_learning_rate.unwrap_or(self.last))
        } else {
            Chosen::at_most(max_learning_rate, wanted)
        };
        if chosen.learning_rate > 0.0 {
            self.last = chosen.learning_rate;
        }
        Ok(chosen)
    }

    fn state(&self) -> TunerState {
        TunerState::default()
            .with_number("descent", self.descent)
            .with_number("curvature", self.curvature)
            .with_number("last", self.last)
    }

    fn load(&mut self, mut state: TunerState) -> Result<()> {
        self.descent = state.number("descent")?;
        self.curvature = state.number("curvature")?;
        self.last = state.number("last")?;
        state.finish()
    }
}
