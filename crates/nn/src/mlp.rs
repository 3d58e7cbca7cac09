//! The projector and predictor: `Linear → norm → ReLU`, repeated, then a last `Linear`.

use burn::module::Module;
use burn::tensor::{Device, Tensor};
use rand::Rng;
use serde::{Deserialize, Serialize};

use crate::taylor::Jet;
use crate::{Linear, Mode, Norm, NormConfig};

/// Shape and normalisation of a head.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct MlpConfig {
    /// Width of the hidden layers. 4096 in Grill et al. 2020, §3.3.
    pub hidden_size: usize,
    /// Width of the output. 256 in Grill et al. 2020, §3.3.
    pub output_size: usize,
    /// Number of linear layers, at least 1. 2 in Grill et al. 2020, §3.3.
    pub layers: usize,
    /// Normalisation after each hidden linear layer.
    pub norm: NormConfig,
    /// Weight standardisation of the hidden linear layers; the last layer never has it.
    pub weight_standardisation: bool,
    /// Whether the last linear layer has a bias. The official code has none.
    pub output_bias: bool,
    /// Whether the output is normalised too, as in `SimCLR`; BYOL's is not.
    pub output_norm: bool,
}

impl MlpConfig {
    /// The paper's head with the given widths: two layers, no output bias, no output norm.
    pub fn new(hidden_size: usize, output_size: usize, norm: NormConfig) -> Self {
        Self {
            hidden_size,
            output_size,
            layers: 2,
            norm,
            weight_standardisation: false,
            output_bias: false,
            output_norm: false,
        }
    }

    /// Draws the head's weights.
    ///
    /// # Panics
    /// If `layers` is zero.
    pub fn init<R: Rng + ?Sized>(&self, input_size: usize, rng: &mut R, device: &Device) -> Mlp {
        assert!(self.layers > 0, "a head has at least one linear layer");
        let mut width = input_size;
        let mut hidden = Vec::new();
        let mut norms = Vec::new();
        for _ in 1..self.layers {
            let widths = [width, self.hidden_size];
            hidden.push(Linear::new(widths, true, self.weight_standardisation, rng, device));
            norms.push(self.norm.init(self.hidden_size, device));
            width = self.hidden_size;
        }
        let output = Linear::new([width, self.output_size], self.output_bias, false, rng, device);
        let output_norm = self.output_norm.then(|| self.norm.init(self.output_size, device));
        Mlp { hidden, norms, output, output_norm }
    }
}

/// A head of one or more linear layers. See [`MlpConfig`].
#[derive(Module, Debug)]
pub struct Mlp {
    hidden: Vec<Linear>,
    norms: Vec<Norm>,
    output: Linear,
    output_norm: Option<Norm>,
}

impl Mlp {
    /// `[N, in]` to `[N, out]`.
    pub fn forward(&self, x: Tensor<2>, mode: Mode) -> Tensor<2> {
        let hidden = self
            .hidden
            .iter()
            .zip(&self.norms)
            .fold(x, |x, (linear, norm)| norm.forward_features(linear.forward(x), mode, true));
        let out = self.output.forward(hidden);
        match &self.output_norm {
            Some(norm) => norm.forward_features(out, mode, false),
            None => out,
        }
    }

    /// [`Mlp::forward`] along a direction. See [`crate::taylor`].
    pub fn taylor(&self, direction: &Self, mut x: Jet<2>, mode: Mode) -> Jet<2> {
        for (index, (linear, norm)) in self.hidden.iter().zip(&self.norms).enumerate() {
            x = linear.taylor(&direction.hidden[index], x);
            x = norm.taylor_features(&direction.norms[index], x, mode).relu();
        }
        let out = self.output.taylor(&direction.output, x);
        match (&self.output_norm, &direction.output_norm) {
            (Some(norm), Some(direction)) => norm.taylor_features(direction, out, mode),
            _ => out,
        }
    }

    /// Replaces every batch norm by its affine map. See [`Norm::into_affine`].
    #[must_use]
    pub fn into_affine(mut self) -> Self {
        self.norms = self.norms.into_iter().map(Norm::into_affine).collect();
        self.output_norm = self.output_norm.map(Norm::into_affine);
        self
    }
}
