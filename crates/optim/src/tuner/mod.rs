//! Learning rates that are found, not set.
//!
//! A base rule ([`crate::Optimizer`]) gives the update u of learning rate 1; a [`Tuner`] looks at the loss there and gives
//! η; the step is `w ← w + η u`. Every tuner goes with every base rule. [`crate::Tuned`] puts the two together.

mod armijo;
mod cdat;
mod config;
mod decayed;
mod dog;
mod hypergradient;
mod landscape;
mod momo;
mod polyak;
mod prodigy;
mod schedule_free;
mod scheduled;
mod sharpness;
mod state;

pub use config::{ArmijoConfig, CdatConfig, TunerConfig};
pub(crate) use decayed::Decayed;
pub use landscape::{Landscape, WithCurvature};
pub use state::TunerState;

use autodidact_nn::TensorMap;

use crate::{Result, vector};

/// All that a tuner may look at before a step.
#[derive(Clone, Copy, Debug)]
pub struct Point<'a> {
    /// The weights w.
    pub w: &'a TensorMap,
    /// The loss f(w).
    pub value: f64,
    /// The gradient g at w; of weights that learn only.
    pub gradient: &'a TensorMap,
    /// The update u of learning rate 1.
    pub u: &'a TensorMap,
    /// Whether u is scaled by past gradients ([`crate::OptimizerConfig::is_adaptive`]).
    pub is_adaptive: bool,
}

impl Point<'_> {
    /// `g·u`, negative where u descends.
    pub fn slope(&self) -> f64 {
        vector::dot(self.gradient, self.u)
    }
}

/// A learning rate and whether it was held back.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Chosen {
    /// η.
    pub learning_rate: f64,
    /// Whether a cap of the configuration was met.
    pub is_capped: bool,
}

impl Chosen {
    fn freely(learning_rate: f64) -> Self {
        Self { learning_rate, is_capped: false }
    }

    fn at_most(cap: Option<f64>, wanted: f64) -> Self {
        match cap {
            Some(cap) if wanted > cap => Self { learning_rate: cap, is_capped: true },
            _ => Self::freely(wanted),
        }
    }
}

/// Finds the learning rate of each step.
pub trait Tuner: std::fmt::Debug + Send {
    /// η of the step from `at`. The loss may be evaluated elsewhere on `landscape`.
    ///
    /// # Errors
    /// Those of the loss.
    fn learning_rate(&mut self, at: &Point<'_>, landscape: &mut dyn Landscape) -> Result<Chosen>;

    /// The weights after the step: `w + η u`, but for tuners that average.
    fn step(&mut self, at: &Point<'_>, learning_rate: f64) -> TensorMap {
        vector::moved(at.w, learning_rate, at.u)
    }

    /// The weights to use while `w` is trained; `None` means `w` itself.
    fn averaged(&self, w: &TensorMap) -> Option<TensorMap> {
        let _ = w;
        None
    }

    /// All that the next step depends on.
    fn state(&self) -> TunerState {
        TunerState::default()
    }

    /// Continues from a stored state.
    ///
    /// # Errors
    /// If it is another tuner's.
    fn load(&mut self, state: TunerState) -> Result<()> {
        state.finish()
    }
}
