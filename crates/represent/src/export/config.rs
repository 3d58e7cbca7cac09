//! What an exported encoder is, as plain data: `config.json`.

use autodidact_data::augment::{AugmentConfig, Normalize};
use autodidact_nn::{Depth, NormConfig, ResNetConfig, StemKind};
use serde::{Deserialize, Serialize};

#[cfg(doc)]
use crate::RepresentConfig;
use crate::TrainedEncoder;

/// The layout of `config.json` that this version writes.
pub(crate) const FORMAT_VERSION: u32 = 1;

/// What an exported encoder is and what it expects.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ExportConfig {
    /// Version of this layout.
    pub format_version: u32,
    /// Version of autodidact that wrote it.
    pub autodidact_version: String,
    /// `resnet8`, `resnet20`, `resnet18`, `resnet34` or `resnet50`.
    pub architecture: String,
    /// The layers before the first stage: `imagenet` is torchvision's; `cifar` is a 3×3 convolution at stride 1 without
    /// pooling (in torchvision, replace `conv1` and put an identity in the place of `maxpool`).
    pub stem: StemKind,
    /// Channels of the first stage.
    pub width: usize,
    /// Features per picture.
    pub num_features: usize,
    /// The pictures it takes.
    pub input: InputConfig,
    /// The normalisation layers of `model.safetensors`.
    pub norm: ExportNorm,
    /// Optimizer steps behind the weights.
    pub steps: u64,
    /// The [`RepresentConfig`] it was trained under. Weight standardisation, if any, is already folded into the weights.
    /// Untyped, so that a later version's settings do not keep the weights from being read.
    pub training: serde_json::Value,
}

/// The pictures an encoder takes: shorter side brought to `size` (bicubic, see [`AugmentConfig::whole`]), the centre square of
/// that, RGB, channels first, values in `[0, 1]`, less the mean, by the deviation.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct InputConfig {
    /// Side in pixels.
    pub size: usize,
    /// Mean of red, green and blue; 0 where the values stay as they are.
    pub mean: [f64; 3],
    /// Deviation of red, green and blue; 1 where the values stay as they are.
    pub std: [f64; 3],
}

/// The normalisation layers of the exported weights.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "kebab-case")]
pub enum ExportNorm {
    /// `torch.nn.BatchNorm2d(channels)`. Affine maps are written as such, too.
    Batch {
        /// Torchvision's ε, whichever one the encoder was trained with (see [`super::torchvision`]).
        epsilon: f64,
    },
    /// `torch.nn.GroupNorm(g, channels, eps=epsilon)`, where g is the largest divisor of the channels that is at most
    /// `groups` and at most a quarter of the channels, and at least 1. Layer norm is `groups = 1`.
    Group {
        /// Upper bound on the number of groups.
        groups: usize,
        /// Added to the variance.
        epsilon: f64,
    },
}

impl ExportConfig {
    /// The description of `trained`.
    pub fn new(trained: &TrainedEncoder) -> Self {
        let encoder = &trained.config.encoder;
        Self {
            format_version: FORMAT_VERSION,
            autodidact_version: env!("CARGO_PKG_VERSION").to_owned(),
            architecture: architecture(encoder.depth).to_owned(),
            stem: encoder.stem,
            width: encoder.base_width(),
            num_features: encoder.output_size(),
            input: InputConfig::new(trained.size(), trained.normalize()),
            norm: ExportNorm::new(trained.norm()),
            steps: trained.steps,
            training: serde_json::to_value(&trained.config).expect("a configuration is plain data"),
        }
    }
}

impl ExportConfig {
    /// Checks what a reader of a foreign file has to rely on.
    pub(crate) fn check(&self) -> Result<(), String> {
        if self.format_version != FORMAT_VERSION {
            let found = self.format_version;
            return Err(format!("it has format {found}, this version reads format {FORMAT_VERSION}"));
        }
        let view = AugmentConfig::whole(self.input.size).with_normalize(Some(self.input.normalize()));
        view.validate().map_err(|error| format!("its `input` is not usable: {error}"))?;
        let (ExportNorm::Batch { epsilon } | ExportNorm::Group { epsilon, .. }) = self.norm;
        if !(epsilon > 0.0 && epsilon.is_finite()) {
            return Err(format!("its `norm.epsilon` is {epsilon}, expected a positive number"));
        }
        Ok(())
    }
}

impl InputConfig {
    fn new(size: usize, normalize: Option<Normalize>) -> Self {
        let Normalize { mean, std } = normalize.unwrap_or(Normalize { mean: [0.0; 3], std: [1.0; 3] });
        Self { size, mean, std }
    }

    /// The normalisation as an augmentation has it.
    pub fn normalize(&self) -> Normalize {
        Normalize { mean: self.mean, std: self.std }
    }
}

impl ExportNorm {
    fn new(norm: NormConfig) -> Self {
        match norm {
            NormConfig::Batch { .. } | NormConfig::Affine | NormConfig::None => {
                Self::Batch { epsilon: super::torchvision::EPSILON }
            }
            NormConfig::Group { groups, epsilon } => Self::Group { groups, epsilon },
            NormConfig::Layer { epsilon } => Self::Group { groups: 1, epsilon },
        }
    }

    /// The normalisation of an encoder that takes the exported weights.
    pub fn to_norm(self) -> NormConfig {
        match self {
            Self::Batch { epsilon } => NormConfig::Batch { momentum: 0.1, epsilon },
            Self::Group { groups, epsilon } => NormConfig::Group { groups, epsilon },
        }
    }
}

/// The usual name of a depth.
pub(crate) fn architecture(depth: Depth) -> &'static str {
    match depth {
        Depth::D8 => "resnet8",
        Depth::D20 => "resnet20",
        Depth::D18 => "resnet18",
        Depth::D34 => "resnet34",
        Depth::D50 => "resnet50",
    }
}

/// `width` as a configuration writes it: absent where it is the depth's usual one.
pub(crate) fn network(depth: Depth, stem: StemKind, width: usize, norm: NormConfig) -> ResNetConfig {
    let usual = ResNetConfig { norm, ..ResNetConfig::new(depth, stem) };
    ResNetConfig { width: (width != usual.base_width()).then_some(width), ..usual }
}
