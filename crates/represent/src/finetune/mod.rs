//! Training on labels from a trained encoder: fine-tuning on all of them or a fraction (semi-supervised), and the
//! paper's linear evaluation, where the encoder stays as it is.

mod sweep;

pub use sweep::{Sweep, SweepScore, Swept, finetune_sweep};

use std::sync::Arc;

use autodidact_data::Dataset;
use autodidact_data::augment::AugmentConfig;
use autodidact_data::loader::{Loader, LoaderConfig};
use autodidact_data::source::Subset;
use autodidact_experiment::interrupt;
use autodidact_nn::{NormConfig, PrecisionConfig, state};
use autodidact_optim::{OptimizerConfig, TunerConfig, WarmupCosine};
use burn::tensor::Device;
use serde::{Deserialize, Serialize};

use crate::evaluate::{ClassificationReport, LabelSubset, label_fraction};
use crate::supervised::Supervised;
use crate::train::{Clock, Learner};
use crate::{
    Error, Method, MonitorConfig, OptimConfig, RepresentConfig, Result, TrainedEncoder, ViewsConfig, embed,
};

/// How to fine-tune. The defaults are the paper's semi-supervised protocol at one learning rate of its sweep
/// {0.005, 0.01, 0.02, 0.05, 0.1} (Grill et al. 2020, App. C.1): SGD with Nesterov momentum 0.9, no weight decay,
/// random crop and flip, 30 epochs; the batch is smaller than the paper's 1024.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct FinetuneConfig {
    /// Whether the encoder stays as it is, batch norm in evaluation mode, and only the classifier learns.
    pub frozen: bool,
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
    /// Finds the learning rate of each step; `schedule` is the half cosine from `base_learning_rate`.
    pub tuner: TunerConfig,
    /// What convolutions and linear layers multiply; if absent, what they did in pre-training.
    pub precision: Option<PrecisionConfig>,
}

impl Default for FinetuneConfig {
    fn default() -> Self {
        Self {
            frozen: false,
            fraction: 1.0,
            epochs: 30,
            batch_size: 256,
            base_learning_rate: 0.05,
            seed: 1,
            tuner: TunerConfig::Schedule,
            precision: None,
        }
    }
}

impl FinetuneConfig {
    /// The paper's linear evaluation at the one rate of the official code (Grill et al. 2020, App. C.1): the encoder stays
    /// as it is; random crop and flip, batch 1024, 80 epochs.
    pub fn linear() -> Self {
        Self { frozen: true, epochs: 80, batch_size: 1024, base_learning_rate: 0.2, ..Self::default() }
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
    let chosen = choose(&training, &test, config)?;
    let num_labels = chosen.indices.len();
    let labelled: Arc<dyn Dataset> = Arc::new(Subset::new(training, chosen.indices));
    let learner = fit(trained, labelled, config, device, threads, tell)?;
    let report = assess(&learner, trained, test, device, threads)?;
    Ok(Finetuned { report, num_labels, labels_hash: chosen.hash })
}

/// The labels to learn from, after checks of both collections.
fn choose(
    training: &Arc<dyn Dataset>,
    test: &Arc<dyn Dataset>,
    config: &FinetuneConfig,
) -> Result<LabelSubset> {
    let labels = labels_of("fine-tuning", &**training)?;
    labels_of("testing", &**test)?;
    same_classes(&**training, &**test)?;
    let chosen = label_fraction(&labels, config.fraction, config.seed)?;
    if chosen.indices.len() < 2 {
        let (field, value) = ("fraction".to_owned(), config.fraction.to_string());
        return Err(Error::Setting {
            field,
            value,
            expected: "a share that takes at least two labels".to_owned(),
        });
    }
    Ok(chosen)
}

/// Trains on all of `labelled`.
fn fit(
    trained: &TrainedEncoder,
    labelled: Arc<dyn Dataset>,
    config: &FinetuneConfig,
    device: &Device,
    threads: usize,
    tell: &mut dyn FnMut(u64, u64, f64),
) -> Result<Supervised> {
    let num_classes = labelled.class_names().len();
    let view = AugmentConfig::linear_probe(trained.size()).with_normalize(trained.normalize());
    // Of pre-training only the network stays, none of what held its loss or its gradients in place.
    let settings = RepresentConfig {
        method: Method::Supervised,
        seed: config.seed,
        epochs: config.epochs,
        batch_size: config.batch_size.min(labelled.len()),
        micro_batch_size: 0,
        base_learning_rate: config.base_learning_rate,
        warmup_epochs: 0.0,
        clip_norm: 0.0,
        initialise_as_batch_norm: false,
        optim: OptimConfig { tuner: config.tuner },
        monitor: MonitorConfig::default(),
        precision: config.precision.unwrap_or(trained.config.precision),
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
    if config.frozen {
        learner.freeze_encoder();
    }
    let precision = settings.precision.on(device);
    for step in 0..total_steps {
        if interrupt::requested() {
            return Err(autodidact_experiment::Error::Interrupted.into());
        }
        let batch = loader.next_batch()?;
        let learning_rate = schedule.at(step);
        let clock = Clock { step, total_steps, learning_rate, observe: false };
        let report = precision.scope(|| learner.step(&batch, clock))?;
        loader.recycle(batch);
        report.check(step as u64 + 1)?;
        tell(step as u64 + 1, total_steps as u64, report.loss());
    }

    Ok(learner)
}

/// Accuracy and the rest on labelled pictures, prepared as for every use of the encoder.
fn assess(
    learner: &Supervised,
    trained: &TrainedEncoder,
    pictures: Arc<dyn Dataset>,
    device: &Device,
    threads: usize,
) -> Result<ClassificationReport> {
    let num_classes = pictures.class_names().len();
    let features = embed(&learner.encoder(), pictures, &trained.view(), device, threads, &mut |_| ())?;
    let labels = features.complete_labels().expect("labels were checked before training");
    Ok(ClassificationReport::from_scores(&learner.scores(&features, device), num_classes, &labels))
}

/// Test labels mean what training labels mean only if the class names agree.
///
/// # Errors
/// [`Error::ClassesDiffer`] names the first class that one collection has and the other has not.
pub fn same_classes(training: &dyn Dataset, test: &dyn Dataset) -> Result<()> {
    let (training, test) = (training.class_names(), test.class_names());
    if training == test {
        return Ok(());
    }
    let class = training.iter().find(|name| !test.contains(name));
    let class = class.or_else(|| test.iter().find(|name| !training.contains(name)));
    let class = class.map_or_else(|| "their order".to_owned(), |class| format!("for instance `{class}`"));
    Err(Error::ClassesDiffer { training: training.len(), test: test.len(), class })
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
