//! The tensors of a model, and what they are called.

use crate::Config;
use std::fmt;

/// What a tensor of a layer is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum LayerPart {
    /// The norm before attention.
    InputNorm,
    /// Makes queries.
    Query,
    /// Makes keys.
    Key,
    /// Makes values.
    Value,
    /// Mixes what the heads return.
    Output,
    /// The norm after attention, before the sum.
    PostAttentionNorm,
    /// The norm before the feed-forward part.
    PreFeedforwardNorm,
    /// Makes the gate.
    Gate,
    /// Makes what is gated.
    Up,
    /// Makes the output of what was gated.
    Down,
    /// The norm after the feed-forward part, before the sum.
    PostFeedforwardNorm,
}

/// A tensor of a Gemma 2 model.
///
/// Its text is the name in Hugging Face's files.
///
/// ```
/// use autodidact_gemma::weights::{LayerPart, TensorName};
///
/// let name = TensorName::Layer(3, LayerPart::PreFeedforwardNorm);
/// assert_eq!(name.to_string(), "model.layers.3.pre_feedforward_layernorm.weight");
/// assert_eq!(name.gguf(), "blk.3.ffn_norm.weight");
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum TensorName {
    /// The table of embeddings, which makes the logits too.
    Embedding,
    /// The norm before the logits.
    Norm,
    /// A part of a layer.
    Layer(usize, LayerPart),
}

impl LayerPart {
    /// Every part, in the order of use.
    pub const ALL: [Self; 11] = [
        Self::InputNorm,
        Self::Query,
        Self::Key,
        Self::Value,
        Self::Output,
        Self::PostAttentionNorm,
        Self::PreFeedforwardNorm,
        Self::Gate,
        Self::Up,
        Self::Down,
        Self::PostFeedforwardNorm,
    ];

    /// Names of Hugging Face and of GGUF.
    const fn names(self) -> [&'static str; 2] {
        match self {
            Self::InputNorm => ["input_layernorm", "attn_norm"],
            Self::Query => ["self_attn.q_proj", "attn_q"],
            Self::Key => ["self_attn.k_proj", "attn_k"],
            Self::Value => ["self_attn.v_proj", "attn_v"],
            Self::Output => ["self_attn.o_proj", "attn_output"],
            Self::PostAttentionNorm => ["post_attention_layernorm", "post_attention_norm"],
            Self::PreFeedforwardNorm => ["pre_feedforward_layernorm", "ffn_norm"],
            Self::Gate => ["mlp.gate_proj", "ffn_gate"],
            Self::Up => ["mlp.up_proj", "ffn_up"],
            Self::Down => ["mlp.down_proj", "ffn_down"],
            Self::PostFeedforwardNorm => ["post_feedforward_layernorm", "post_ffw_norm"],
        }
    }
}

impl TensorName {
    /// Every tensor of a model: eleven for each layer and two.
    pub fn all(config: &Config) -> impl Iterator<Item = Self> {
        let layers = 0..config.num_hidden_layers;
        let layers = layers.flat_map(|layer| LayerPart::ALL.map(|part| Self::Layer(layer, part)));
        std::iter::once(Self::Embedding).chain(layers).chain([Self::Norm])
    }

    /// The name in GGUF files.
    pub fn gguf(self) -> String {
        match self {
            Self::Embedding => "token_embd.weight".into(),
            Self::Norm => "output_norm.weight".into(),
            Self::Layer(layer, part) => format!("blk.{layer}.{}.weight", part.names()[1]),
        }
    }

    /// That the tensor is the weight of a norm, and no matrix.
    pub const fn is_norm(self) -> bool {
        use LayerPart::{InputNorm, PostAttentionNorm, PostFeedforwardNorm, PreFeedforwardNorm};
        matches!(
            self,
            Self::Norm
                | Self::Layer(_, InputNorm | PostAttentionNorm | PreFeedforwardNorm | PostFeedforwardNorm)
        )
    }

    /// Rows and columns: outputs and inputs. Norms have one row.
    pub const fn shape(self, config: &Config) -> [usize; 2] {
        let d = config.hidden_size;
        let queries = config.num_attention_heads * config.head_dim;
        let keys = config.num_key_value_heads * config.head_dim;
        match self {
            Self::Embedding => [config.vocab_size, d],
            Self::Layer(_, LayerPart::Query) => [queries, d],
            Self::Layer(_, LayerPart::Key | LayerPart::Value) => [keys, d],
            Self::Layer(_, LayerPart::Output) => [d, queries],
            Self::Layer(_, LayerPart::Gate | LayerPart::Up) => [config.intermediate_size, d],
            Self::Layer(_, LayerPart::Down) => [d, config.intermediate_size],
            Self::Norm | Self::Layer(..) => [1, d],
        }
    }
}

impl fmt::Display for TensorName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Embedding => f.write_str("model.embed_tokens.weight"),
            Self::Norm => f.write_str("model.norm.weight"),
            Self::Layer(layer, part) => write!(f, "model.layers.{layer}.{}.weight", part.names()[0]),
        }
    }
}
