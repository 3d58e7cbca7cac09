//! What makes up a model of the architecture.

use crate::error::{Error, Result};

/// The sizes and constants of a Gemma 2 model, under the names of Hugging Face's `config.json`.
///
/// Nothing here is tied to the three released sizes ([`gemma_2b`](Self::gemma_2b), [`gemma_9b`](Self::gemma_9b),
/// [`gemma_27b`](Self::gemma_27b)): files say their own.
///
/// ```
/// use autodidact_gemma::Config;
///
/// // Table 2 of the paper.
/// assert_eq!(Config::gemma_2b().non_embedding_parameters(), 2_024_517_888);
/// ```
///
/// Gemma Team, *Gemma 2: Improving Open Language Models at a Practical Size*, 2024, table 1.
#[derive(Clone, Debug, PartialEq)]
pub struct Config {
    /// Rows of the table of embeddings.
    pub vocab_size: usize,
    /// Width `d` of the residual stream.
    pub hidden_size: usize,
    /// Width of the gate and of what it gates (the paper prints both together).
    pub intermediate_size: usize,
    /// Layers.
    pub num_hidden_layers: usize,
    /// Heads of queries.
    pub num_attention_heads: usize,
    /// Heads of keys and values, each of which neighbouring heads of queries share.
    pub num_key_value_heads: usize,
    /// Width of a head, which is independent of the width of the stream.
    pub head_dim: usize,
    /// Queries are divided by the square root of this.
    pub query_pre_attn_scalar: f32,
    /// `c` of `c · tanh(z / c)` for what attention compares, if there is one.
    pub attn_logit_softcapping: Option<f32>,
    /// `c` of `c · tanh(z / c)` for logits, if there is one.
    pub final_logit_softcapping: Option<f32>,
    /// Tokens that a local layer sees, the current one among them.
    pub sliding_window: usize,
    /// Which layers are local; one for each layer.
    pub is_local: Vec<bool>,
    /// Tokens that the model was trained for.
    pub max_position_embeddings: usize,
    /// Base `θ` of the rotary angles, `position · θ^(−2i / head_dim)`.
    pub rope_theta: f32,
    /// `ε` under the root of the norms.
    pub rms_norm_eps: f32,
    /// The token that begins every text.
    pub bos_token_id: u32,
    /// Tokens that end an answer.
    pub eos_token_ids: Vec<u32>,
}

impl Config {
    /// The 2B model.
    pub fn gemma_2b() -> Self {
        Self::released([26, 2304, 9216], [8, 4, 256], 256.0)
    }

    /// The 9B model.
    pub fn gemma_9b() -> Self {
        Self::released([42, 3584, 14336], [16, 8, 256], 256.0)
    }

    /// The 27B model, whose queries are divided by √144 and not by √128.
    pub fn gemma_27b() -> Self {
        Self::released([46, 4608, 36864], [32, 16, 128], 144.0)
    }

    fn released([layers, hidden, intermediate]: [usize; 3], heads: [usize; 3], scalar: f32) -> Self {
        Self {
            vocab_size: 256_000,
            hidden_size: hidden,
            intermediate_size: intermediate,
            num_hidden_layers: layers,
            num_attention_heads: heads[0],
            num_key_value_heads: heads[1],
            head_dim: heads[2],
            query_pre_attn_scalar: scalar,
            attn_logit_softcapping: Some(50.0),
            final_logit_softcapping: Some(30.0),
            sliding_window: 4096,
            is_local: Self::alternating(layers),
            max_position_embeddings: 8192,
            rope_theta: 10_000.0,
            rms_norm_eps: 1e-6,
            bos_token_id: 2,
            eos_token_ids: vec![1, 107],
        }
    }

    /// Local and global layers in turn, the first local.
    pub fn alternating(layers: usize) -> Vec<bool> {
        (0..layers).map(|layer| layer % 2 == 0).collect()
    }

    /// Width of all queries of a token, `heads · head_dim`.
    pub fn query_size(&self) -> usize {
        self.num_attention_heads * self.head_dim
    }

    /// Width of all keys of a token, and of all values.
    pub fn key_size(&self) -> usize {
        self.num_key_value_heads * self.head_dim
    }

    /// Tokens that a layer sees at most, the current one among them.
    pub fn window(&self, layer: usize) -> Option<usize> {
        self.is_local[layer].then_some(self.sliding_window)
    }

    /// Numbers in the table of embeddings.
    pub fn embedding_parameters(&self) -> u64 {
        self.vocab_size as u64 * self.hidden_size as u64
    }

    /// Numbers in everything else.
    pub fn non_embedding_parameters(&self) -> u64 {
        let (d, ffn) = (self.hidden_size as u64, self.intermediate_size as u64);
        let (queries, keys) = (self.query_size() as u64, self.key_size() as u64);
        let layer = d * (2 * queries + 2 * keys + 3 * ffn) + 4 * d;
        self.num_hidden_layers as u64 * layer + d
    }

    /// That the sizes make a model.
    ///
    /// # Errors
    /// [`Error::Config`] with the field's name.
    pub fn validate(&self) -> Result<()> {
        let sizes = [
            ("vocab_size", self.vocab_size),
            ("hidden_size", self.hidden_size),
            ("intermediate_size", self.intermediate_size),
            ("num_hidden_layers", self.num_hidden_layers),
            ("num_attention_heads", self.num_attention_heads),
            ("num_key_value_heads", self.num_key_value_heads),
            ("head_dim", self.head_dim),
            ("sliding_window", self.sliding_window),
            ("max_position_embeddings", self.max_position_embeddings),
        ];
        for (name, size) in sizes {
            require((1..=MOST).contains(&size), name, size, "a size from 1 to 2³¹ − 1")?;
        }
        require(
            self.num_attention_heads.is_multiple_of(self.num_key_value_heads),
            "num_key_value_heads",
            self.num_key_value_heads,
            "a divisor of `num_attention_heads`",
        )?;
        require(
            self.head_dim.is_multiple_of(2),
            "head_dim",
            self.head_dim,
            "an even width: halves are rotated",
        )?;
        require(
            self.is_local.len() == self.num_hidden_layers,
            "layer_types",
            format_args!("of length {}", self.is_local.len()),
            "one for each layer",
        )?;
        let constants = [
            ("query_pre_attn_scalar", Some(self.query_pre_attn_scalar)),
            ("attn_logit_softcapping", self.attn_logit_softcapping),
            ("final_logit_softcapping", self.final_logit_softcapping),
            ("rope_theta", Some(self.rope_theta)),
            ("rms_norm_eps", Some(self.rms_norm_eps)),
        ];
        for (name, constant) in constants {
            let Some(constant) = constant else { continue };
            require(constant.is_finite() && constant > 0.0, name, constant, "a number above 0")?;
        }
        Ok(())
    }
}

/// Sizes beyond which products of two overflow.
const MOST: usize = i32::MAX as usize;

fn require(
    is_right: bool,
    name: &'static str,
    value: impl std::fmt::Display,
    expected: &'static str,
) -> Result<()> {
    if is_right { Ok(()) } else { Err(Error::Config { name, value: value.to_string(), expected }) }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Table 2 of the paper, less the rows of padding that released files leave out.
    #[test]
    fn parameters_are_those_that_the_paper_prints() {
        for (config, embedding, rest) in [
            (Config::gemma_2b(), 590_118_912, 2_024_517_888),
            (Config::gemma_9b(), 917_962_752, 8_324_201_984),
            (Config::gemma_27b(), 1_180_237_824, 26_047_480_320),
        ] {
            config.validate().expect("a model");
            assert_eq!(config.non_embedding_parameters(), rest);
            assert_eq!(config.embedding_parameters() + 128 * config.hidden_size as u64, embedding);
            assert_eq!(config.is_local.last(), Some(&false));
        }
    }

    #[test]
    fn sizes_that_make_no_model_are_named() {
        let refused = |change: fn(&mut Config)| {
            let mut config = Config::gemma_2b();
            change(&mut config);
            config.validate().expect_err("no model").to_string()
        };
        assert!(refused(|config| config.head_dim = 0).contains("`head_dim` is 0"));
        assert!(refused(|config| config.head_dim = 7).contains("even"));
        assert!(refused(|config| config.num_key_value_heads = 3).contains("divisor"));
        assert!(refused(|config| config.is_local.truncate(3)).contains("of length 3"));
        assert!(refused(|config| config.rope_theta = f32::NAN).contains("`rope_theta` is NaN"));
        assert!(
            refused(|config| config.final_logit_softcapping = Some(0.0))
                .contains("`final_logit_softcapping`")
        );
    }
}
