//! A learning rate by the number of the step.

use super::{Chosen, Landscape, Point, Tuner, TunerState};
use crate::{Result, Schedule};

/// A [`Schedule`] and the step it is at.
#[derive(Clone, Copy, Debug)]
pub(super) struct Scheduled {
    schedule: Schedule,
    step: usize,
}

impl Scheduled {
    pub fn new(schedule: Schedule) -> Self {
        Self { schedule, step: 0 }
    }
}

impl Tuner for Scheduled {
    fn learning_rate(&mut self, _: &Point<'_>, _: &mut dyn Landscape) -> Result<Chosen> {
        self.step += 1;
        Ok(Chosen::freely(self.schedule.at(self.step - 1)))
    }

    fn state(&self) -> TunerState {
        TunerState::default().with_number("step", self.step as f64)
    }

    fn load(&mut self, mut state: TunerState) -> Result<()> {
        self.step = state.number("step")? as usize;
        state.finish()
    }
}
