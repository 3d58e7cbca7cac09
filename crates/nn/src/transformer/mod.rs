//! A small pre-norm transformer over tokens: learned positions, multi-head attention, GELU.

mod block;
mod config;

use burn::module::{Module, Param};
use burn::tensor::{Int, Tensor};

pub use block::TransformerBlock;
pub use config::TransformerConfig;

use crate::taylor::Jet;
use crate::{Linear, Mode, Norm};

/// Tokens to logits. Built by [`TransformerConfig::init`].
#[derive(Module, Debug)]
pub struct Transformer {
    /// Embedding of tokens, `[vocabulary, width]`.
    pub tokens: Param<Tensor<2>>,
    /// Embedding of positions, `[context, width]`.
    pub positions: Param<Tensor<2>>,
    /// Blocks.
    pub blocks: Vec<TransformerBlock>,
    /// Normalisation before the head.
    pub norm: Norm,
    /// Width to logits.
    pub head: Linear,
}

impl Transformer {
    /// Tokens `[N, T]` to logits `[N T, outputs]`, a row per token.
    ///
    /// # Panics
    /// If there are more tokens than positions.
    pub fn forward(&self, tokens: Tensor<2, Int>) -> Tensor<2> {
        let [batch, length] = tokens.dims();
        let x = look_up(self.tokens.val(), tokens) + first_positions(self.positions.val(), [batch, length]);
        let x = self.blocks.iter().fold(x, |x, block| block.forward(x, [batch, length]));
        self.head.forward(self.norm.forward_features(x, Mode::Evaluate, false))
    }

    /// [`Transformer::forward`] along a direction. See [`crate::taylor`].
    pub fn taylor(&self, direction: &Self, tokens: Tensor<2, Int>) -> Jet<2> {
        let [batch, length] = tokens.dims();
        let words = Jet::parameter(&self.tokens, &direction.tokens).linear(|x| look_up(x, tokens.clone()));
        let places = Jet::parameter(&self.positions, &direction.positions)
            .linear(|x| first_positions(x, [batch, length]));
        let x = self
            .blocks
            .iter()
            .zip(&direction.blocks)
            .fold(words + places, |x, (block, direction)| block.taylor(direction, x, [batch, length]));
        let x = self.norm.taylor_features(&direction.norm, x, Mode::Evaluate);
        self.head.taylor(&direction.head, x)
    }
}

/// The rows of the table that the tokens name.
fn look_up(table: Tensor<2>, tokens: Tensor<2, Int>) -> Tensor<2> {
    let [batch, length] = tokens.dims();
    table.select(0, tokens.reshape([batch * length]))
}

/// The first rows of the table, for each sequence of the batch.
fn first_positions(table: Tensor<2>, [batch, length]: [usize; 2]) -> Tensor<2> {
    table.narrow(0, 0, length).repeat_dim(0, batch)
}
