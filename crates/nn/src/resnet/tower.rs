//! A stem and blocks at one resolution: the trunk of networks that look at boards.

use burn::module::Module;
use burn::tensor::{Device, Tensor};
use rand::Rng;
use serde::{Deserialize, Serialize};

use super::block::{Block, ConvNorm, Shape};
use super::{Depth, ResNetConfig, StemKind};
use crate::pending::Pending;
use crate::{Mode, NormConfig};

/// A tower of residual blocks without strides, as AlphaZero's (Silver et al. 2017, methods): a 3×3 convolution, then blocks of two 3×3
/// convolutions, each with its normalisation.
///
/// ```
/// use autodidact_nn::{Mode, NormConfig, TowerConfig};
/// use burn::tensor::{Device, Tensor};
/// use rand::SeedableRng;
///
/// let config = TowerConfig { width: 8, blocks: 2, norm: NormConfig::BATCH };
/// let device = Device::flex();
/// let tower = config.init(3, &mut rand_chacha::ChaCha8Rng::seed_from_u64(1), &device);
/// let boards = Tensor::<4>::ones([2, 6, 7, 3], &device);
/// assert_eq!(tower.forward(boards, Mode::Evaluate).dims(), [2, 6, 7, 8]);
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TowerConfig {
    /// Channels of every layer.
    pub width: usize,
    /// Residual blocks.
    pub blocks: usize,
    /// Normalisation.
    pub norm: NormConfig,
}

impl TowerConfig {
    /// Draws the weights of a tower on inputs of so many channels.
    pub fn init<R: Rng + ?Sized>(&self, channels: usize, rng: &mut R, device: &Device) -> Tower {
        let layers = ResNetConfig { norm: self.norm, ..ResNetConfig::new(Depth::D8, StemKind::Cifar) };
        let stem = ConvNorm::new(&layers, [channels, self.width], 3, 1, rng, device);
        let blocks = (0..self.blocks)
            .map(|_| Block::new(&layers, Shape::Basic, [self.width; 2], 1, rng, device))
            .collect();
        Tower { stem, blocks }
    }
}

/// Boards to activations. Built by [`TowerConfig::init`].
#[derive(Module, Debug)]
pub struct Tower {
    /// The first convolution.
    pub stem: ConvNorm,
    /// The residual blocks.
    pub blocks: Vec<Block>,
}

impl Tower {
    /// `[N, H, W, channels]` to `[N, H, W, width]`.
    pub fn forward(&self, x: Tensor<4>, mode: Mode) -> Tensor<4> {
        let x = self.stem.forward(Pending::none(x), mode, true).settle();
        self.blocks.iter().fold(x, |x, block| block.forward(x, mode))
    }
}
