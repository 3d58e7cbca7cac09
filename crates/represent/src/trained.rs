//! The encoder of a finished (or unfinished) run: what every use after training starts from.

use autodidact_data::augment::{AugmentConfig, Normalize};
use autodidact_experiment::checkpoint::Latest;
use autodidact_experiment::rng::Seeds;
use autodidact_experiment::run::RunDirectory;
use autodidact_nn::{NormConfig, ResNet, TensorMap, safetensors, state};
use burn::tensor::Device;

use crate::update::AVERAGED;
use crate::{Error, RepresentConfig, Result};

/// Names of the encoder's tensors in a checkpoint start with this.
pub(crate) const ENCODER: &str = "encoder.";

/// An encoder with the configuration it was trained under.
#[derive(Debug, Clone)]
pub struct TrainedEncoder {
    /// The run's configuration.
    pub config: RepresentConfig,
    /// The online encoder, without gradients.
    pub encoder: ResNet,
    /// Optimizer steps behind it.
    pub steps: u64,
    /// Why newer checkpoints of the run were passed over; empty if it is the newest. Tell the user: steps are lost.
    pub passed_over: Vec<String>,
}

impl TrainedEncoder {
    /// Reads the newest intact checkpoint of a run that [`crate::train()`] or [`crate::import()`] made.
    ///
    /// # Errors
    /// [`Error::RunConfig`] if the run's `config.toml` is of another kind of run, [`Error::NoCheckpoint`] if nothing
    /// was saved yet, [`Error::Experiment`] if no checkpoint is intact, [`Error::Network`] if configuration and
    /// weights do not belong together.
    pub fn from_run(run: &RunDirectory, device: &Device) -> Result<Self> {
        let config: RepresentConfig = toml::from_str(&run.config()?).map_err(|error| Error::RunConfig {
            path: run.path().join("config.toml"),
            reason: error.message().to_owned(),
        })?;
        let latest = run.checkpoints().latest()?;
        let Latest { checkpoint, skipped } =
            latest.ok_or_else(|| Error::NoCheckpoint { path: run.path().to_owned() })?;
        let has_average = checkpoint.names().any(|name| name == AVERAGED);
        let section = if has_average { AVERAGED } else { "online" };
        let tensors: TensorMap = safetensors::decode(checkpoint.section(section)?, device)?
            .into_iter()
            .filter_map(|(name, tensor)| Some((name.strip_prefix(ENCODER)?.to_owned(), tensor)))
            .collect();

        let fresh = config.encoder.init(&mut Seeds::new(config.seed).stream("weights/online"), device);
        // "Initialise as if batch norm" trains affine maps in the place of batch norm.
        let affine =
            config.initialise_as_batch_norm && !tensors.keys().any(|name| name.ends_with("running_mean"));
        let encoder = state::load(if affine { fresh.into_affine() } else { fresh }, &tensors)?;
        let passed_over = skipped.iter().map(ToString::to_string).collect();
        Ok(Self { config, encoder, steps: checkpoint.step(), passed_over })
    }

    /// Side in pixels of the pictures the encoder was trained on.
    pub fn size(&self) -> usize {
        self.config.views.first.size
    }

    /// Mean and deviation that pictures are normalised by; values stay in `[0, 1]` without.
    pub fn normalize(&self) -> Option<Normalize> {
        self.config.views.first.normalize
    }

    /// How pictures are prepared for this encoder: the whole picture at the size and with the normalisation of
    /// training, nothing random.
    pub fn view(&self) -> AugmentConfig {
        AugmentConfig::whole(self.size()).with_normalize(self.normalize())
    }

    /// The normalisation the encoder really has, which is [`NormConfig::Affine`] where training began as if batch norm
    /// were present.
    pub fn norm(&self) -> NormConfig {
        self.encoder.stem.layer.norm.config()
    }
}
