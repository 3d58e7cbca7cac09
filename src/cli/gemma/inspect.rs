//! `gemma inspect`.

use std::path::PathBuf;

use anyhow::Result;
use autodidact::gemma::weights::Size;
use clap::Args;
use serde_json::json;

use super::model::open;
use crate::cli::common::Output;
use crate::cli::exit::Exit;

/// Flags of `gemma inspect`.
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  autodidact gemma inspect gemma-2-2b-it-Q4_K_M.gguf
  autodidact gemma inspect gemma-2-9b --context 2048 --json")]
pub struct Arguments {
    /// Folder of Hugging Face, or GGUF file
    path: PathBuf,
    /// Tokens that memory is told for [default: those the model was trained for]
    #[arg(long)]
    context: Option<usize>,
    #[command(flatten)]
    output: Output,
}

/// Bytes of a key's or value's number in memory.
const CACHED: usize = 4;

pub fn run(arguments: &Arguments) -> Result<Exit> {
    let checkpoint = open(&arguments.path)?;
    let summary = checkpoint.summary();
    let config = &summary.config;
    let context = arguments.context.unwrap_or(config.max_position_embeddings);
    let memory = summary.memory(context, CACHED);
    let formats: Vec<_> = summary
        .formats
        .iter()
        .map(|(format, sum)| {
            json!({ "format": format.name(), "tensors": sum.tensors, "parameters": sum.parameters, "bytes": sum.bytes })
        })
        .collect();
    let told = json!({
        "architecture": "gemma2",
        "container": summary.container,
        "name": summary.name,
        "parameters": summary.parameters,
        "vocab_size": config.vocab_size,
        "hidden_size": config.hidden_size,
        "intermediate_size": config.intermediate_size,
        "num_hidden_layers": config.num_hidden_layers,
        "num_attention_heads": config.num_attention_heads,
        "num_key_value_heads": config.num_key_value_heads,
        "head_dim": config.head_dim,
        "query_pre_attn_scalar": config.query_pre_attn_scalar,
        "sliding_window": config.sliding_window,
        "max_position_embeddings": config.max_position_embeddings,
        "attn_logit_softcapping": config.attn_logit_softcapping,
        "final_logit_softcapping": config.final_logit_softcapping,
        "rope_theta": config.rope_theta,
        "rms_norm_eps": config.rms_norm_eps,
        "formats": formats,
        "memory": {
            "context": context,
            "weights": memory.weights,
            "full_cache": memory.full_cache,
            "window_cache": memory.window_cache,
            "total": memory.total(),
        },
    });
    arguments.output.result(&told, || {
        let (full, window) = (Size(memory.full_cache), Size(memory.window_cache));
        format!(
            "{summary}\n{:<22}{full} at {context} tokens, {window} if local layers keep their window alone",
            "keys and values"
        )
    })?;
    Ok(Exit::Done)
}
