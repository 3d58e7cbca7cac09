//! What the tests of the methods share: a small configuration, small batches, and a learner's state by name.

#![allow(dead_code, reason = "every test program uses its own part")]

use std::collections::BTreeMap;

use autodidact_data::loader::Batch;
use autodidact_data::procedural::Procedural;
use autodidact_data::{Dataset, Error, Image};
use autodidact_experiment::checkpoint::{CheckpointBuilder, Checkpoints};
use autodidact_nn::state::to_vec;
use autodidact_nn::{MlpConfig, NormConfig, safetensors};
use autodidact_optim::OptimizerConfig;
use autodidact_represent::train::{Clock, Learner};
use autodidact_represent::{RepresentConfig, preset};
use burn::tensor::Device;

/// Drawn pictures, some of which do not decode.
pub struct Damaged {
    pub pictures: Procedural,
    pub broken: Vec<usize>,
}

impl Dataset for Damaged {
    fn len(&self) -> usize {
        self.pictures.len()
    }

    fn image(&self, index: usize) -> Result<Image, Error> {
        if self.broken.contains(&index) {
            return Err(Error::IsFolder { path: self.path(index).into() });
        }
        self.pictures.image(index)
    }

    fn label(&self, index: usize) -> Option<usize> {
        self.pictures.label(index)
    }

    fn class_names(&self) -> &[String] {
        self.pictures.class_names()
    }

    fn path(&self, index: usize) -> String {
        self.pictures.path(index)
    }
}

/// Values by tensor name.
pub type Tensors = BTreeMap<String, Vec<f32>>;

/// BYOL with a ResNet-8 of width 8 and heads 16/8.
pub fn small(batch_size: usize) -> RepresentConfig {
    let mut config = preset::named("cpu-small").expect("a preset");
    config.batch_size = batch_size;
    config.base_learning_rate = 0.12;
    config.clip_norm = 0.0;
    config.encoder.width = Some(8);
    config.projector = MlpConfig::new(16, 8, NormConfig::BATCH);
    config.predictor = MlpConfig::new(16, 8, NormConfig::BATCH);
    config.optimizer = OptimizerConfig::sgd(0.0);
    config
}

/// A batch of two views with the given values, labels counting up to `classes`.
pub fn batch(first: Vec<f32>, second: Vec<f32>, side: usize, classes: usize) -> Batch {
    let count = first.len() / (3 * side * side);
    Batch {
        views: vec![first, second],
        sizes: vec![side, side],
        labels: (0..count).map(|index| (classes > 0).then(|| index % classes)).collect(),
        indices: (0..count).collect(),
        ..Batch::default()
    }
}

/// Step `step` of ten at a learning rate.
pub fn clock(step: usize, learning_rate: f64) -> Clock {
    Clock { step, total_steps: 10, learning_rate, observe: true }
}

/// The tensors in a section of what `learner` saves: `online`, `target` or `optimizer`.
pub fn saved(learner: &dyn Learner, section: &str) -> Tensors {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let checkpoints = Checkpoints::new(folder.path());
    checkpoints.save(1, &learner.save(CheckpointBuilder::new()).expect("plain data")).expect("writable");
    let checkpoint = checkpoints.load(1).expect("saved just before");
    let tensors = safetensors::decode(checkpoint.section(section).expect("a section"), &Device::flex());
    tensors.expect("own bytes").into_iter().map(|(name, tensor)| (name, to_vec(tensor.values))).collect()
}

/// Parameters without running statistics.
pub fn parameters(tensors: &Tensors) -> Tensors {
    tensors
        .iter()
        .filter(|(name, _)| !name.contains("running_"))
        .map(|(n, v)| (n.clone(), v.clone()))
        .collect()
}

/// Running statistics only.
pub fn statistics(tensors: &Tensors) -> Tensors {
    tensors
        .iter()
        .filter(|(name, _)| name.contains("running_"))
        .map(|(n, v)| (n.clone(), v.clone()))
        .collect()
}

/// Entry by entry, `after − before`.
pub fn movement(after: &Tensors, before: &Tensors) -> Tensors {
    assert!(after.keys().eq(before.keys()));
    after
        .iter()
        .map(|(name, after)| (name.clone(), after.iter().zip(&before[name]).map(|(a, b)| a - b).collect()))
        .collect()
}
