//! What the loop asks of a method.

use autodidact_data::loader::Batch;
use autodidact_experiment::checkpoint::{Checkpoint, CheckpointBuilder};
use autodidact_nn::{ResNet, TensorMap};
use autodidact_optim::{Landscape, Optimizer};

use super::StepReport;
use crate::Result;

/// Where in the run a step stands.
#[derive(Clone, Copy, Debug)]
pub struct Clock {
    /// Optimizer step k, from 0.
    pub step: usize,
    /// All optimizer steps K.
    pub total_steps: usize,
    /// Learning rate of this step by the schedule.
    pub learning_rate: f64,
    /// Whether the step's metrics are wanted; measuring costs time.
    pub observe: bool,
}

/// The loss of a batch around a learner's weights.
#[allow(missing_debug_implementations, reason = "a loss is a closure")]
pub struct Scene<'a> {
    /// The weights that the loss depends on.
    pub w: &'a TensorMap,
    /// The rule that moves them, with its state.
    pub optimizer: &'a Optimizer,
    /// What happens to a gradient before the rule gets it.
    pub clip: &'a dyn Fn(TensorMap) -> TensorMap,
    /// The loss at any weights.
    pub landscape: &'a mut dyn Landscape,
}

/// A method that can be trained by [`crate::train()`]: networks, their optimizer, and one update.
pub trait Learner {
    /// One optimizer step on one batch, and for methods with a target network one target update.
    ///
    /// # Errors
    /// Those of a tuner.
    fn step(&mut self, batch: &Batch, clock: Clock) -> Result<StepReport>;

    /// Shows the loss of a batch, without the online probe's, to `at`.
    ///
    /// # Errors
    /// Those of `at`.
    fn look(&self, batch: &Batch, at: &mut dyn FnMut(Scene<'_>) -> Result<()>) -> Result<()>;

    /// The encoder, which is what training is for; its average where a tuner averages weights.
    fn encoder(&self) -> ResNet;

    /// Everything the next step depends on, as sections of a checkpoint.
    ///
    /// # Errors
    /// If the state cannot be written down.
    fn save(&self, checkpoint: CheckpointBuilder) -> Result<CheckpointBuilder>;

    /// Continues from a checkpoint; the next step equals that of an uninterrupted run to the bit.
    ///
    /// # Errors
    /// If the checkpoint belongs to another configuration.
    fn restore(&mut self, checkpoint: &Checkpoint) -> Result<()>;
}
