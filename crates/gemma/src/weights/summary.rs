use super::{Checkpoint, Format, TensorName};
use crate::Config;
use crate::gguf::Value;
use std::collections::BTreeMap;
use std::fmt;

/// What a checkpoint is, at a glance; its text is a table.
#[derive(Clone, Debug, PartialEq)]
pub struct Summary {
    /// What the model is called, if its file says so.
    pub name: Option<String>,
    /// The kind of file.
    pub container: String,
    /// The model's sizes.
    pub config: Config,
    /// Numbers in all tensors.
    pub parameters: u64,
    /// Tensors and bytes of each layout.
    pub formats: BTreeMap<Format, FormatBytes>,
}

/// How much of a checkpoint is laid out in one way.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct FormatBytes {
    /// Tensors.
    pub tensors: usize,
    /// Their numbers.
    pub parameters: u64,
    /// Their bytes.
    pub bytes: u64,
}

/// Bytes that a model needs to run.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Memory {
    /// Of the weights as they are in the file.
    pub weights: u64,
    /// Of keys and values of every token in every layer.
    pub full_cache: u64,
    /// Of keys and values if local layers keep those in their window only.
    pub window_cache: u64,
}

impl Summary {
    pub(super) fn new(checkpoint: &Checkpoint) -> Self {
        let config = checkpoint.config().clone();
        let mut formats = BTreeMap::<_, FormatBytes>::new();
        for name in TensorName::all(&config) {
            let (format, bytes) = checkpoint.stored(name);
            let [rows, columns] = name.shape(&config);
            let sum = formats.entry(format).or_default();
            sum.tensors += 1;
            sum.parameters += rows as u64 * columns as u64;
            sum.bytes += bytes.len() as u64;
        }
        let name = checkpoint.metadata().get("general.name").and_then(Value::as_str).map(Into::into);
        let parameters = formats.values().map(|sum| sum.parameters).sum();
        Self { name, container: checkpoint.container(), config, parameters, formats }
    }

    /// Bytes of all tensors.
    pub fn bytes(&self) -> u64 {
        self.formats.values().map(|sum| sum.bytes).sum()
    }

    /// What the model needs for a context of so many tokens, with keys and values of so many bytes a number.
    ///
    /// Layer `l` keeps `2 · heads · width` numbers for each token that it sees. What a step computes with comes on top, and is small
    /// beside this.
    pub fn memory(&self, context: usize, bytes_per_number: usize) -> Memory {
        let token = 2 * self.config.key_size() as u64 * bytes_per_number as u64;
        let layers = 0..self.config.num_hidden_layers;
        let seen = |layer| self.config.window(layer).map_or(context, |window| window.min(context)) as u64;
        Memory {
            weights: self.bytes(),
            full_cache: (self.config.num_hidden_layers as u64 * token).saturating_mul(context as u64),
            window_cache: layers
                .fold(0, |sum: u64, layer| sum.saturating_add(seen(layer).saturating_mul(token))),
        }
    }
}

impl Memory {
    /// Weights and the full cache.
    pub fn total(&self) -> u64 {
        self.weights.saturating_add(self.full_cache)
    }
}

impl fmt::Display for Summary {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let config = &self.config;
        writeln!(f, "{:<22}gemma2, {}", "architecture", self.container)?;
        if let Some(name) = &self.name {
            writeln!(f, "{:<22}{name}", "name")?;
        }
        let local = config.is_local.iter().filter(|local| **local).count();
        writeln!(f, "{:<22}{}, {local} of them local", "layers", config.num_hidden_layers)?;
        writeln!(f, "{:<22}{}", "width", config.hidden_size)?;
        writeln!(f, "{:<22}{}", "feed-forward width", config.intermediate_size)?;
        let (queries, keys) = (config.num_attention_heads, config.num_key_value_heads);
        writeln!(f, "{:<22}{queries} of queries, {keys} of keys, {} wide", "heads", config.head_dim)?;
        writeln!(f, "{:<22}{}", "vocabulary", config.vocab_size)?;
        let (context, window) = (config.max_position_embeddings, config.sliding_window);
        writeln!(f, "{:<22}{context} tokens, {window} in local layers", "context")?;
        writeln!(f, "{:<22}{}", "parameters", self.parameters)?;
        for (format, sum) in &self.formats {
            writeln!(f, "{:<22}{:>4} tensors, {}", format!("  in {format}"), sum.tensors, Size(sum.bytes))?;
        }
        write!(f, "{:<22}{}", "weights", Size(self.bytes()))
    }
}

/// Bytes in the largest binary unit that makes one at least.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Size(pub u64);

impl fmt::Display for Size {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let units = [("GiB", 30), ("MiB", 20), ("KiB", 10)];
        match units.into_iter().find(|(_, shift)| self.0 >> shift > 0) {
            Some((unit, shift)) => write!(f, "{:.2} {unit}", self.0 as f64 / (1_u64 << shift) as f64),
            None => write!(f, "{} bytes", self.0),
        }
    }
}
