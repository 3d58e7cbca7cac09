//! Fully connected layer, with optional weight standardisation.

use burn::module::{Module, Param};
use burn::tensor::{Device, Tensor};
use rand::Rng;

use crate::initialise::uniform_fan_in;
use crate::taylor::Jet;
use crate::weight_standardisation::EPSILON;
use crate::{Precision, ops, standardise_weight};

/// `y = x Wᵀ + b`; `weight` is `[out, in]` as in `PyTorch`.
#[derive(Module, Debug)]
pub struct Linear {
    /// The raw weight W, before any standardisation.
    pub weight: Param<Tensor<2>>,
    /// The bias b, `[out]`.
    pub bias: Option<Param<Tensor<1>>>,
    standardise: bool,
}

impl Linear {
    /// A layer with `PyTorch`'s default initialisation, uniform in `±1 / √in`.
    pub fn new<R: Rng + ?Sized>(
        [features_in, features_out]: [usize; 2],
        bias: bool,
        standardise: bool,
        rng: &mut R,
        device: &Device,
    ) -> Self {
        let weight = uniform_fan_in([features_out, features_in], features_in, rng, device);
        let bias = bias.then(|| uniform_fan_in([features_out], features_in, rng, device));
        Self { weight, bias, standardise }
    }

    /// `[N, in]` to `[N, out]`.
    pub fn forward(&self, x: Tensor<2>) -> Tensor<2> {
        let weight = self.weight.val();
        let weight = if self.standardise { standardise_weight(weight) } else { weight };
        let out = ops::product(x, weight, [false, true], Precision::current());
        match &self.bias {
            Some(bias) => out + bias.val().unsqueeze(),
            None => out,
        }
    }

    /// [`Linear::forward`] along a direction. See [`crate::taylor`].
    pub fn taylor(&self, direction: &Self, x: Jet<2>) -> Jet<2> {
        let weight = Jet::parameter(&self.weight, &direction.weight);
        let weight = if self.standardise { weight.standardised(EPSILON) } else { weight };
        let out =
            x.product(&weight, |x, weight| ops::product(x, weight, [false, true], Precision::current()));
        match (&self.bias, &direction.bias) {
            (Some(bias), Some(direction)) => out + Jet::parameter(bias, direction).linear(Tensor::unsqueeze),
            _ => out,
        }
    }
}
