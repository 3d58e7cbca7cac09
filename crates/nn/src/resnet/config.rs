//! Which residual network.

use burn::tensor::Device;
use rand::Rng;
use serde::{Deserialize, Serialize};

use super::{Block, ResNet, Shape, Stem};
use crate::NormConfig;

/// Depth of a residual network; a plain number in configuration files.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "u64", into = "u64")]
pub enum Depth {
    /// Three stages of one basic block, 16–32–64 channels: the CIFAR family of He et al. 2016, §4.2.
    D8,
    /// Three stages of three basic blocks, 16–32–64 channels.
    D20,
    /// Four stages of two basic blocks, 64–128–256–512 channels.
    D18,
    /// Four stages of 3, 4, 6, 3 basic blocks.
    D34,
    /// Four stages of 3, 4, 6, 3 bottleneck blocks, output 2048 channels.
    D50,
}

impl From<Depth> for u64 {
    fn from(depth: Depth) -> Self {
        match depth {
            Depth::D8 => 8,
            Depth::D20 => 20,
            Depth::D18 => 18,
            Depth::D34 => 34,
            Depth::D50 => 50,
        }
    }
}

impl TryFrom<u64> for Depth {
    type Error = String;

    fn try_from(depth: u64) -> Result<Self, String> {
        match depth {
            8 => Ok(Self::D8),
            20 => Ok(Self::D20),
            18 => Ok(Self::D18),
            34 => Ok(Self::D34),
            50 => Ok(Self::D50),
            other => Err(format!(
                "there is no residual network of depth {other}; the depths are 8, 18, 20, 34, 50"
            )),
        }
    }
}

/// The layers before the first stage.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum StemKind {
    /// 3×3 convolution at stride 1, no pooling: for pictures of about 16 to 64 pixels.
    Cifar,
    /// 7×7 convolution at stride 2, then 3×3 max-pooling at stride 2.
    Imagenet,
}

/// A post-activation residual network (v1 with the stride on the 3×3 convolution, as torchvision has it).
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ResNetConfig {
    /// Depth.
    pub depth: Depth,
    /// Stem.
    pub stem: StemKind,
    /// Channels of the first stage; 16 for depths 8 and 20, 64 for the others, if not given.
    pub width: Option<usize>,
    /// Normalisation.
    pub norm: NormConfig,
    /// Weight standardisation of every convolution, stem and shortcuts included.
    pub weight_standardisation: bool,
    /// Whether the last γ of each block starts at zero. Grill et al. 2020 start it at one.
    pub zero_init_residual: bool,
}

impl ResNetConfig {
    /// A network of this depth with batch norm, its usual stem and width.
    pub fn new(depth: Depth, stem: StemKind) -> Self {
        Self {
            depth,
            stem,
            width: None,
            norm: NormConfig::BATCH,
            weight_standardisation: false,
            zero_init_residual: false,
        }
    }

    /// Blocks per stage.
    fn blocks(&self) -> &'static [usize] {
        match self.depth {
            Depth::D8 => &[1, 1, 1],
            Depth::D20 => &[3, 3, 3],
            Depth::D18 => &[2, 2, 2, 2],
            Depth::D34 | Depth::D50 => &[3, 4, 6, 3],
        }
    }

    fn shape(&self) -> Shape {
        if self.depth == Depth::D50 { Shape::Bottleneck } else { Shape::Basic }
    }

    /// Channels of the first stage.
    pub fn base_width(&self) -> usize {
        self.width.unwrap_or(match self.depth {
            Depth::D8 | Depth::D20 => 16,
            _ => 64,
        })
    }

    /// Features of the representation `y`: the channels of the last stage.
    ///
    /// ```
    /// use autodidact_nn::{Depth, ResNetConfig, StemKind};
    /// assert_eq!(ResNetConfig::new(Depth::D50, StemKind::Imagenet).output_size(), 2048);
    /// assert_eq!(ResNetConfig::new(Depth::D8, StemKind::Cifar).output_size(), 64);
    /// ```
    pub fn output_size(&self) -> usize {
        (self.base_width() << (self.blocks().len() - 1)) * self.shape().expansion()
    }

    /// Draws the network's weights.
    pub fn init<R: Rng + ?Sized>(&self, rng: &mut R, device: &Device) -> ResNet {
        let stem = Stem::new(self, rng, device);
        let mut channels = self.base_width();
        let mut stages = Vec::new();
        for (stage, &count) in self.blocks().iter().enumerate() {
            let width = self.base_width() << stage;
            let blocks = (0..count)
                .map(|index| {
                    let stride = if stage > 0 && index == 0 { 2 } else { 1 };
                    let block = Block::new(self, self.shape(), [channels, width], stride, rng, device);
                    channels = width * self.shape().expansion();
                    block
                })
                .collect();
            stages.push(blocks);
        }
        ResNet { stem, stages }
    }
}
