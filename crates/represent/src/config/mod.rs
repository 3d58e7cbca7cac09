//! What a pre-training run is made of, as plain data with the paper's values.

use autodidact_data::augment::AugmentConfig;
use autodidact_nn::{EmaSchedule, MlpConfig, NormConfig, PrecisionConfig, ResNetConfig};
use autodidact_optim::{OptimizerConfig, TunerConfig};
use serde::{Deserialize, Serialize};

mod validate;

/// How the encoder learns.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Method {
    /// Bootstrap your own latent (Grill et al. 2020).
    Byol,
    /// The contrastive baseline (Chen et al. 2020).
    Simclr,
    /// Cross-entropy on labels, the upper baseline.
    Supervised,
    /// No training at all, the lower baseline.
    Random,
    /// Weights read from a file ([`crate::import()`]); cannot be trained further as a run of its own.
    Imported,
}

impl Method {
    /// The name in configuration files.
    pub fn name(self) -> &'static str {
        match self {
            Self::Byol => "byol",
            Self::Simclr => "simclr",
            Self::Supervised => "supervised",
            Self::Random => "random",
            Self::Imported => "imported",
        }
    }
}

/// The target network.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TargetConfig {
    /// Target decay τ at the start: 0.996 for 1000 epochs (Grill et al. 2020, App. J).
    /// With the constant schedule, 1 is a fixed random target and 0 a stop-gradient copy of the online network.
    pub tau_base: f64,
    /// How τ moves.
    pub schedule: EmaSchedule,
}

/// The two augmentation pipelines, T and T′.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ViewsConfig {
    /// T, of view 1.
    pub first: AugmentConfig,
    /// T′, of view 2.
    pub second: AugmentConfig,
}

/// Where the learning rate comes from.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct OptimConfig {
    /// Finds the learning rate of each step. With any but `schedule`, `base_learning_rate` and `warmup_epochs` do nothing.
    pub tuner: TunerConfig,
}

/// What is measured while training, beside the loss.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct MonitorConfig {
    /// Steps between two readings of the sharpness (the largest eigenvalue of the loss's Hessian on the step's batch); 0
    /// means none. A reading costs up to forty gradients, about ten once the eigenvector is known.
    pub sharpness: usize,
}

/// A pre-training run. The default is the paper's 1000-epoch ImageNet run; see [`crate::preset`] for others.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RepresentConfig {
    /// How the encoder learns.
    pub method: Method,
    /// Seed of weights, order and augmentations.
    pub seed: u64,
    /// Passes over the pictures.
    pub epochs: usize,
    /// Pictures per optimizer step.
    pub batch_size: usize,
    /// Pictures per forward pass; gradients are averaged over `batch_size / micro_batch_size` of them before
    /// one optimizer step and one target update. 0 means the whole batch at once.
    pub micro_batch_size: usize,
    /// Learning rate per 256 pictures: the peak is `base_learning_rate · batch_size / 256`.
    pub base_learning_rate: f64,
    /// Epochs of linear warm-up; 10 in the paper.
    pub warmup_epochs: f64,
    /// Largest global gradient norm; 0 means no clipping, as in the paper.
    pub clip_norm: f64,
    /// Factor on the predictor's updates, applied after LARS (λ of Grill et al. 2020, App. I).
    pub predictor_multiplier: f64,
    /// Whether online predictions pass through a predictor. Without one BYOL collapses.
    pub use_predictor: bool,
    /// Whether the networks start as if batch norm were present and then go on without any normalisation:
    /// batch norm, one forward pass of a batch, then each position keeps a trainable scale and shift.
    /// The norms of encoder and heads have to be `batch` for it.
    pub initialise_as_batch_norm: bool,
    /// Temperature of `SimCLR`'s loss; 0.1 in Grill et al. 2020, App. F.4.
    pub temperature: f64,
    /// Whether a linear classifier on the (detached) representation is trained along, where labels exist.
    pub online_probe: bool,
    /// Optimizer steps between two lines of metrics.
    pub log_every: usize,
    /// Optimizer steps between two checkpoints; 0 means at the end of each epoch.
    pub checkpoint_every: usize,
    /// Element type of what convolutions and linear layers multiply in training: `f32`, `bf16`, or `auto`, which is f32 on
    /// the CPU and bf16 on GPUs. A trained encoder is used in f32.
    #[serde(default)]
    pub precision: PrecisionConfig,
    /// Side in pixels to which pictures are averaged down once, before training; 0 leaves them as they are.
    pub resize: usize,
    /// Encoder f.
    pub encoder: ResNetConfig,
    /// Projector g.
    pub projector: MlpConfig,
    /// Predictor q.
    pub predictor: MlpConfig,
    /// Target network.
    pub target: TargetConfig,
    /// Update rule.
    pub optimizer: OptimizerConfig,
    /// Learning rate.
    #[serde(default)]
    pub optim: OptimConfig,
    /// Measurements.
    #[serde(default)]
    pub monitor: MonitorConfig,
    /// Augmentations.
    pub views: ViewsConfig,
}

impl Default for RepresentConfig {
    fn default() -> Self {
        crate::preset::imagenet(1000)
    }
}

impl RepresentConfig {
    /// Pictures per forward pass.
    pub fn micro_batch(&self) -> usize {
        if self.micro_batch_size == 0 { self.batch_size } else { self.micro_batch_size }
    }

    /// Every normalisation in the networks that train.
    fn norms(&self) -> [NormConfig; 3] {
        [self.encoder.norm, self.projector.norm, self.predictor.norm]
    }

    /// Whether some layer's output for one picture depends on the others of its batch.
    pub fn uses_batch_statistics(&self) -> bool {
        !self.initialise_as_batch_norm && self.norms().iter().any(NormConfig::uses_batch_statistics)
    }

    /// Puts one normalisation everywhere: encoder, projector and predictor. Group norm brings weight
    /// standardisation along (Richemond et al. 2020), the others take it off.
    #[must_use]
    pub fn with_norm(mut self, norm: NormConfig) -> Self {
        let standardise = matches!(norm, NormConfig::Group { .. });
        self.encoder.norm = norm;
        self.encoder.weight_standardisation = standardise;
        for head in [&mut self.projector, &mut self.predictor] {
            head.norm = norm;
            head.weight_standardisation = standardise;
        }
        self
    }
}
