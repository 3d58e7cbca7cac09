//! Polyak's step size.

use super::{Chosen, Landscape, Point, Tuner};
use crate::{Result, vector};

/// `η = min((f − f*) / ‖g‖², η_max)` (Roulet et al. 2024, eq. 23). With a mini-batch's loss it is SPS (Loizou et al. 2021)
/// with c = 1.
#[derive(Clone, Copy, Debug)]
pub(super) struct Polyak {
    pub lower_bound: f64,
    pub max_learning_rate: f64,
}

impl Tuner for Polyak {
    fn learning_rate(&mut self, at: &Point<'_>, _: &mut dyn Landscape) -> Result<Chosen> {
        let gap = (at.value - self.lower_bound).max(0.0);
        let squared = vector::dot(at.gradient, at.gradient);
        let wanted = if gap == 0.0 { 0.0 } else { gap / squared };
        Ok(Chosen::at_most(Some(self.max_learning_rate), wanted))
    }
}
