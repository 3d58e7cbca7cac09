//! What a pre-training run is made of, as plain data with the paper's values.

use autodidact_data::augment::AugmentConfig;
use autodidact_nn::{EmaSchedule, MlpConfig, NormConfig, ResNetConfig};
use autodidact_optim::OptimizerConfig;
use serde::{Deserialize, Serialize};

use crate::{Error, Result};

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

    /// Checks every field.
    ///
    /// # Errors
    /// [`Error::Setting`] names the field, its value and the allowed range.
    pub fn validate(&self) -> Result<()> {
        let refuse = |field: &str, value: String, expected: &str| {
            Err(Error::Setting { field: field.to_owned(), value, expected: expected.to_owned() })
        };
        if self.batch_size < 2 {
            return refuse("batch_size", self.batch_size.to_string(), "at least 2");
        }
        if !self.batch_size.is_multiple_of(self.micro_batch()) {
            let expected = format!("0 or a divisor of `batch_size` ({})", self.batch_size);
            return refuse("micro_batch_size", self.micro_batch_size.to_string(), &expected);
        }
        if self.uses_batch_statistics() && self.micro_batch() < 2 {
            return refuse("micro_batch_size", "1".to_owned(), "at least 2 with batch norm");
        }
        if self.epochs == 0 && !matches!(self.method, Method::Random | Method::Imported) {
            return refuse("epochs", "0".to_owned(), "at least 1 (or `method = \"random\"`)");
        }
        let finite_positive = |value: f64| value.is_finite() && value > 0.0;
        if !finite_positive(self.base_learning_rate) {
            return refuse("base_learning_rate", self.base_learning_rate.to_string(), "a positive number");
        }
        if !(self.warmup_epochs >= 0.0 && self.warmup_epochs <= self.epochs as f64) {
            let expected = format!("between 0 and `epochs` ({})", self.epochs);
            return refuse("warmup_epochs", self.warmup_epochs.to_string(), &expected);
        }
        if !(self.clip_norm >= 0.0 && self.clip_norm.is_finite()) {
            return refuse("clip_norm", self.clip_norm.to_string(), "0 or a positive number");
        }
        if !(self.predictor_multiplier >= 0.0 && self.predictor_multiplier.is_finite()) {
            return refuse("predictor_multiplier", self.predictor_multiplier.to_string(), "at least 0");
        }
        if !finite_positive(self.temperature) {
            return refuse("temperature", self.temperature.to_string(), "a positive number");
        }
        if !(0.0..=1.0).contains(&self.target.tau_base) {
            return refuse("target.tau_base", self.target.tau_base.to_string(), "between 0 and 1");
        }
        if self.log_every == 0 {
            return refuse("log_every", "0".to_owned(), "at least 1");
        }
        for (field, head) in [("projector", &self.projector), ("predictor", &self.predictor)] {
            if head.layers == 0 || head.hidden_size == 0 || head.output_size == 0 {
                let value = format!("{head:?}");
                return refuse(field, value, "`layers`, `hidden_size` and `output_size` of at least 1");
            }
        }
        if self.method == Method::Byol && self.predictor.output_size != self.projector.output_size {
            let expected = format!("`projector.output_size` ({})", self.projector.output_size);
            return refuse("predictor.output_size", self.predictor.output_size.to_string(), &expected);
        }
        if self.initialise_as_batch_norm && !self.norms().iter().all(NormConfig::uses_batch_statistics) {
            return refuse("initialise_as_batch_norm", "true".to_owned(), "all norms to be `batch`");
        }
        if self.views.first.size != self.views.second.size {
            let expected = format!("`views.first.size` ({})", self.views.first.size);
            return refuse("views.second.size", self.views.second.size.to_string(), &expected);
        }
        self.views.first.validate()?;
        self.views.second.validate()?;
        Ok(())
    }
}
