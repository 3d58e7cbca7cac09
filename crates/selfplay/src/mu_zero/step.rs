//! One update of the network.

use std::fmt;

use autodidact_experiment::checkpoint::{Checkpoint, CheckpointBuilder};
use autodidact_experiment::rng::Seeds;
use autodidact_games::Observe;
use autodidact_nn::Mode;
use burn::tensor::{Device, Tensor, TensorData};

use super::config::MuZeroConfig;
use super::loss::{Sequences, Targets, losses};
use super::model::one_hot;
use super::network::Network;
use super::samples::Samples;
use crate::Result;
use crate::learnt::{NamedLosses, StepReport, describe};
use crate::updates::{Evaluated, Rule, Updates};

/// A network with its optimizer.
#[derive(Debug)]
pub struct Learner {
    config: MuZeroConfig,
    updates: Updates<Network>,
    device: Device,
    shape: [usize; 3],
    num_actions: usize,
}

/// Losses of a batch; see [`losses`].
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Losses {
    /// The policies'.
    pub policy: f64,
    /// The values'.
    pub value: f64,
    /// The rewards'.
    pub reward: f64,
}

impl NamedLosses for Losses {
    fn named(&self) -> Vec<(&'static str, f64)> {
        vec![("loss/policy", self.policy), ("loss/value", self.value), ("loss/reward", self.reward)]
    }
}

impl fmt::Display for Losses {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        describe(self, f)
    }
}

impl Learner {
    /// A fresh network for a game.
    pub fn new<G: Observe>(config: &MuZeroConfig, start: &G, device: &Device) -> Self {
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
            config: config.clone(),
            device: device.clone(),
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

    /// One update by the losses of a batch.
    ///
    /// # Errors
    /// [`Error::Diverged`](crate::Error::Diverged) if a loss or the gradient is no number; those of a tuner.
    pub fn step(&mut self, samples: &Samples) -> Result<StepReport<Losses>> {
        let batch = self.sequences(samples);
        let weights = [self.config.value_weight, self.config.reward_weight];
        let precision = self.config.precision.on(&self.device);
        precision.scope(|| self.updates.step(|network| evaluate(network, &batch, weights)))
    }

    /// A batch on the device.
    fn sequences(&self, samples: &Samples) -> Sequences {
        let [channels, height, width] = self.shape;
        let cells = height * width;
        let count = samples.observations.len() / (channels * cells);
        let device = self.device.clone().autodiff();
        let [value, reward] = [self.config.network.value_support, self.config.network.reward_support]
            .map(|support| support.size());
        let rows = |values: &[f32], columns: usize| {
            Tensor::<2>::from_data(TensorData::new(values.to_vec(), [count, columns]), &device)
        };
        let step = |values: &[f32], step: usize, columns: usize| {
            rows(&values[step * count * columns..][..count * columns], columns)
        };
        let targets = |k: usize| Targets {
            policy: step(&samples.policy, k, self.num_actions),
            value: step(&samples.value, k, value),
        };
        let moves = samples.actions.chunks_exact(count).enumerate().map(|(k, actions)| {
            let actions = one_hot(actions.iter().copied(), self.num_actions, &device);
            (actions, step(&samples.reward, k, reward), targets(k + 1))
        });
        Sequences {
            observations: rows(&samples.observations, channels * cells)
                .reshape([count, height, width, channels]),
            first: targets(0),
            moves: moves.collect(),
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

/// The losses, and their sum with these weights of values and rewards.
fn evaluate(network: &Network, batch: &Sequences, weights: [f64; 2]) -> Evaluated<Losses> {
    let all = losses(network, batch, Mode::Train);
    let [policy, value, reward] =
        all.each_ref().map(|loss| f64::from(loss.clone().detach().into_scalar::<f32>()));
    let [of_policy, of_value, of_reward] = all;
    Evaluated {
        losses: Losses { policy, value, reward },
        value: policy + weights[0] * value + weights[1] * reward,
        total: of_policy + of_value.mul_scalar(weights[0]) + of_reward.mul_scalar(weights[1]),
    }
}
