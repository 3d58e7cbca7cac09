//! The layers before the first stage.

use burn::module::Module;
use burn::tensor::{Device, Tensor, module::max_pool2d, ops::MaxPoolOptions};
use rand::Rng;

use super::{ConvNorm, ResNetConfig, StemKind};
use crate::Mode;
use crate::pending::Pending;
use crate::taylor::Jet;

/// First convolution and, for large pictures, max-pooling.
#[derive(Module, Debug)]
pub struct Stem {
    /// The convolution and its normalisation.
    pub layer: ConvNorm,
    #[module(skip)]
    kind: StemKind,
}

impl Stem {
    pub(super) fn new<R: Rng + ?Sized>(config: &ResNetConfig, rng: &mut R, device: &Device) -> Self {
        let (kernel, stride) = match config.stem {
            StemKind::Cifar => (3, 1),
            StemKind::Imagenet => (7, 2),
        };
        let channels = [3, config.base_width()];
        Self { layer: ConvNorm::new(config, channels, kernel, stride, rng, device), kind: config.stem }
    }

    pub(super) fn forward(&self, x: Tensor<4>, mode: Mode) -> Tensor<4> {
        let x = self.layer.forward(Pending::none(x), mode, true).settle();
        match self.kind {
            StemKind::Cifar => x,
            StemKind::Imagenet => pool(x),
        }
    }

    pub(super) fn taylor(&self, direction: &Self, x: Jet<4>, mode: Mode) -> Jet<4> {
        assert!(
            self.kind == StemKind::Cifar,
            "max-pooling has no jet: use the CIFAR stem for exact curvature"
        );
        self.layer.taylor(&direction.layer, x, mode).relu()
    }

    pub(super) fn into_affine(self) -> Self {
        Self { layer: self.layer.into_affine(), ..self }
    }
}

/// 3×3 max-pooling at stride 2 with padding 1, on `[N, H, W, C]`.
fn pool(x: Tensor<4>) -> Tensor<4> {
    let options = MaxPoolOptions::new([3, 3]).with_stride([2, 2]).with_padding([1, 1]);
    max_pool2d(x.permute([0, 3, 1, 2]), options).permute([0, 2, 3, 1])
}
