//! One update of the network.

use autodidact_experiment::checkpoint::{Checkpoint, CheckpointBuilder};
use autodidact_experiment::rng::Seeds;
use autodidact_games::Observe;
use autodidact_nn::{Mode, TensorMap, safetensors, state};
use autodidact_optim::tuner::TunerState;
use autodidact_optim::{Schedule, Tuned, clip_by_global_norm, global_norm};
use burn::module::Module;
use burn::tensor::{Device, Tensor, TensorData};

use super::config::AlphaZeroConfig;
use super::loss::losses;
use super::network::Network;
use crate::samples::Samples;
use crate::{Error, Result};

/// A network with its optimizer.
#[derive(Debug)]
pub struct Learner {
    config: AlphaZeroConfig,
    network: Network,
    optimizer: Tuned,
    schedule: Schedule,
    device: Device,
    shape: [usize; 3],
    num_actions: usize,
    steps: u64,
}

/// Losses of a batch.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Losses {
    /// The policy's, which is no less than the entropy of what it learns.
    pub policy: f64,
    /// The value's.
    pub value: f64,
}

/// What an update tells of itself.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct StepReport {
    /// Losses of its batch.
    pub losses: Losses,
    /// Global norm of the gradient before clipping.
    pub gradient_norm: f64,
    /// Its learning rate.
    pub learning_rate: f64,
}

/// A batch on the device.
struct Tensors {
    boards: Tensor<4>,
    policy: Tensor<2>,
    legal: Tensor<2>,
    value: Tensor<1>,
}

impl Learner {
    /// A fresh network for a game.
    pub fn new<G: Observe>(config: &AlphaZeroConfig, start: &G, device: &Device) -> Self {
        let (shape, num_actions) = (start.observation_shape(), start.num_actions());
        let mut rng = Seeds::new(config.seed).stream("weights");
        let network = config.network.init(shape, num_actions, &mut rng, &device.clone().autodiff());
        Self {
            network,
            optimizer: Tuned::new(config.optimizer, Vec::new(), config.optim.tuner),
            schedule: config.schedule(),
            device: device.clone(),
            config: config.clone(),
            shape,
            num_actions,
            steps: 0,
        }
    }

    /// The network to play with, without gradients.
    pub fn network(&self) -> Network {
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

    /// One update by the mean losses of a batch.
    ///
    /// # Errors
    /// [`Error::Diverged`] if a loss or the gradient is no number; those of a tuner.
    pub fn step(&mut self, samples: &Samples) -> Result<StepReport> {
        let precision = self.config.precision.on(&self.device);
        precision.scope(|| self.step_in_scope(samples))
    }

    fn step_in_scope(&mut self, samples: &Samples) -> Result<StepReport> {
        let batch = self.tensors(samples);
        let (losses, total) = self.losses(&self.network, &batch, Mode::Train);
        let gradients = state::gradients(&self.network, &mut total.backward());
        let gradient_norm = global_norm(&gradients);
        if !(losses.policy.is_finite() && losses.value.is_finite() && gradient_norm.is_finite()) {
            return Err(Error::Diverged { step: self.steps + 1, policy: losses.policy, value: losses.value });
        }
        let clip = self.config.clip_norm;
        let used =
            if clip > 0.0 { clip_by_global_norm(gradients.clone(), clip).0 } else { gradients.clone() };
        let w = state::parameters(&self.network);
        // A tuner that looks elsewhere must leave no traces in the running statistics.
        let buffers = state::buffers(&self.network);
        let value = losses.policy + self.config.value_weight * losses.value;
        let scheduled = self.schedule.at(self.steps as usize);
        let mut optimizer = std::mem::replace(
            &mut self.optimizer,
            Tuned::new(self.config.optimizer, Vec::new(), self.config.optim.tuner),
        );
        let mut landscape = |w: &TensorMap| {
            let network = state::replace(self.network.clone(), w)?;
            let (losses, total) = self.losses(&network, &batch, Mode::Train);
            let gradients = state::gradients(&network, &mut total.backward());
            Ok((losses.policy + self.config.value_weight * losses.value, gradients))
        };
        let step = optimizer.step(scheduled, &w, (value, &gradients), &used, &mut landscape);
        self.optimizer = optimizer;
        let step = step?;
        let network = state::replace(self.network.clone(), &buffers)?;
        self.network = state::replace(network, &step.weights)?;
        self.steps += 1;
        Ok(StepReport { losses, gradient_norm, learning_rate: step.chosen.learning_rate })
    }

    fn tensors(&self, samples: &Samples) -> Tensors {
        let count = samples.value.len();
        let [channels, height, width] = self.shape;
        let device = self.device.clone().autodiff();
        let rows = |values: &[f32], columns: usize| {
            Tensor::<2>::from_data(TensorData::new(values.to_vec(), [count, columns]), &device)
        };
        Tensors {
            boards: rows(&samples.boards, channels * height * width)
                .reshape([count, height, width, channels]),
            policy: rows(&samples.policy, self.num_actions),
            legal: rows(&samples.legal, self.num_actions),
            value: rows(&samples.value, 1).reshape([count]),
        }
    }

    /// The losses, and the sum that is differentiated.
    fn losses(&self, network: &Network, batch: &Tensors, mode: Mode) -> (Losses, Tensor<1>) {
        let outputs = network.forward(batch.boards.clone(), mode);
        let [policy, value] = losses(outputs, batch.policy.clone(), batch.legal.clone(), batch.value.clone());
        let scalar = |loss: &Tensor<1>| f64::from(loss.clone().detach().into_scalar::<f32>());
        let read = Losses { policy: scalar(&policy), value: scalar(&value) };
        (read, policy + value.mul_scalar(self.config.value_weight))
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
    pub fn restore(&mut self, checkpoint: &Checkpoint) -> Result<()> {
        let vectors = |name| Ok::<_, Error>(safetensors::decode(checkpoint.section(name)?, &self.device)?);
        self.network = state::load(self.network.clone(), &vectors("network")?)?;
        let tuner = TunerState { numbers: checkpoint.json("tuner_numbers")?, vectors: vectors("tuner")? };
        let (steps, optimizer_steps) = checkpoint.json("optimizer_steps")?;
        self.optimizer.load(&vectors("optimizer")?, optimizer_steps, tuner)?;
        self.steps = steps;
        Ok(())
    }
}
