//! Fine-tuning a trained encoder on labels: all of them, or a fraction (semi-supervised).

use std::sync::Arc;

use autodidact_data::Dataset;
use autodidact_data::augment::AugmentConfig;
use autodidact_data::loader::{Loader, LoaderConfig};
use autodidact_data::source::Subset;
use autodidact_experiment::interrupt;
use autodidact_nn::{NormConfig, state};
use autodidact_optim::{OptimizerConfig, WarmupCosine};
use burn::tensor::Device;
use serde::{Deserialize, Serialize};

use crate::evaluate::{ClassificationReport, label_fraction};
use crate::supervised::Supervised;
use crate::train::{Clock, Learner};
use crate::{Error, Method, RepresentConfig, Result, TrainedEncoder, ViewsConfig, embed};

/// How to fine-tune. The defaults are the paper's semi-supervised protocol at one learning rate of its sweep
/// {0.005, 0.01, 0.02, 0.05, 0.1} (Grill et al. 2020, App. C.1): SGD with Nesterov momentum 0.9, no weight decay,
/// random crop and flip, 30 epochs; the batch is smaller than the paper's 1024.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct FinetuneConfig {
    /// Share of each class's labels to use, in (0, 1]; 0.01 and 0.1 in the paper.
    pub fraction: f64,
    /// Passes over the labelled pictures.
    pub epochs: usize,
    /// Pictures per step; fewer where there are fewer labelled pictures.
    pub batch_size: usize,
    /// Learning rate per 256 pictures.
    pub base_learning_rate: f64,
    /// Seed of the choice of labels, the classifier's weights, order and augmentation.
    pub seed: u64,
}

impl Default for FinetuneConfig {
    fn default() -> Self {
        Self { fraction: 1.0, epochs: 30, batch_size: 256, base_learning_rate: 0.05, seed: 1 }
    }
}

/// What fine-tuning gave.
#[derive(Clone, Debug, Serialize)]
pub struct Finetuned {
    /// Accuracy and the rest on the test pictures.
    #[serde(flatten)]
    pub report: ClassificationReport,
    /// Labels used.
    pub num_labels: usize,
    /// SHA-256 of the list of labelled pictures.
    pub labels_hash: String,
}

/// Trains encoder and a new linear classifier on the labels of `training` and tests them on `test`.
///
/// `tell` gets steps made, all steps, and the loss.
///
/// # Errors
/// [`Error::Unlabelled`] if a picture of either collection has no class, [`Error::ClassesDiffer`] if their classes have
/// other names, [`Error::Setting`] for settings out of range, [`Error::Diverged`] if loss or gradient stop being numbers.
pub fn finetune(
    trained: &TrainedEncoder,
    (training, test): (Arc<dyn Dataset>, Arc<dyn Dataset>),
    config: &FinetuneConfig,
    device: &Device,
    threads: usize,
    tell: &mut dyn FnMut(u64, u64, f64),
) -> Result<Finetuned> {
    let labels = labels_of("fine-tuning", &*training)?;
    labels_of("testing", &*test)?;
    if training.class_names() != test.class_names() {
        let [training, test] = [training, test].map(|set| set.class_names().join(", "));
        return Err(Error::ClassesDiffer { training, test });
    }
    let chosen = label_fraction(&labels, config.fraction, config.seed)?;
    let num_labels = chosen.indices.len();
    let num_classes = training.class_names().len();
    let labelled: Arc<dyn Dataset> = Arc::new(Subset::new(training, chosen.indices));

    let view = AugmentConfig::linear_probe(trained.size()).with_normalize(trained.normalize());
    // Of pre-training only the network stays, none of what held its loss or its gradients in place.
    let settings = RepresentConfig {
        method: Method::Supervised,
        seed: config.seed,
        epochs: config.epochs,
        batch_size: config.batch_size.min(num_labels),
        micro_batch_size: 0,
        base_learning_rate: config.base_learning_rate,
        warmup_epochs: 0.0,
        clip_norm: 0.0,
        initialise_as_batch_norm: false,
        optimizer: OptimizerConfig::Sgd { momentum: 0.9, nesterov: true, weight_decay: 0.0 },
        views: ViewsConfig { first: view.clone(), second: view.clone() },
        ..trained.config.clone()
    };
    settings.validate()?;
    let loader_config = LoaderConfig {
        batch_size: settings.batch_size,
        seed: config.seed,
        threads,
        ..LoaderConfig::default()
    };
    let mut loader = Loader::new(labelled, &[view], loader_config)?;
    let total_steps = config.epochs * loader.batches_per_epoch();
    let schedule = WarmupCosine::new(config.base_learning_rate, settings.batch_size, 0, total_steps);

    let mut learner = Supervised::new(&settings, num_classes, device);
    let fresh = learner.network.encoder.clone();
    let fresh = if trained.norm() == NormConfig::Affine { fresh.into_affine() } else { fresh };
    learner.network.encoder = state::load(fresh, &state::all_tensors(&trained.encoder))?;
    for step in 0..total_steps {
        if interrupt::requested() {
            return Err(autodidact_experiment::Error::Interrupted.into());
        }
        let batch = loader.next_batch()?;
        let learning_rate = schedule.at(step);
        let report = learner.step(&batch, Clock { step, total_steps, learning_rate, observe: false });
        loader.recycle(batch);
        report.check(step as u64 + 1, learning_rate)?;
        tell(step as u64 + 1, total_steps as u64, report.loss());
    }

    let features = embed(learner.encoder(), test, &trained.view(), device, threads, &mut |_| ())?;
    let test_labels = features.complete_labels().expect("labels were checked above");
    let scores = learner.scores(&features, device);
    let report = ClassificationReport::from_scores(&scores, num_classes, &test_labels);
    Ok(Finetuned { report, num_labels, labels_hash: chosen.hash })
}

/// The class of every picture.
fn labels_of(what: &'static str, dataset: &dyn Dataset) -> Result<Vec<usize>> {
    let labels: Vec<Option<usize>> = (0..dataset.len()).map(|index| dataset.label(index)).collect();
    let missing = labels.iter().filter(|label| label.is_none()).count();
    if missing > 0 {
        return Err(Error::Unlabelled { what, missing, total: dataset.len() });
    }
    Ok(labels.into_iter().flatten().collect())
}
