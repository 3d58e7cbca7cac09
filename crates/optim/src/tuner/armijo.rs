//! Backtracking line search.

use super::{ArmijoConfig, Chosen, Landscape, Point, Tuner, TunerState};
use crate::{Result, vector};

/// The largest η of a falling sequence with `f(w + η u) ≤ (1 + δ) f(w) + c η g·u` (Roulet et al. 2024, appendix C.3). The
/// sequence starts at `min(c₊ η_before, 1)` and falls by the factor c₋.
///
/// Where u does not descend, or where rounding leaves nothing to compare, the search ends at its limit of backtracks or
/// below the smallest number that changes anything, and η is 0.
#[derive(Clone, Copy, Debug)]
pub(super) struct Armijo {
    config: ArmijoConfig,
    last: f64,
}

/// Below this share of the first guess, rounding decides.
const SMALLEST: f64 = 1e-20;

impl Armijo {
    pub fn new(config: ArmijoConfig) -> Self {
        Self { config, last: config.max_learning_rate }
    }
}

impl Tuner for Armijo {
    fn learning_rate(&mut self, at: &Point<'_>, landscape: &mut dyn Landscape) -> Result<Chosen> {
        let ArmijoConfig { decrease, slack, backtrack, .. } = self.config;
        let first = self.config.increase.map_or(self.config.max_learning_rate, |increase| {
            (increase * self.last).min(self.config.max_learning_rate)
        });
        let slope = at.slope();
        let most = self.config.max_backtracks.unwrap_or(usize::MAX);
        let (mut rate, mut tries) = (first, 0);
        loop {
            let value = landscape.value(&vector::moved(at.w, rate, at.u))?;
            if value <= (1.0 + slack) * at.value + decrease * rate * slope {
                break;
            }
            if tries == most || rate < SMALLEST * self.config.max_learning_rate {
                rate = 0.0;
                break;
            }
            rate *= backtrack;
            tries += 1;
        }
        // After a search that found nothing the next one must not start from nothing.
        self.last = if rate > 0.0 { rate } else { first };
        Ok(Chosen::freely(rate))
    }

    fn state(&self) -> TunerState {
        TunerState::default().with_number("last", self.last)
    }

    fn load(&mut self, mut state: TunerState) -> Result<()> {
        self.last = state.number("last")?;
        state.finish()
    }
}
