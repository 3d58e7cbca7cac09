//! Residual networks of depth 8, 20, 18, 34 and 50 (He et al. 2016), without the classifier.

mod block;
mod config;
mod stem;
mod tower;

use burn::module::Module;
use burn::tensor::Tensor;

use crate::taylor::Jet;
use crate::{Mode, ops};
use block::Shape;
pub use block::{Block, ConvNorm};
pub use config::{Depth, ResNetConfig, StemKind};
pub use stem::Stem;
pub use tower::{Tower, TowerConfig};

/// An encoder: pictures to representations. Built by [`ResNetConfig::init`].
#[derive(Module, Debug)]
pub struct ResNet {
    /// Layers before the first stage.
    pub stem: Stem,
    /// Stages of blocks; each stage but the first halves the side.
    pub stages: Vec<Vec<Block>>,
}

impl ResNet {
    /// Representation `y` `[N, D]` of normalised pictures `[N, 3, H, W]`: the mean over positions of
    /// the last stage.
    ///
    /// Pictures come channels first, as the `data` crate makes them; inside, activations are
    /// channels last.
    pub fn forward(&self, pictures: Tensor<4>, mode: Mode) -> Tensor<2> {
        let x = self.stem.forward(pictures.permute([0, 2, 3, 1]), mode);
        let x = self.stages.iter().flatten().fold(x, |x, block| block.forward(x, mode));
        let [batch, height, width, channels] = x.dims();
        ops::average_pool(x.reshape([batch, height * width, channels]))
    }

    /// [`ResNet::forward`] along a direction. See [`crate::taylor`].
    ///
    /// # Panics
    /// With the `ImageNet` stem, whose max-pooling has no jet.
    pub fn taylor(&self, direction: &Self, pictures: Tensor<4>, mode: Mode) -> Jet<2> {
        let x = Jet::constant(pictures.permute([0, 2, 3, 1]));
        let x = self.stem.taylor(&direction.stem, x, mode);
        let directions = direction.stages.iter().flatten();
        let blocks = self.stages.iter().flatten().zip(directions);
        blocks.fold(x, |x, (block, direction)| block.taylor(direction, x, mode)).average_pool()
    }

    /// Replaces every batch norm by its affine map. See [`crate::Norm::into_affine`].
    #[must_use]
    pub fn into_affine(self) -> Self {
        let stages = self
            .stages
            .into_iter()
            .map(|blocks| blocks.into_iter().map(Block::into_affine).collect())
            .collect();
        Self { stem: self.stem.into_affine(), stages }
    }
}
