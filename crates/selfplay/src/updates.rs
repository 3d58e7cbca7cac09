//! What updates of all networks have in common.

use autodidact_experiment::checkpoint::{Checkpoint, CheckpointBuilder};
use autodidact_nn::{TensorMap, safetensors, state};
use autodidact_optim::tuner::TunerState;
use autodidact_optim::{OptimizerConfig, Schedule, Tuned, TunerConfig, clip_by_global_norm, global_norm};
use burn::module::Module;
use burn::tensor::{Device, Tensor};

use crate::learnt::{NamedLosses, StepReport};
use crate::{Error, Result};

/// A network with its update rule: all that the next update depends on but its batch.
#[derive(Debug)]
pub struct Updates<M> {
    network: M,
    optimizer: Tuned,
    rule: Rule,
    steps: u64,
}

/// How a network is updated.
#[derive(Clone, Copy, Debug)]
pub struct Rule {
    pub optimizer: OptimizerConfig,
    pub tuner: TunerConfig,
    pub schedule: Schedule,
    /// Largest norm of a gradient; 0 for any.
    pub clip_norm: f64,
}

/// The losses of a batch: each of them, and their sum, as a number and as what is differentiated.
pub struct Evaluated<L> {
    pub losses: L,
    pub value: f64,
    pub total: Tensor<1>,
}

impl<M: Module> Updates<M> {
    pub fn new(network: M, rule: Rule) -> Self {
        Self { network, optimizer: Tuned::new(rule.optimizer, Vec::new(), rule.tuner), rule, steps: 0 }
    }

    /// The network to play with, without gradients.
    pub fn network(&self) -> M {
        let network = self.network.valid();
        match self.optimizer.averaged(&state::parameters(&self.network)) {
            Some(weights) => state::replace(network, &weights).expect("weights come from this network"),
            None => network,
        }
    }

    /// Updates made so far.
    pub fn steps(&self) -> u64 {
        self.steps
    }

    /// One update by the losses of a batch.
    ///
    /// # Errors
    /// [`Error::Diverged`] if a loss or the gradient is no number; those of a tuner.
    pub fn step<L: NamedLosses>(&mut self, evaluate: impl Fn(&M) -> Evaluated<L>) -> Result<StepReport<L>> {
        let Evaluated { losses, value, total } = evaluate(&self.network);
        let gradients = state::gradients(&self.network, &mut total.backward());
        let gradient_norm = global_norm(&gradients);
        if !(value.is_finite() && gradient_norm.is_finite()) {
            return Err(Error::Diverged { step: self.steps + 1, losses: losses.to_string() });
        }
        let clip = self.rule.clip_norm;
        let used =
            if clip > 0.0 { clip_by_global_norm(gradients.clone(), clip).0 } else { gradients.clone() };
        let w = state::parameters(&self.network);
        // A tuner that looks elsewhere must leave no traces in the running statistics.
        let buffers = state::buffers(&self.network);
        let scheduled = self.rule.schedule.at(self.steps as usize);
        let network = &self.network;
        let mut landscape = |w: &TensorMap| {
            let network = state::replace(network.clone(), w)?;
            let Evaluated { value, total, .. } = evaluate(&network);
            Ok((value, state::gradients(&network, &mut total.backward())))
        };
        let step = self.optimizer.step(scheduled, &w, (value, &gradients), &used, &mut landscape)?;
        let network = state::replace(self.network.clone(), &buffers)?;
        self.network = state::replace(network, &step.weights)?;
        self.steps += 1;
        Ok(StepReport { losses, gradient_norm, learning_rate: step.chosen.learning_rate })
    }

    /// Adds all that the next update depends on.
    ///
    /// # Errors
    /// If the state cannot be written down.
    pub fn save(&self, checkpoint: CheckpointBuilder) -> Result<CheckpointBuilder> {
        let optimizer = self.optimizer.optimizer();
        let tuner = self.optimizer.tuner_state();
        Ok(checkpoint
            .section("network", safetensors::encode(&state::all_tensors(&self.network)))
            .section("optimizer", safetensors::encode(&optimizer.state()))
            .section("tuner", safetensors::encode(&tuner.vectors))
            .json("tuner_numbers", &tuner.numbers)?
            .json("optimizer_steps", &(self.steps, optimizer.steps()))?)
    }

    /// Continues from a checkpoint; the next update equals that of an uninterrupted run to the bit.
    ///
    /// # Errors
    /// If the checkpoint belongs to another network or rule.
    pub fn restore(&mut self, checkpoint: &Checkpoint, device: &Device) -> Result<()> {
        let vectors = |name| Ok::<_, Error>(safetensors::decode(checkpoint.section(name)?, device)?);
        self.network = state::load(self.network.clone(), &vectors("network")?)?;
        let tuner = TunerState { numbers: checkpoint.json("tuner_numbers")?, vectors: vectors("tuner")? };
        let (steps, optimizer_steps) = checkpoint.json("optimizer_steps")?;
        self.optimizer.load(&vectors("optimizer")?, optimizer_steps, tuner)?;
        self.steps = steps;
        Ok(())
    }
}
