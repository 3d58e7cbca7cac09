//! Fully connected layer, with optional weight standardisation.

use autodidact_kernels::profile::{self, Work};
use burn::module::{Module, Param};
use burn::tensor::{Device, FloatDType, Tensor};
use rand::Rng;

use crate::initialise::uniform_fan_in;
use crate::{Precision, standardise_weight};

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
        let out = product(x, weight);
        match &self.bias {
            Some(bias) => out + bias.val().unsqueeze(),
            None => out,
        }
    }
}

/// `x Wᵀ`, operands in the precision of the scope, the result in that of `x`.
fn product(x: Tensor<2>, weight: Tensor<2>) -> Tensor<2> {
    let _span = profile::span("linear layer, forward", || {
        let ([rows, features_in], [features_out, _]) = (x.dims(), weight.dims());
        let floats = rows * features_in + features_in * features_out + rows * features_out;
        let work = Work { flops: 2 * (rows * features_in * features_out) as u64, ..Work::on_floats(floats) };
        (format!("{rows} of {features_in} to {features_out}"), work)
    });
    match Precision::current() {
        Precision::F32 => x.matmul(weight.transpose()),
        Precision::Bf16 => {
            let dtype = x.dtype();
            x.cast(FloatDType::BF16).matmul(weight.cast(FloatDType::BF16).transpose()).cast(dtype)
        }
    }
}
