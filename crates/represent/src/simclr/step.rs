//! One update of `SimCLR`.

use autodidact_data::loader::Batch;
use autodidact_experiment::checkpoint::{Checkpoint, CheckpointBuilder};
use autodidact_nn::{Mode, ResNet};
use burn::tensor::Device;

use super::nt_xent;
use crate::byol::OnlineNetwork;
use crate::train::{Clock, Learner, StepReport};
use crate::update::Update;
use crate::views::micro_batches;
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
    fn step(&mut self, batch: &Batch, clock: Clock) -> StepReport {
        let mut report = StepReport::new(clock.observe);
        let training = self.device.clone().autodiff();
        for views in micro_batches(batch, self.config.micro_batch(), &training) {
            let first = self.network.forward(views.views[0].clone(), Mode::Train);
            let second = self.network.forward(views.views[1].clone(), Mode::Train);
            report.observe_projections(&first.projection, &second.projection);
            let mut loss = nt_xent(first.projection, second.projection, self.config.temperature);
            report.observe_loss(&loss);
            if let (Some(classifier), Some(labels)) = (&self.network.classifier, &views.labels) {
                let reading = probe::read(classifier, first.representation, labels);
                report.observe_probe(&reading);
                loss = loss + reading.loss;
            }
            self.update.accumulate(&self.network, &loss);
        }
        let (network, _, gradient_norm) = self.update.apply(self.network.clone(), clock.learning_rate);
        self.network = network;
        report.gradient_norm = gradient_norm;
        report
    }

    fn encoder(&self) -> &ResNet {
        &self.network.encoder
    }

    fn save(&self, checkpoint: CheckpointBuilder) -> Result<CheckpointBuilder> {
        self.update.save(checkpoint, &self.network)
    }

    fn restore(&mut self, checkpoint: &Checkpoint) -> Result<()> {
        self.network = self.update.restore(checkpoint, self.network.clone(), &self.device)?;
        Ok(())
    }
}
