//! One update of `SimCLR`.

use autodidact_data::loader::Batch;
use autodidact_experiment::checkpoint::{Checkpoint, CheckpointBuilder};
use autodidact_nn::{Mode, ResNet};
use burn::tensor::{Device, Tensor};

use super::nt_xent;
use crate::byol::{OnlineNetwork, OnlineOutput};
use crate::train::{Clock, Learner, Scene, StepReport};
use crate::update::{Objective, Update};
use crate::views::{Views, micro_batches};
use crate::{RepresentConfig, Result, probe};

/// Encoder and projector with their optimizer.
#[derive(Debug)]
pub struct Simclr {
    config: RepresentConfig,
    /// Encoder, projector and online probe.
    pub network: OnlineNetwork,
    update: Update,
    device: Device,
}

impl Simclr {
    /// A fresh network. `num_classes` of 0 leaves the online probe out.
    pub fn new(config: &RepresentConfig, num_classes: usize, device: &Device) -> Self {
        let config = RepresentConfig { use_predictor: false, ..config.clone() };
        let network = OnlineNetwork::new(&config, num_classes, &device.clone().autodiff());
        Self { network, update: Update::new(&config), device: device.clone(), config }
    }
}

impl Learner for Simclr {
    /// Negatives come from the same micro-batch only: accumulation does not enlarge the set of negatives.
    fn step(&mut self, batch: &Batch, clock: Clock) -> Result<StepReport> {
        let mut report = StepReport::new(clock.observe);
        let training = self.device.clone().autodiff();
        let (micro_batch, temperature) = (self.config.micro_batch(), self.config.temperature);
        for views in micro_batches(batch, micro_batch, &training) {
            let (mut loss, first, second) = contrastive_loss(&self.network, &views, temperature);
            report.observe_projections(&first.projection, &second.projection);
            report.observe_loss(&loss);
            if let (Some(classifier), Some(labels)) = (&self.network.classifier, &views.labels) {
                let reading = probe::read(classifier, first.representation, labels);
                report.observe_probe(&reading);
                loss = loss + reading.loss;
            }
            self.update.accumulate(&self.network, &loss);
        }
        let objective = objective(batch, &self.config, &training);
        let applied = self.update.apply(self.network.clone(), clock, report.loss(), objective)?;
        report.observe_step(&applied);
        self.network = applied.module;
        Ok(report)
    }

    fn look(&self, batch: &Batch, at: &mut dyn FnMut(Scene<'_>) -> Result<()>) -> Result<()> {
        let training = self.device.clone().autodiff();
        self.update.look(&self.network, objective(batch, &self.config, &training), at)
    }

    fn encoder(&self) -> ResNet {
        self.update.part_to_use(&self.network, "encoder", self.network.encoder.clone())
    }

    fn save(&self, checkpoint: CheckpointBuilder) -> Result<CheckpointBuilder> {
        self.update.save(checkpoint, &self.network)
    }

    fn restore(&mut self, checkpoint: &Checkpoint) -> Result<()> {
        self.network = self.update.restore(checkpoint, self.network.clone(), &self.device)?;
        Ok(())
    }
}

/// The loss of a micro-batch and the network's outputs for both views.
fn contrastive_loss(
    network: &OnlineNetwork,
    views: &Views,
    temperature: f64,
) -> (Tensor<1>, OnlineOutput, OnlineOutput) {
    let first = network.forward(views.views[0].clone(), Mode::Train);
    let second = network.forward(views.views[1].clone(), Mode::Train);
    (nt_xent(first.projection.clone(), second.projection.clone(), temperature), first, second)
}

/// The loss of each micro-batch.
fn objective<'a>(
    batch: &'a Batch,
    config: &'a RepresentConfig,
    device: &'a Device,
) -> impl Objective<OnlineNetwork> + 'a {
    |network, each| {
        for views in micro_batches(batch, config.micro_batch(), device) {
            each(contrastive_loss(network, &views, config.temperature).0);
        }
    }
}
