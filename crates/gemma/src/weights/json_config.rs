//! The model's sizes from `config.json`, in every form that it has had, and back.

use crate::{Config, Error, Result};
use serde::Deserialize;
use serde_json::{Value, json};
use std::fs;
use std::path::Path;

/// Layers of a model that is read: each takes memory before its tensors are looked for.
const MOST_LAYERS: usize = 4096;

/// What of `config.json` matters. Constants that are absent have the values of Hugging Face's class.
#[derive(Deserialize)]
struct File {
    model_type: Option<String>,
    vocab_size: usize,
    hidden_size: usize,
    intermediate_size: usize,
    num_hidden_layers: usize,
    num_attention_heads: usize,
    num_key_value_heads: usize,
    #[serde(default = "head_dim")]
    head_dim: usize,
    #[serde(default = "query_pre_attn_scalar")]
    query_pre_attn_scalar: f32,
    // Absent: the released models' value. Null: none.
    #[serde(default = "attn_logit_softcapping")]
    attn_logit_softcapping: Option<f32>,
    #[serde(default = "final_logit_softcapping")]
    final_logit_softcapping: Option<f32>,
    #[serde(default = "sliding_window", alias = "sliding_window_size")]
    sliding_window: Option<usize>,
    layer_types: Option<Vec<String>>,
    #[serde(default = "max_position_embeddings")]
    max_position_embeddings: usize,
    rope_theta: Option<f32>,
    rope_parameters: Option<Rope>,
    rope_scaling: Option<Rope>,
    #[serde(default = "rms_norm_eps")]
    rms_norm_eps: f32,
    hidden_activation: Option<String>,
    attention_bias: Option<bool>,
    use_bidirectional_attention: Option<bool>,
    tie_word_embeddings: Option<bool>,
    bos_token_id: Option<Value>,
    eos_token_id: Option<Value>,
}

/// `rope_parameters`, and `rope_scaling` before it.
#[derive(Deserialize)]
struct Rope {
    #[serde(alias = "type")]
    rope_type: Option<String>,
    rope_theta: Option<f32>,
}

/// What of `generation_config.json` matters.
#[derive(Deserialize)]
struct Generation {
    eos_token_id: Option<Value>,
}

fn head_dim() -> usize {
    256
}

fn query_pre_attn_scalar() -> f32 {
    256.0
}

// Serde wants the field's own type.
#[allow(clippy::unnecessary_wraps)]
fn attn_logit_softcapping() -> Option<f32> {
    Some(50.0)
}

#[allow(clippy::unnecessary_wraps)]
fn final_logit_softcapping() -> Option<f32> {
    Some(30.0)
}

#[allow(clippy::unnecessary_wraps)]
fn sliding_window() -> Option<usize> {
    Some(4096)
}

fn max_position_embeddings() -> usize {
    8192
}

fn rms_norm_eps() -> f32 {
    1e-6
}

/// Reads `config.json` of a folder, and from `generation_config.json`, if there is one, the tokens that end an answer.
pub(super) fn read(folder: &Path) -> Result<Config> {
    let path = folder.join("config.json");
    let mut config = parse(&path, &read_text(&path)?)?;
    let path = folder.join("generation_config.json");
    if path.is_file() {
        let wrong =
            |found| Error::Malformed { path: path.clone(), expected: "configuration of generation", found };
        let generation: Generation =
            serde_json::from_slice(&read_text(&path)?).map_err(|error| wrong(error.to_string()))?;
        if let Some(ids) = &generation.eos_token_id {
            config.eos_token_ids = tokens("eos_token_id", ids)?;
        }
    }
    Ok(config)
}

fn read_text(path: &Path) -> Result<Vec<u8>> {
    fs::read(path).map_err(|source| Error::Read { path: path.into(), source })
}

pub(super) fn parse(path: &Path, text: &[u8]) -> Result<Config> {
    let wrong = |found| Error::Malformed { path: path.into(), expected: "configuration of a model", found };
    let file: File = serde_json::from_slice(text).map_err(|error| wrong(error.to_string()))?;
    refuse_other_models(&file)?;
    if file.num_hidden_layers > MOST_LAYERS {
        let expected = "at most 4096";
        return Err(Error::Config {
            name: "num_hidden_layers",
            value: file.num_hidden_layers.to_string(),
            expected,
        });
    }
    let is_local = match &file.layer_types {
        _ if file.sliding_window.is_none() => vec![false; file.num_hidden_layers],
        None => Config::alternating(file.num_hidden_layers),
        Some(types) => types.iter().map(|kind| is_local(kind)).collect::<Result<_>>()?,
    };
    let rope_theta = file.rope_parameters.and_then(|rope| rope.rope_theta).or(file.rope_theta);
    let config = Config {
        vocab_size: file.vocab_size,
        hidden_size: file.hidden_size,
        intermediate_size: file.intermediate_size,
        num_hidden_layers: file.num_hidden_layers,
        num_attention_heads: file.num_attention_heads,
        num_key_value_heads: file.num_key_value_heads,
        head_dim: file.head_dim,
        query_pre_attn_scalar: file.query_pre_attn_scalar,
        attn_logit_softcapping: file.attn_logit_softcapping,
        final_logit_softcapping: file.final_logit_softcapping,
        sliding_window: file.sliding_window.unwrap_or(file.max_position_embeddings),
        is_local,
        max_position_embeddings: file.max_position_embeddings,
        rope_theta: rope_theta.unwrap_or(10_000.0),
        rms_norm_eps: file.rms_norm_eps,
        bos_token_id: match &file.bos_token_id {
            None => 2,
            Some(id) => tokens("bos_token_id", id)?.first().copied().unwrap_or(2),
        },
        eos_token_ids: file.eos_token_id.as_ref().map_or(Ok(vec![1]), |ids| tokens("eos_token_id", ids))?,
    };
    config.validate()?;
    Ok(config)
}

/// Settings that would silently make another model.
fn refuse_other_models(file: &File) -> Result<()> {
    let refuse = |name, value: String, expected| Err(Error::Config { name, value, expected });
    if let Some(kind) = file.model_type.as_ref().filter(|kind| *kind != "gemma2") {
        return refuse("model_type", kind.clone(), "`gemma2`, the one architecture that is read");
    }
    let gelu = "gelu_pytorch_tanh";
    if let Some(activation) = file.hidden_activation.as_ref().filter(|activation| *activation != gelu) {
        return refuse("hidden_activation", activation.clone(), "`gelu_pytorch_tanh`");
    }
    for (name, value, expected) in [
        ("attention_bias", file.attention_bias == Some(true), "false"),
        ("use_bidirectional_attention", file.use_bidirectional_attention == Some(true), "false"),
    ] {
        if value {
            return refuse(name, "true".into(), expected);
        }
    }
    if file.tie_word_embeddings == Some(false) {
        return refuse(
            "tie_word_embeddings",
            "false".into(),
            "true: logits are made with the table of embeddings",
        );
    }
    for (name, rope) in [("rope_parameters", &file.rope_parameters), ("rope_scaling", &file.rope_scaling)] {
        let kind = rope.as_ref().and_then(|rope| rope.rope_type.as_ref());
        if let Some(kind) = kind.filter(|kind| *kind != "default") {
            return refuse(name, kind.clone(), "`default`: angles that are not scaled");
        }
    }
    Ok(())
}

fn is_local(kind: &str) -> Result<bool> {
    match kind {
        "sliding_attention" => Ok(true),
        "full_attention" => Ok(false),
        other => Err(Error::Config {
            name: "layer_types",
            value: other.into(),
            expected: "`sliding_attention` or `full_attention`",
        }),
    }
}

/// One token, a list of them, or null for none.
fn tokens(name: &'static str, value: &Value) -> Result<Vec<u32>> {
    let one = |value: &Value| value.as_u64().and_then(|id| u32::try_from(id).ok());
    let ids = match value {
        Value::Null => Some(Vec::new()),
        Value::Array(ids) => ids.iter().map(one).collect(),
        id => one(id).map(|id| vec![id]),
    };
    let expected = "a token or a list of tokens";
    ids.ok_or_else(|| Error::Config { name, value: value.to_string(), expected })
}

/// What Hugging Face's library reads as this model, its weights in `dtype`.
pub(crate) fn to_json(config: &Config, dtype: &str) -> Value {
    let kind = |local: &bool| if *local { "sliding_attention" } else { "full_attention" };
    json!({
        "architectures": ["Gemma2ForCausalLM"],
        "model_type": "gemma2",
        "vocab_size": config.vocab_size,
        "hidden_size": config.hidden_size,
        "intermediate_size": config.intermediate_size,
        "num_hidden_layers": config.num_hidden_layers,
        "num_attention_heads": config.num_attention_heads,
        "num_key_value_heads": config.num_key_value_heads,
        "head_dim": config.head_dim,
        "hidden_activation": "gelu_pytorch_tanh",
        "max_position_embeddings": config.max_position_embeddings,
        "initializer_range": 0.02,
        "rms_norm_eps": double(config.rms_norm_eps),
        "rope_theta": double(config.rope_theta),
        "attention_bias": false,
        "attention_dropout": 0.0,
        "query_pre_attn_scalar": whole(config.query_pre_attn_scalar),
        "sliding_window": config.sliding_window,
        "layer_types": config.is_local.iter().map(kind).collect::<Vec<_>>(),
        "attn_logit_softcapping": config.attn_logit_softcapping.map(double),
        "final_logit_softcapping": config.final_logit_softcapping.map(double),
        "bos_token_id": config.bos_token_id,
        "eos_token_id": config.eos_token_ids,
        "pad_token_id": 0,
        "torch_dtype": dtype,
        "tie_word_embeddings": true,
        "use_cache": true,
    })
}

/// The shortest decimal of a number in single precision, as the double that a reader makes of it.
fn double(value: f32) -> f64 {
    value.to_string().parse().unwrap_or_else(|_| value.into())
}

/// An integer where it is one, which is what the library asks for.
fn whole(value: f32) -> Value {
    if value.fract() == 0.0 { json!(value as i64) } else { json!(double(value)) }
}
