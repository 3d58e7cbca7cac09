//! The model's sizes from the metadata of a GGUF file, and back.

use crate::gguf::{Array, Gguf, Metadata, Value};
use crate::{Config, Error, Result};

pub(super) const ARCHITECTURE: &str = "general.architecture";
const NAME: &str = "gemma2";
/// Ours, for models whose queries are not scaled as programs around GGML infer.
const SCALAR: &str = "gemma2.attention.query_pre_attn_scalar";

/// What a file holds under names of the architecture.
struct Keys<'a>(&'a Gguf);

impl<'a> Keys<'a> {
    fn wrong(&self, found: String) -> Error {
        Error::Malformed { path: self.0.path().into(), expected: "GGUF file of a Gemma 2 model", found }
    }

    fn get(&self, key: &str) -> Option<&'a Value> {
        self.0.metadata().get(key)
    }

    fn size_or_none(&self, key: &str) -> Result<Option<usize>> {
        let Some(value) = self.get(key) else { return Ok(None) };
        let size = value.to_u64().and_then(|size| usize::try_from(size).ok());
        size.map(Some)
            .ok_or_else(|| self.wrong(format!("`{key}` is of type {}, expected a size", value.kind())))
    }

    fn size(&self, key: &str) -> Result<usize> {
        self.size_or_none(key)?.ok_or_else(|| self.wrong(format!("`{key}` is missing")))
    }

    fn number_or(&self, key: &str, default: f32) -> Result<f32> {
        let Some(value) = self.get(key) else { return Ok(default) };
        value
            .to_f32()
            .ok_or_else(|| self.wrong(format!("`{key}` is of type {}, expected a number", value.kind())))
    }

    /// Zero means none.
    fn soft_cap(&self, key: &str, default: f32) -> Result<Option<f32>> {
        Ok(Some(self.number_or(key, default)?).filter(|cap| *cap != 0.0))
    }

    fn is_local(&self, layers: usize) -> Result<Vec<bool>> {
        let key = "gemma2.attention.sliding_window_pattern";
        match self.get(key) {
            None => Ok(Config::alternating(layers)),
            Some(Value::Array(array)) => match array.to_i64s() {
                Some(local) => Ok(local.into_iter().map(|local| local != 0).collect()),
                None => Err(self.wrong(format!("`{key}` is no array of truth values"))),
            },
            // The last of each so many layers is global.
            Some(_) => match self.size(key)? {
                0 => Ok(vec![false; layers]),
                period => Ok((0..layers).map(|layer| layer % period < period - 1).collect()),
            },
        }
    }

    fn token(&self, key: &str) -> Result<Option<u32>> {
        let token = self.size_or_none(key)?;
        token
            .map(|id| u32::try_from(id).map_err(|_| self.wrong(format!("`{key}` is {id}, no token"))))
            .transpose()
    }
}

/// What programs around GGML take for `query_pre_attn_scalar`, which files do not tell: the width of a head, and in the 27B model,
/// known by its 46 layers, the width of the stream divided by the heads.
fn inferred_scalar(layers: usize, hidden: usize, heads: usize, head_dim: usize) -> f32 {
    if layers == 46 { (hidden / heads.max(1)) as f32 } else { head_dim as f32 }
}

pub(super) fn read(file: &Gguf) -> Result<Config> {
    let keys = Keys(file);
    match keys.get(ARCHITECTURE).and_then(Value::as_str) {
        Some(NAME) => {}
        Some(other) => return Err(keys.wrong(format!("its architecture is `{other}`, expected `{NAME}`"))),
        None => return Err(keys.wrong(format!("it has no text `{ARCHITECTURE}`"))),
    }
    if let Some(parts) = keys.size_or_none("split.count")?.filter(|parts| *parts > 1) {
        return Err(
            keys.wrong(format!("it is one of {parts} parts: merge them with `llama-gguf-split --merge`"))
        );
    }
    let layers = keys.size("gemma2.block_count")?;
    let hidden = keys.size("gemma2.embedding_length")?;
    let heads = keys.size("gemma2.attention.head_count")?;
    let derived = hidden / heads.max(1);
    let head_dim = keys.size_or_none("gemma2.attention.key_length")?.unwrap_or(derived);
    let value_length = keys.size_or_none("gemma2.attention.value_length")?.unwrap_or(derived);
    if value_length != head_dim {
        return Err(
            keys.wrong(format!("values are {value_length} wide and keys {head_dim}, expected the same"))
        );
    }
    let kind = keys.get("gemma2.rope.scaling.type");
    if let Some(kind) = kind.filter(|kind| kind.as_str() != Some("none")) {
        let kind = kind.as_str().unwrap_or("of another type than a string");
        return Err(keys.wrong(format!(
            "`gemma2.rope.scaling.type` is {kind}, expected none: such positions are not supported"
        )));
    }
    // Every layer costs memory before its tensors are looked for.
    if layers > file.tensors().len() {
        let tensors = file.tensors().len();
        return Err(keys.wrong(format!("it has {layers} layers, but {tensors} tensors")));
    }
    let embedding = super::TensorName::Embedding.gguf();
    let rows = file.tensor(&embedding).and_then(|tensor| tensor.shape.first());
    let config = Config {
        vocab_size: *rows
            .ok_or_else(|| Error::MissingTensor { path: file.path().into(), tensor: embedding })?,
        hidden_size: hidden,
        intermediate_size: keys.size("gemma2.feed_forward_length")?,
        num_hidden_layers: layers,
        num_attention_heads: heads,
        num_key_value_heads: keys.size_or_none("gemma2.attention.head_count_kv")?.unwrap_or(heads),
        head_dim,
        query_pre_attn_scalar: keys.number_or(SCALAR, inferred_scalar(layers, hidden, heads, head_dim))?,
        attn_logit_softcapping: keys.soft_cap("gemma2.attn_logit_softcapping", 50.0)?,
        final_logit_softcapping: keys.soft_cap("gemma2.final_logit_softcapping", 30.0)?,
        sliding_window: keys.size_or_none("gemma2.attention.sliding_window")?.unwrap_or(4096),
        is_local: keys.is_local(layers)?,
        max_position_embeddings: keys.size_or_none("gemma2.context_length")?.unwrap_or(8192),
        rope_theta: keys.number_or("gemma2.rope.freq_base", 10_000.0)?,
        rms_norm_eps: keys.number_or("gemma2.attention.layer_norm_rms_epsilon", 1e-6)?,
        bos_token_id: keys.token("tokenizer.ggml.bos_token_id")?.unwrap_or(2),
        eos_token_ids: ends(&keys)?,
    };
    config.validate()?;
    Ok(config)
}

/// Tokens that end an answer. `<end_of_turn>` is known by its text, as old files do not name it.
fn ends(keys: &Keys<'_>) -> Result<Vec<u32>> {
    let mut ends = vec![keys.token("tokenizer.ggml.eos_token_id")?.unwrap_or(1)];
    ends.extend(keys.token("tokenizer.ggml.eot_token_id")?);
    if let Some(Value::Array(Array::String(tokens))) = keys.get("tokenizer.ggml.tokens") {
        ends.extend(tokens.iter().position(|token| token == "<end_of_turn>").map(|id| id as u32));
    }
    ends.sort_unstable();
    ends.dedup();
    Ok(ends)
}

/// Whether programs that do not know our key infer the model's `query_pre_attn_scalar`.
pub(crate) fn is_as_inferred(config: &Config) -> bool {
    let layers = config.num_hidden_layers;
    let inferred = inferred_scalar(layers, config.hidden_size, config.num_attention_heads, config.head_dim);
    config.query_pre_attn_scalar == inferred
}

/// Writes the sizes.
pub(crate) fn to_metadata(config: &Config, metadata: &mut Metadata) {
    let size = |size: usize| Value::U32(size as u32);
    metadata.set(ARCHITECTURE, Value::String(NAME.into()));
    for (key, value) in [
        ("context_length", size(config.max_position_embeddings)),
        ("embedding_length", size(config.hidden_size)),
        ("block_count", size(config.num_hidden_layers)),
        ("feed_forward_length", size(config.intermediate_size)),
        ("attention.head_count", size(config.num_attention_heads)),
        ("attention.head_count_kv", size(config.num_key_value_heads)),
        ("attention.key_length", size(config.head_dim)),
        ("attention.value_length", size(config.head_dim)),
        ("attention.layer_norm_rms_epsilon", Value::F32(config.rms_norm_eps)),
        ("attention.sliding_window", size(config.sliding_window)),
        ("attn_logit_softcapping", Value::F32(config.attn_logit_softcapping.unwrap_or(0.0))),
        ("final_logit_softcapping", Value::F32(config.final_logit_softcapping.unwrap_or(0.0))),
        ("rope.freq_base", Value::F32(config.rope_theta)),
    ] {
        metadata.set(format!("{NAME}.{key}"), value);
    }
    if !is_as_inferred(config) {
        metadata.set(SCALAR, Value::F32(config.query_pre_attn_scalar));
    }
    if config.is_local != Config::alternating(config.num_hidden_layers) {
        let pattern = Value::Array(Array::Bool(config.is_local.clone()));
        metadata.set("gemma2.attention.sliding_window_pattern", pattern);
    }
}
