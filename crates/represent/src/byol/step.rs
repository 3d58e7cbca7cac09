//! One update of BYOL.

use autodidact_data::loader::Batch;
use autodidact_experiment::checkpoint::{Checkpoint, CheckpointBuilder};
use autodidact_nn::{Mode, ResNet, safetensors, state, tau, update_target};
use burn::tensor::{Device, Tensor};

use super::network::{OnlineNetwork, TargetNetwork, initialise_as_batch_norm};
use super::regression_loss;
use crate::train::{Clock, Learner, StepReport};
use crate::update::Update;
use crate::views::{Views, micro_batches};
use crate::{RepresentConfig, Result, probe};

/// Online and target network with their optimizer.
#[derive(Debug)]
pub struct Byol {
    config: RepresentConfig,
    /// θ.
    pub online: OnlineNetwork,
    /// ξ.
    pub target: TargetNetwork,
    update: Update,
    device: Device,
}

impl Byol {
    /// Fresh networks. `first_batch` is looked at only where the configuration asks for
    /// `initialise_as_batch_norm`. `num_classes` of 0 leaves the online probe out.
    pub fn new(config: &RepresentConfig, num_classes: usize, first_batch: &Batch, device: &Device) -> Self {
        let training = device.clone().autodiff();
        let (online, target) = if config.initialise_as_batch_norm {
            let views = micro_batches(first_batch, first_batch.len(), &training).next();
            let view = views.expect("a batch has pictures").views.swap_remove(0);
            initialise_as_batch_norm(config, num_classes, view, &training)
        } else {
            (OnlineNetwork::new(config, num_classes, &training), TargetNetwork::new(config, device))
        };
        Self { config: config.clone(), online, target, update: Update::new(config), device: device.clone() }
    }

    /// The same networks and optimizer state with other micro-batches. The two share the running statistics of batch norm,
    /// so this is for training mode only.
    pub(super) fn accumulating(&self, micro_batch_size: usize) -> Self {
        Self {
            config: RepresentConfig { micro_batch_size, ..self.config.clone() },
            online: self.online.clone(),
            target: self.target.clone(),
            update: self.update.clone(),
            device: self.device.clone(),
        }
    }

    /// Loss of a micro-batch and what monitoring wants to see: Grill et al. 2020, eq. (2), both directions.
    fn loss(&self, views: &Views, report: &mut StepReport) -> Tensor<1> {
        let [first, second] = [&views.views[0], &views.views[1]];

        let target_first = self.target.forward(first.clone().without_autodiff());
        let target_second = self.target.forward(second.clone().without_autodiff());

        let online_first = self.online.forward(first.clone(), Mode::Train);
        let online_second = self.online.forward(second.clone(), Mode::Train);

        let loss = regression_loss(online_first.prediction, Tensor::from_inner(target_second))
            + regression_loss(online_second.prediction, Tensor::from_inner(target_first));

        report.observe_loss(&loss);
        report.observe_projections(&online_first.projection, &online_second.projection);
        match (&self.online.classifier, &views.labels) {
            (Some(classifier), Some(labels)) => {
                let reading = probe::read(classifier, online_first.representation, labels);
                report.observe_probe(&reading);
                loss + reading.loss
            }
            _ => loss,
        }
    }
}

impl Learner for Byol {
    fn step(&mut self, batch: &Batch, clock: Clock) -> StepReport {
        let mut report = StepReport::new(clock.observe);
        let training = self.device.clone().autodiff();
        for views in micro_batches(batch, self.config.micro_batch(), &training) {
            let loss = self.loss(&views, &mut report);
            self.update.accumulate(&self.online, &loss);
        }

        let (online, weights, gradient_norm) = self.update.apply(self.online.clone(), clock.learning_rate);
        self.online = online;

        // Once per optimizer step, with the new weights.
        let tau =
            tau(self.config.target.schedule, self.config.target.tau_base, clock.step, clock.total_steps);
        self.target = update_target(self.target.clone(), &weights, tau);

        report.gradient_norm = gradient_norm;
        report.extra.push(("target/tau", tau));
        report
    }

    fn encoder(&self) -> &ResNet {
        &self.online.encoder
    }

    fn save(&self, checkpoint: CheckpointBuilder) -> Result<CheckpointBuilder> {
        let target = safetensors::encode(&state::all_tensors(&self.target));
        self.update.save(checkpoint.section("target", target), &self.online)
    }

    fn restore(&mut self, checkpoint: &Checkpoint) -> Result<()> {
        let target = safetensors::decode(checkpoint.section("target")?, &self.device)?;
        self.target = state::load(self.target.clone(), &target)?;
        self.online = self.update.restore(checkpoint, self.online.clone(), &self.device)?;
        Ok(())
    }
}
