//! Which transformer.

use burn::tensor::Device;
use rand::Rng;
use serde::{Deserialize, Serialize};

use super::{Transformer, TransformerBlock};
use crate::initialise::uniform_fan_in;
use crate::{Linear, NormConfig};

/// Shape of a [`Transformer`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TransformerConfig {
    /// Number of different tokens.
    pub vocabulary: usize,
    /// Most tokens of a sequence.
    pub context: usize,
    /// Width of the activations, a multiple of `heads`.
    pub width: usize,
    /// Attention heads.
    pub heads: usize,
    /// Blocks.
    pub layers: usize,
    /// Width inside the MLP of a block.
    pub hidden_size: usize,
    /// Logits per token.
    pub output_size: usize,
    /// Whether a token sees only itself and those before it.
    pub causal: bool,
}

impl TransformerConfig {
    /// Draws the weights.
    ///
    /// # Panics
    /// If the width is no multiple of the heads.
    pub fn init<R: Rng + ?Sized>(&self, rng: &mut R, device: &Device) -> Transformer {
        assert!(
            self.heads > 0 && self.width.is_multiple_of(self.heads),
            "a transformer's width {} is a multiple of its {} heads",
            self.width,
            self.heads
        );
        let table = |rows: usize, rng: &mut R| uniform_fan_in([rows, self.width], self.width, rng, device);
        Transformer {
            tokens: table(self.vocabulary, rng),
            positions: table(self.context, rng),
            blocks: (0..self.layers).map(|_| TransformerBlock::new(self, rng, device)).collect(),
            norm: NormConfig::LAYER.init(self.width, device),
            head: Linear::new([self.width, self.output_size], true, false, rng, device),
        }
    }
}
