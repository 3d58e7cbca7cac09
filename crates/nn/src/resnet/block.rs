//! Residual blocks: basic (two 3×3) and bottleneck (1×1, 3×3, 1×1).

use burn::module::{Module, Param};
use burn::tensor::{Device, Tensor};
use rand::Rng;

use super::ResNetConfig;
use crate::initialise::parameter;
use crate::pending::Pending;
use crate::taylor::Jet;
use crate::{Conv2d, Mode, Norm};

/// Kind of block.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Shape {
    Basic,
    Bottleneck,
}

impl Shape {
    /// Output channels per unit of width.
    pub(super) fn expansion(self) -> usize {
        match self {
            Self::Basic => 1,
            Self::Bottleneck => 4,
        }
    }
}

/// A convolution and the normalisation after it.
#[derive(Module, Debug)]
pub struct ConvNorm {
    /// The convolution.
    pub conv: Conv2d,
    /// The normalisation.
    pub norm: Norm,
}

impl ConvNorm {
    pub(super) fn new<R: Rng + ?Sized>(
        config: &ResNetConfig,
        channels: [usize; 2],
        kernel: usize,
        stride: usize,
        rng: &mut R,
        device: &Device,
    ) -> Self {
        let conv = Conv2d::new(channels, kernel, stride, config.weight_standardisation, rng, device);
        Self { conv, norm: config.norm.init(channels[1], device) }
    }

    /// The normalisation, and the ReLU if `relu`, are left to what reads the result.
    pub(super) fn forward(&self, x: Pending, mode: Mode, relu: bool) -> Pending {
        x.convolve(&self.conv, &self.norm, mode, relu)
    }

    pub(super) fn taylor(&self, direction: &Self, x: Jet<4>, mode: Mode) -> Jet<4> {
        self.norm.taylor_image(&direction.norm, self.conv.taylor(&direction.conv, x), mode)
    }

    pub(super) fn into_affine(self) -> Self {
        Self { norm: self.norm.into_affine(), ..self }
    }
}

/// `relu(F(x) + shortcut(x))`, where `F` is a chain of [`ConvNorm`]s with ReLU between them and the
/// shortcut a strided 1×1 [`ConvNorm`] where the shape changes.
#[derive(Module, Debug)]
pub struct Block {
    /// The residual branch F.
    pub branch: Vec<ConvNorm>,
    /// The projection shortcut.
    pub shortcut: Option<ConvNorm>,
}

impl Block {
    pub(super) fn new<R: Rng + ?Sized>(
        config: &ResNetConfig,
        shape: Shape,
        [channels_in, width]: [usize; 2],
        stride: usize,
        rng: &mut R,
        device: &Device,
    ) -> Self {
        let channels_out = width * shape.expansion();
        // (channels, kernel, stride) of each convolution in turn.
        let plan: &[([usize; 2], usize, usize)] = match shape {
            Shape::Basic => &[([channels_in, width], 3, stride), ([width, width], 3, 1)],
            Shape::Bottleneck => {
                &[([channels_in, width], 1, 1), ([width, width], 3, stride), ([width, channels_out], 1, 1)]
            }
        };
        let mut branch: Vec<ConvNorm> = plan
            .iter()
            .map(|&(channels, kernel, stride)| ConvNorm::new(config, channels, kernel, stride, rng, device))
            .collect();
        if config.zero_init_residual
            && let Some(last) = branch.last_mut()
        {
            zero_scale(&mut last.norm, channels_out, device);
        }
        let projected = stride != 1 || channels_in != channels_out;
        let shortcut =
            projected.then(|| ConvNorm::new(config, [channels_in, channels_out], 1, stride, rng, device));
        Self { branch, shortcut }
    }

    pub(super) fn forward(&self, x: Tensor<4>, mode: Mode) -> Tensor<4> {
        let (last, inner) = self.branch.split_last().expect("a block has layers");
        let branch = inner.iter().fold(Pending::none(x.clone()), |x, layer| layer.forward(x, mode, true));
        let identity = match &self.shortcut {
            Some(shortcut) => shortcut.forward(Pending::none(x), mode, false).settle(),
            None => x,
        };
        last.forward(branch, mode, false).join(identity)
    }

    pub(super) fn taylor(&self, direction: &Self, x: Jet<4>, mode: Mode) -> Jet<4> {
        let (last, inner) = self.branch.split_last().expect("a block has layers");
        let (last_direction, directions) = direction.branch.split_last().expect("a block has layers");
        let branch = inner
            .iter()
            .zip(directions)
            .fold(x.clone(), |x, (layer, direction)| layer.taylor(direction, x, mode).relu());
        let identity = match (&self.shortcut, &direction.shortcut) {
            (Some(shortcut), Some(direction)) => shortcut.taylor(direction, x, mode),
            _ => x,
        };
        (last.taylor(last_direction, branch, mode) + identity).relu()
    }

    pub(super) fn into_affine(self) -> Self {
        Self {
            branch: self.branch.into_iter().map(ConvNorm::into_affine).collect(),
            shortcut: self.shortcut.map(ConvNorm::into_affine),
        }
    }
}

fn zero_scale(norm: &mut Norm, channels: usize, device: &Device) {
    if norm.gamma.is_some() {
        let zeros: Param<Tensor<1>> = parameter(vec![0.0; channels], [channels], device);
        norm.gamma = Some(zeros);
    }
}
