//! Backtracking line search.

use super::{ArmijoConfig, Chosen, Landscape, Point, Tuner, TunerState};
use crate::{Result, vector};

/// The largest η of a falling sequence with `f(w + η u) ≤ (1 + δ) f(w) + c η g·u` (Roulet et al. 2024, appendix C.3). The
/// sequence starts at `min(c₊ η_before, 1)` and falls by the factor c₋.
///
/// Where u does not descend, η is 0; so it is where the search ends at its limit of backtracks or far below the first guess
/// without having found anything.
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
        let ArmijoConfig { increase, max_learning_rate: cap, max_backtracks, .. } = self.config;
        let first = if increase == 0.0 { cap } else { (increase * self.last).min(cap) };
        let slope = at.slope();
        if slope >= 0.0 {
            return Ok(Chosen::freely(0.0));
        }
        let most = if max_backtracks == 0 { usize::MAX } else { max_backtracks };
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
