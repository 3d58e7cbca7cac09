//! Inference: the logits of a text, token by token or many at once.
//!
//! ```text
//! x = E[token] · √d
//! for each layer:
//!     q, k, v = W · RMS(x)                       q and k rotated by their position
//!     x = x + RMS(Wₒ · softmax(50 · tanh(q·k / (√s · 50))) · v)
//!     x = x + RMS(W_down · (gelu(W_gate · RMS(x)) · (W_up · RMS(x))))
//! logits = 30 · tanh(E · RMS(x) / 30)
//! ```
//!
//! Every `RMS` has weights of its own. Local layers, every other one, attend to the latest tokens only.
//!
//! What is not here: how tokens are chosen, and training.

mod buffers;
mod cache;
mod layer;
mod linear;
mod rotary;

pub use cache::{Cache, CacheLayout};

use crate::weights::{Checkpoint, TensorName};
use crate::{Config, Error, Result};
use autodidact_kernels::{PackedWeights, StoredMatrix, rms_norm_forward, soft_cap};
use buffers::Buffers;
use layer::Layer;
use linear::Linear;
use rotary::Rotary;

/// What matrices multiply. Sums, norms and attention are in `f32` in any case.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Arithmetic {
    /// Weights exactly as they are stored, times `f32`.
    #[default]
    F32,
    /// Both rounded to bfloat16, where there is more than one token or a few; √d, which embeddings are multiplied with, is rounded
    /// as it was when the models were trained.
    Bf16,
    /// Codes of weights in blocks times numbers that are [rounded to eight bits](autodidact_kernels::PackedWeights). The matrices that this
    /// is possible with are copied into memory; the others are multiplied as with [`F32`](Self::F32).
    Int8,
}

impl Arithmetic {
    /// Whether this machine has instructions for [`Int8`](Self::Int8).
    pub fn is_int8_fast() -> bool {
        PackedWeights::is_fast()
    }
}

/// How a model computes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Options {
    /// What matrices multiply.
    pub arithmetic: Arithmetic,
    /// Tokens that go through the layers together, 1 at least: more are faster, and take more memory.
    pub chunk: usize,
}

impl Default for Options {
    /// `f32`, and 512 tokens.
    fn default() -> Self {
        Self { arithmetic: Arithmetic::F32, chunk: 512 }
    }
}

/// A model that reads its weights from a [`Checkpoint`].
///
/// ```no_run
/// use autodidact_gemma::model::{CacheLayout, Model, Options};
/// use autodidact_gemma::weights::Checkpoint;
///
/// let checkpoint = Checkpoint::open("gemma-2-2b")?;
/// let model = Model::new(&checkpoint, Options::default());
/// let mut cache = model.cache(128, CacheLayout::Full)?;
/// let logits = model.next(&mut cache, &[2, 651, 6037, 576, 6081, 603])?;
/// assert_eq!(logits.len(), model.config().vocab_size);
/// # Ok::<(), autodidact_gemma::Error>(())
/// ```
///
/// Gemma Team, *Gemma 2: Improving Open Language Models at a Practical Size*, 2024, section 2.
#[derive(Debug)]
pub struct Model<'a> {
    config: &'a Config,
    options: Options,
    embedding: StoredMatrix<'a>,
    /// The same matrix, which makes logits.
    head: Linear<'a>,
    /// √d.
    scale: f32,
    layers: Vec<Layer<'a>>,
    norm: Vec<f32>,
}

impl<'a> Model<'a> {
    /// A model on a checkpoint's weights, of which only those of norms are copied, but for [`Arithmetic::Int8`].
    ///
    /// # Panics
    /// If [`Options::chunk`] is 0.
    pub fn new(checkpoint: &'a Checkpoint, options: Options) -> Self {
        assert!(options.chunk > 0, "a chunk has one token at least");
        let config = checkpoint.config();
        let arithmetic = options.arithmetic;
        let root = (config.hidden_size as f32).sqrt();
        let embedding = checkpoint.matrix(TensorName::Embedding);
        Self {
            config,
            options,
            embedding,
            head: Linear::new(embedding, arithmetic),
            scale: match arithmetic {
                Arithmetic::Bf16 => half::bf16::from_f32(root).to_f32(),
                Arithmetic::F32 | Arithmetic::Int8 => root,
            },
            layers: (0..config.num_hidden_layers)
                .map(|layer| Layer::new(checkpoint, layer, arithmetic))
                .collect(),
            norm: checkpoint.norm(TensorName::Norm),
        }
    }

    /// Sizes and constants.
    pub fn config(&self) -> &Config {
        self.config
    }

    /// Room for the keys and values of a text of at most `context` tokens.
    ///
    /// # Errors
    /// [`Error::Memory`] if there is no such memory.
    pub fn cache(&self, context: usize, layout: CacheLayout) -> Result<Cache> {
        Cache::new(self.config, context, layout, self.options.chunk)
    }

    /// The logits of the token that follows a text, `[vocab_size]`. The text is what the cache has seen, and `tokens`.
    ///
    /// # Errors
    /// As [`logits`](Self::logits), and [`Error::NoTokens`].
    pub fn next(&self, cache: &mut Cache, tokens: &[u32]) -> Result<Vec<f32>> {
        let mut logits = Vec::new();
        let last = tokens.len().checked_sub(1).ok_or(Error::NoTokens)?;
        self.run(cache, tokens, last, &mut |chunk| logits = chunk.to_vec())?;
        Ok(logits)
    }

    /// The logits of each token's successor, `[tokens, vocab_size]`.
    ///
    /// # Errors
    /// [`Error::Token`] for a token that is no row of the table of embeddings, [`Error::Context`] if the text gets longer than the
    /// cache has room for. The cache is then as it was.
    pub fn logits(&self, cache: &mut Cache, tokens: &[u32]) -> Result<Vec<f32>> {
        let mut logits = Vec::with_capacity(tokens.len() * self.config.vocab_size);
        self.run(cache, tokens, 0, &mut |chunk| logits.extend_from_slice(chunk))?;
        Ok(logits)
    }

    /// As [`logits`](Self::logits), in pieces of some tokens, `[n, vocab_size]`, so that they need not all be in memory. `f` sees them in
    /// their order.
    ///
    /// # Errors
    /// As [`logits`](Self::logits).
    pub fn logits_in_pieces(
        &self,
        cache: &mut Cache,
        tokens: &[u32],
        f: &mut dyn FnMut(&[f32]),
    ) -> Result<()> {
        self.run(cache, tokens, 0, f)
    }

    /// Runs tokens through all layers, and hands out the logits of those from the `first_wanted` on.
    fn run(
        &self,
        cache: &mut Cache,
        tokens: &[u32],
        first_wanted: usize,
        f: &mut dyn FnMut(&[f32]),
    ) -> Result<()> {
        let vocab_size = self.config.vocab_size;
        if let Some(&id) = tokens.iter().find(|&&id| id as usize >= vocab_size) {
            return Err(Error::Token { id, vocab_size });
        }
        cache.check(self.config, tokens.len())?;
        let chunk_len = self.options.chunk;
        let mut buffers = Buffers::new(self.config, tokens.len().min(chunk_len));
        for (chunk, tokens) in tokens.chunks(chunk_len).enumerate() {
            let first = cache.len();
            let rotary = Rotary::new(self.config, first, tokens.len());
            buffers.resize(tokens.len());
            self.embed(tokens, &mut buffers.stream);
            for (layer, cache) in self.layers.iter().zip(cache.layers_mut()) {
                layer.forward(self.config, first, &rotary, cache, &mut buffers);
            }
            cache.advance(tokens.len());
            let skipped = first_wanted.saturating_sub(chunk * chunk_len).min(tokens.len());
            self.predict(&buffers.stream[skipped * self.config.hidden_size..], f);
        }
        Ok(())
    }

    fn embed(&self, tokens: &[u32], stream: &mut [f32]) {
        for (&token, row) in tokens.iter().zip(stream.chunks_exact_mut(self.config.hidden_size)) {
            self.embedding.row(token as usize, row);
            for x in row {
                *x *= self.scale;
            }
        }
    }

    /// Logits of some rows of the stream, so many at a time that they stay below some memory.
    fn predict(&self, stream: &[f32], f: &mut dyn FnMut(&[f32])) {
        let &Config { hidden_size, vocab_size, rms_norm_eps, final_logit_softcapping, .. } = self.config;
        let together = (PREDICTED / vocab_size).max(1);
        let (mut normal, mut logits) = (Vec::new(), Vec::new());
        for stream in stream.chunks(together * hidden_size) {
            normal.resize(stream.len(), 0.0);
            rms_norm_forward(stream, &self.norm, rms_norm_eps, &mut normal);
            logits.resize(stream.len() / hidden_size * vocab_size, 0.0);
            self.head.multiply(&normal, &mut logits);
            if let Some(cap) = final_logit_softcapping {
                soft_cap(cap, &mut logits);
            }
            f(&logits);
        }
    }
}

/// Logits in memory at a time.
const PREDICTED: usize = 1 << 23;
