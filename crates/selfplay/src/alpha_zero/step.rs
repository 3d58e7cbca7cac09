//! One update of the network.

use std::fmt;

use autodidact_experiment::checkpoint::{Checkpoint, CheckpointBuilder};
use autodidact_experiment::rng::Seeds;
use autodidact_games::Observe;
use autodidact_nn::Mode;
use burn::tensor::{Device, Tensor, TensorData};

use super::config::AlphaZeroConfig;
use super::loss::losses;
use super::network::Network;
use crate::Result;
use crate::learnt::{NamedLosses, StepReport, describe};
use crate::samples::Samples;
use crate::updates::{Evaluated, Rule, Updates};

/// A network with its optimizer.
#[derive(Debug)]
pub struct Learner {
    config: AlphaZeroConfig,
    updates: Updates<Network>,
    device: Device,
    shape: [usize; 3],
    num_actions: usize,
}

/// Losses of a batch.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Losses {
    /// The policy's, which is no less than the entropy of what it learns.
    pub policy: f64,
    /// The value's.
    pub value: f64,
}

impl NamedLosses for Losses {
    fn named(&self) -> Vec<(&'static str, f64)> {
        vec![("loss/policy", self.policy), ("loss/value", self.value)]
    }
}

impl fmt::Display for Losses {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        describe(self, f)
    }
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
        let rule = Rule {
            optimizer: config.optimizer,
            tuner: config.optim.tuner,
            schedule: config.schedule(),
            clip_norm: config.clip_norm,
        };
        Self {
            updates: Updates::new(network, rule),
            device: device.clone(),
            config: config.clone(),
            shape,
            num_actions,
        }
    }

    /// The network to play with, without gradients.
    pub fn network(&self) -> Network {
        self.updates.network()
    }

    /// Updates made so far.
    pub fn steps(&self) -> u64 {
        self.updates.steps()
    }

    /// One update by the mean losses of a batch.
    ///
    /// # Errors
    /// [`Error::Diverged`](crate::Error::Diverged) if a loss or the gradient is no number; those of a tuner.
    pub fn step(&mut self, samples: &Samples) -> Result<StepReport<Losses>> {
        let batch = self.tensors(samples);
        let (value_weight, precision) = (self.config.value_weight, self.config.precision.on(&self.device));
        precision.scope(|| self.updates.step(|network| evaluate(network, &batch, value_weight)))
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

    /// Adds all that the next update depends on.
    ///
    /// # Errors
    /// If the state cannot be written down.
    pub fn save(&self, checkpoint: CheckpointBuilder) -> Result<CheckpointBuilder> {
        self.updates.save(checkpoint)
    }

    /// Continues from a checkpoint; the next update equals that of an uninterrupted run to the bit.
    ///
    /// # Errors
    /// If the checkpoint belongs to another network or rule.
    pub fn restore(&mut self, checkpoint: &Checkpoint) -> Result<()> {
        self.updates.restore(checkpoint, &self.device)
    }
}

/// The losses, and the sum that is differentiated.
fn evaluate(network: &Network, batch: &Tensors, value_weight: f64) -> Evaluated<Losses> {
    let outputs = network.forward(batch.boards.clone(), Mode::Train);
    let [policy, value] = losses(outputs, batch.policy.clone(), batch.legal.clone(), batch.value.clone());
    let scalar = |loss: &Tensor<1>| f64::from(loss.clone().detach().into_scalar::<f32>());
    let losses = Losses { policy: scalar(&policy), value: scalar(&value) };
    Evaluated {
        losses,
        value: losses.policy + value_weight * losses.value,
        total: policy + value.mul_scalar(value_weight),
    }
}
