//! How a probe learns, and when it has.

use serde::{Deserialize, Serialize};

use crate::Result;
use crate::setting::{between, count};

/// How a probe learns, and when it has converged.
///
/// It learns by Adam. After each `window` of steps the mean of the window's losses is compared with the lowest one so far: if it is not
/// lower by `tolerance`, the loss is on a plateau. The first `decays` plateaus make the rate a tenth of what it was, the one
/// after them ends learning: the probe has converged. `max_steps` end it too, and then it has not. The loss that counts is
/// the mean over `samples` further draws of a message for each object, from which nothing is learnt.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct ProbeConfig {
    /// Adam's learning rate in the beginning.
    pub learning_rate: f64,
    /// Messages of a step: each time other objects if there are more, several messages of each if there are fewer; 0 for one message of
    /// each object.
    pub batch_size: usize,
    /// Steps whose losses are averaged.
    pub window: usize,
    /// How much lower, in nats, a mean has to be than the lowest one before it.
    pub tolerance: f64,
    /// Plateaus that make the rate a tenth.
    pub decays: usize,
    /// Steps at most.
    pub max_steps: usize,
    /// Messages of each object from which the loss is measured at the end.
    pub samples: usize,
    /// Objects of each part at most. All parts have the same number, as losses of parts of different sizes do not compare.
    pub objects: usize,
    /// Seed of weights, batches and symbols.
    pub seed: u64,
}

impl Default for ProbeConfig {
    fn default() -> Self {
        Self {
            learning_rate: 2e-3,
            batch_size: 1024,
            window: 200,
            tolerance: 1e-3,
            decays: 2,
            max_steps: 20_000,
            samples: 10,
            objects: 400,
            seed: 0,
        }
    }
}

impl ProbeConfig {
    /// That all settings are in their ranges.
    ///
    /// # Errors
    /// [`Error::Setting`](crate::Error::Setting) names the first that is not.
    pub fn validate(&self) -> Result<()> {
        between("learning_rate", self.learning_rate, [0.0, 1e6])?;
        between("tolerance", self.tolerance, [0.0, 1e6])?;
        count("window", self.window, 1 << 30)?;
        count("max_steps", self.max_steps, 1 << 40)?;
        count("samples", self.samples, 1 << 20)?;
        count("objects", self.objects, 1 << 22)?;
        between("decays", self.decays as f64, [0.0, 30.0])
    }
}
