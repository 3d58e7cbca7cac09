//! Cross-entropy on labels: the upper baseline in the same harness (same encoder, augmentations, optimizer).

use autodidact_data::loader::Batch;
use autodidact_experiment::checkpoint::{Checkpoint, CheckpointBuilder};
use autodidact_experiment::rng::Seeds;
use autodidact_nn::{Linear, Mode, ResNet, state};
use burn::module::Module;
use burn::tensor::{Device, Tensor, TensorData};

use crate::probe::{ProbeReading, accuracy, cross_entropy};
use crate::train::{Clock, Learner, Scene, StepReport};
use crate::update::{Objective, Update};
use crate::views::{Views, micro_batches};
use crate::{Embeddings, RepresentConfig, Result};

/// Encoder and classifier.
#[derive(Module, Debug)]
pub struct Classifier {
    /// Encoder f.
    pub encoder: ResNet,
    /// Linear classifier on the representation; gradients reach the encoder.
    pub classifier: Linear,
}

/// A [`Classifier`] with its optimizer.
#[derive(Debug)]
pub struct Supervised {
    config: RepresentConfig,
    /// The network.
    pub network: Classifier,
    update: Update,
    device: Device,
    /// Whether the encoder stays as it is, batch norm in evaluation mode.
    is_frozen: bool,
}

impl Supervised {
    /// A fresh network.
    pub fn new(config: &RepresentConfig, num_classes: usize, device: &Device) -> Self {
        let training = device.clone().autodiff();
        let mut rng = Seeds::new(config.seed).stream("weights/online");
        let encoder = config.encoder.init(&mut rng, &training);
        let widths = [config.encoder.output_size(), num_classes];
        let classifier = Linear::new(widths, true, false, &mut rng, &training);
        Self {
            network: Classifier { encoder, classifier },
            update: Update::new(config),
            device: device.clone(),
            config: config.clone(),
            is_frozen: false,
        }
    }
}

impl Supervised {
    /// Trains the classifier alone from now on.
    pub(crate) fn freeze_encoder(&mut self) {
        self.is_frozen = true;
    }

    /// Scores of each class `[N, classes]` for representations of this network's encoder.
    pub(crate) fn scores(&self, features: &Embeddings, device: &Device) -> Vec<f32> {
        let shape = [features.len(), features.width];
        let y = Tensor::from_data(TensorData::new(features.values.clone(), shape), device);
        let classifier = self.network.classifier.clone();
        let classifier = self.update.part_to_use(&self.network, "classifier", classifier);
        state::to_vec(classifier.valid().forward(y))
    }
}

impl Learner for Supervised {
    fn step(&mut self, batch: &Batch, clock: Clock) -> Result<StepReport> {
        let mut report = StepReport::new(clock.observe);
        let training = self.device.clone().autodiff();
        let (micro_batch, is_frozen) = (self.config.micro_batch(), self.is_frozen);
        for views in micro_batches(batch, micro_batch, &training) {
            let (loss, accuracy) = classification_loss(&self.network, &views, is_frozen);
            report.observe_loss(&loss);
            report.observe_probe(&ProbeReading { loss: loss.clone(), accuracy });
            self.update.accumulate(&self.network, &loss);
        }
        let objective = objective(batch, micro_batch, &training, is_frozen);
        let applied = self.update.apply(self.network.clone(), clock, report.loss(), objective)?;
        report.observe_step(&applied);
        self.network = applied.module;
        Ok(report)
    }

    fn look(&self, batch: &Batch, at: &mut dyn FnMut(Scene<'_>) -> Result<()>) -> Result<()> {
        let training = self.device.clone().autodiff();
        let objective = objective(batch, self.config.micro_batch(), &training, self.is_frozen);
        self.update.look(&self.network, objective, at)
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

impl Classifier {
    /// y of a view; of an encoder that is frozen without a gradient.
    fn representation(&self, view: Tensor<4>, is_frozen: bool) -> Tensor<2> {
        if is_frozen {
            let encoder = self.encoder.valid();
            return Tensor::from_inner(encoder.forward(view.without_autodiff(), Mode::Evaluate));
        }
        self.encoder.forward(view, Mode::Train)
    }
}

/// Cross-entropy of a micro-batch and the share of right answers.
fn classification_loss(network: &Classifier, views: &Views, is_frozen: bool) -> (Tensor<1>, f64) {
    let labels = views.labels.as_ref().expect("labels were checked before training");
    let logits = network.classifier.forward(network.representation(views.views[0].clone(), is_frozen));
    let accuracy = accuracy(&logits, labels);
    (cross_entropy(logits, labels), accuracy)
}

/// The loss of each micro-batch.
fn objective<'a>(
    batch: &'a Batch,
    micro_batch: usize,
    device: &'a Device,
    is_frozen: bool,
) -> impl Objective<Classifier> + 'a {
    move |network, each| {
        for views in micro_batches(batch, micro_batch, device) {
            each(classification_loss(network, &views, is_frozen).0);
        }
    }
}
