//! One update of BYOL.

use autodidact_data::loader::Batch;
use autodidact_experiment::checkpoint::{Checkpoint, CheckpointBuilder};
use autodidact_nn::{Mode, ResNet, safetensors, state, tau, update_target};
use burn::tensor::{Device, Tensor};

use super::network::{OnlineNetwork, OnlineOutput, TargetNetwork, initialise_as_batch_norm};
use super::regression_loss;
use crate::train::{Clock, Learner, Scene, StepReport};
use crate::update::{Objective, Update};
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

    /// Target projections of both views of a micro-batch.
    fn targets(&self, views: &Views) -> Targets {
        [&views.views[0], &views.views[1]].map(|view| self.target.forward(view.clone().without_autodiff()))
    }

    /// Loss of a micro-batch and what monitoring wants to see.
    fn loss(&self, views: &Views, targets: &Targets, report: &mut StepReport) -> Tensor<1> {
        let (loss, online_first, online_second) = bootstrap_loss(&self.online, views, targets);
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

/// The loss of each micro-batch with given targets.
fn objective<'a>(
    batch: &'a Batch,
    micro_batch: usize,
    device: &'a Device,
    targets: &'a [Targets],
) -> impl Objective<OnlineNetwork> + 'a {
    move |online, each| {
        for (views, targets) in micro_batches(batch, micro_batch, device).zip(targets) {
            each(bootstrap_loss(online, &views, targets).0);
        }
    }
}

/// Target projections of the first and of the second view.
type Targets = [Tensor<2>; 2];

/// Grill et al. 2020, eq. (2), both directions, and the online network's outputs for both views.
fn bootstrap_loss(
    online: &OnlineNetwork,
    views: &Views,
    targets: &Targets,
) -> (Tensor<1>, OnlineOutput, OnlineOutput) {
    let first = online.forward(views.views[0].clone(), Mode::Train);
    let second = online.forward(views.views[1].clone(), Mode::Train);
    let [target_first, target_second] = targets.clone();
    let loss = regression_loss(first.prediction.clone(), Tensor::from_inner(target_second))
        + regression_loss(second.prediction.clone(), Tensor::from_inner(target_first));
    (loss, first, second)
}

impl Learner for Byol {
    fn step(&mut self, batch: &Batch, clock: Clock) -> Result<StepReport> {
        let mut report = StepReport::new(clock.observe);
        let training = self.device.clone().autodiff();
        let micro_batch = self.config.micro_batch();
        let mut targets = Vec::new();
        for views in micro_batches(batch, micro_batch, &training) {
            targets.push(self.targets(&views));
            let loss = self.loss(&views, &targets[targets.len() - 1], &mut report);
            self.update.accumulate(&self.online, &loss);
        }

        let objective = objective(batch, micro_batch, &training, &targets);
        let applied = self.update.apply(self.online.clone(), clock, report.loss(), objective)?;
        report.observe_step(&applied);
        self.online = applied.module;

        // Once per optimizer step, with the new weights.
        let tau =
            tau(self.config.target.schedule, self.config.target.tau_base, clock.step, clock.total_steps);
        self.target = update_target(self.target.clone(), &applied.weights, tau);

        report.extra.push(("target/tau", tau));
        Ok(report)
    }

    fn look(&self, batch: &Batch, at: &mut dyn FnMut(Scene<'_>) -> Result<()>) -> Result<()> {
        let (training, micro_batch) = (self.device.clone().autodiff(), self.config.micro_batch());
        let buffers = state::buffers(&self.target);
        let targets: Vec<Targets> =
            micro_batches(batch, micro_batch, &training).map(|views| self.targets(&views)).collect();
        state::replace(self.target.clone(), &buffers)?;
        self.update.look(&self.online, objective(batch, micro_batch, &training, &targets), at)
    }

    fn encoder(&self) -> ResNet {
        self.update.part_to_use(&self.online, "encoder", self.online.encoder.clone())
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
