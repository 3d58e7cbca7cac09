//! Channels-last convolution without bias, with optional weight standardisation.

use burn::module::{Module, Param};
use burn::tensor::{Device, Tensor};
use rand::Rng;

use crate::initialise::he_normal;
use crate::ops::{self, Geometry, OnLoad, Over, Statistics};
use crate::taylor::Jet;
use crate::weight_standardisation::EPSILON;
use crate::{Precision, standardise_weight};

/// A convolution layer. `weight` is `[Co, Ci, kh, kw]` as in `PyTorch`; there is no bias, since a
/// normalisation follows.
#[derive(Module, Debug)]
pub struct Conv2d {
    /// The raw weight W, before any standardisation.
    pub weight: Param<Tensor<4>>,
    stride: usize,
    padding: usize,
    standardise: bool,
}

impl Conv2d {
    /// A `kernel × kernel` convolution that pads by `kernel / 2`.
    pub(crate) fn new<R: Rng + ?Sized>(
        [channels_in, channels_out]: [usize; 2],
        kernel: usize,
        stride: usize,
        standardise: bool,
        rng: &mut R,
        device: &Device,
    ) -> Self {
        let shape = [channels_out, channels_in, kernel, kernel];
        let weight = he_normal(shape, channels_out * kernel * kernel, rng, device);
        Self { weight, stride, padding: kernel / 2, standardise }
    }

    /// `[N, H, W, Ci]` to `[N, Ho, Wo, Co]`.
    pub fn forward(&self, x: Tensor<4>) -> Tensor<4> {
        self.forward_normalised(x, None, Over::Nothing).0
    }

    /// [`Conv2d::forward`] of an input that is normalised where it is read, with the statistics of the output.
    pub(crate) fn forward_normalised(
        &self,
        x: Tensor<4>,
        on_load: Option<OnLoad>,
        over: Over,
    ) -> (Tensor<4>, Statistics) {
        let precision = Precision::current();
        let geometry = Geometry::new([self.stride; 2], [self.padding; 2]);
        ops::conv2d_normalised(x, on_load, self.effective_weight(), geometry, precision, over)
    }

    /// [`Conv2d::forward`] along a direction. See [`crate::taylor`].
    pub fn taylor(&self, direction: &Self, x: Jet<4>) -> Jet<4> {
        let weight = Jet::parameter(&self.weight, &direction.weight);
        let shape = weight.value.dims();
        let weight = if self.standardise {
            let rows = weight.linear(|w| w.reshape([shape[0], shape.iter().skip(1).product()]));
            rows.standardised(EPSILON).linear(|w| w.reshape(shape))
        } else {
            weight
        };
        let geometry = Geometry::new([self.stride; 2], [self.padding; 2]);
        x.product(&weight, |x, weight| ops::conv2d(x, weight, geometry, Precision::current()))
    }

    /// The weight the convolution applies: W, or Ŵ under weight standardisation. Exports fold it.
    pub fn effective_weight(&self) -> Tensor<4> {
        let weight = self.weight.val();
        if self.standardise { standardise_weight(weight) } else { weight }
    }

    /// Whether the layer standardises its weight.
    pub fn is_standardised(&self) -> bool {
        self.standardise
    }
}
