//! Keys and values of the tokens so far.

use crate::{Config, Error, Result};
use autodidact_kernels::KeysAndValues;

/// How much of a text is kept.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum CacheLayout {
    /// Everything in all layers, so that a text can be [taken back](Cache::truncate) to any length.
    #[default]
    Full,
    /// In local layers only what can still be seen, and the tokens of one [chunk](super::Options::chunk) more. Once a text is longer than
    /// these, no more than a chunk of it can be taken back.
    Ring,
}

/// Keys and values of one text in all layers, in `f32`.
#[derive(Clone, Debug)]
pub struct Cache {
    layers: Vec<LayerCache>,
    len: usize,
    context: usize,
    /// Length up to which no layer has overwritten anything.
    kept: usize,
    /// Tokens that can be taken back beyond it.
    slack: usize,
    /// The largest length there was, since nothing was there.
    written: usize,
}

/// Those of one layer.
#[derive(Clone, Debug)]
pub(super) struct LayerCache {
    /// `[kv_heads, capacity, head_dim]`, position `p` in place `p % capacity`.
    keys: Vec<f32>,
    values: Vec<f32>,
    capacity: usize,
    head_dim: usize,
}

impl Cache {
    pub(super) fn new(config: &Config, context: usize, layout: CacheLayout, chunk: usize) -> Result<Self> {
        let capacity = |layer| match (layout, config.window(layer)) {
            // The first of a chunk sees the window before it, which the last of it must not overwrite.
            (CacheLayout::Ring, Some(window)) => context.min((window - 1).saturating_add(chunk)),
            _ => context,
        };
        let layers = (0..config.num_hidden_layers).map(|layer| LayerCache::new(config, capacity(layer)));
        let layers: Option<Vec<LayerCache>> = layers.collect();
        let layers = layers.ok_or(Error::Memory { context })?;
        let kept = layers.iter().map(|layer| layer.capacity).min().unwrap_or(0);
        Ok(Self { layers, len: 0, context, kept, slack: chunk, written: 0 })
    }

    /// Tokens that have been seen.
    pub fn len(&self) -> usize {
        self.len
    }

    /// Whether nothing has been seen.
    pub fn is_empty(&self) -> bool {
        self.len == 0
    }

    /// Tokens that there is room for.
    pub fn context(&self) -> usize {
        self.context
    }

    /// Bytes of keys and values.
    pub fn bytes(&self) -> usize {
        self.layers.iter().map(|layer| 4 * (layer.keys.len() + layer.values.len())).sum()
    }

    /// Takes the text back to its first `len` tokens.
    ///
    /// # Errors
    /// [`Error::Forgotten`] if what the tokens after them see is not kept any more. The cache is then as it was.
    pub fn truncate(&mut self, len: usize) -> Result<()> {
        if len >= self.len {
            return Ok(());
        }
        if self.written > self.kept && self.written - len > self.slack && len > 0 {
            return Err(Error::Forgotten { len, seen: self.len });
        }
        self.len = len;
        if len == 0 {
            self.written = 0;
        }
        Ok(())
    }

    /// That so many tokens more have room, and that the cache is of such a model.
    pub(super) fn check(&self, config: &Config, tokens: usize) -> Result<()> {
        let is_of_it = self.layers.len() == config.num_hidden_layers
            && self.layers.iter().all(|layer| {
                layer.keys.len() == layer.capacity * config.key_size() && layer.head_dim == config.head_dim
            });
        assert!(is_of_it, "the cache is of another model");
        let needed = self.len.saturating_add(tokens);
        if needed > self.context { Err(Error::Context { needed, context: self.context }) } else { Ok(()) }
    }

    pub(super) fn layers_mut(&mut self) -> impl Iterator<Item = &mut LayerCache> {
        self.layers.iter_mut()
    }

    pub(super) fn advance(&mut self, tokens: usize) {
        self.len += tokens;
        self.written = self.written.max(self.len);
    }
}

impl LayerCache {
    /// Nothing if there is no such memory.
    fn new(config: &Config, capacity: usize) -> Option<Self> {
        let numbers = capacity.checked_mul(config.key_size())?;
        Some(Self { keys: zeros(numbers)?, values: zeros(numbers)?, capacity, head_dim: config.head_dim })
    }

    /// Puts tokens from a position on, `[tokens, kv_heads, head_dim]`.
    pub fn put(&mut self, first: usize, keys: &[f32], values: &[f32]) {
        let head_dim = self.head_dim;
        let width = self.keys.len() / self.capacity;
        let tokens = keys.chunks_exact(width).zip(values.chunks_exact(width));
        for (position, (keys, values)) in (first..).zip(tokens) {
            let heads = keys.chunks_exact(head_dim).zip(values.chunks_exact(head_dim));
            for (head, (key, value)) in heads.enumerate() {
                let place = (head * self.capacity + position % self.capacity) * head_dim;
                self.keys[place..place + head_dim].copy_from_slice(key);
                self.values[place..place + head_dim].copy_from_slice(value);
            }
        }
    }

    pub fn all(&self) -> KeysAndValues<'_> {
        KeysAndValues { keys: &self.keys, values: &self.values, capacity: self.capacity }
    }
}

/// So many zeros, if there is memory for them. The system gives pages as they are written.
fn zeros(len: usize) -> Option<Vec<f32>> {
    let bytes = len.checked_mul(size_of::<f32>()).filter(|bytes| isize::try_from(*bytes).is_ok())?;
    Vec::<u8>::new().try_reserve_exact(bytes).ok()?;
    Some(vec![0.0; len])
}
