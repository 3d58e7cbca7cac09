//! `gemma logits`.

use std::path::PathBuf;

use anyhow::{Result, bail};
use autodidact::data::arrays::{NamedArray, write_npz};
use autodidact::gemma::model::{CacheLayout, Model};
use clap::Args;
use serde::Serialize;

use super::model::ModelFlags;
use crate::cli::common::{Output, require_new_file};
use crate::cli::exit::{Exit, WrongUse};

/// Flags of `gemma logits`.
#[derive(Debug, Args)]
#[command(
    after_help = "Writes the array `logits` [tokens, vocabulary]: row t is about the token that follows the first t + 1. Nothing is put before
the tokens, so that a text should begin with 2. Products are in single precision unless `--precision` says otherwise.

Examples:
  autodidact gemma logits --model gemma-2-2b --tokens 2,651,6037 --out logits.npz"
)]
pub struct Arguments {
    #[command(flatten)]
    model: ModelFlags,
    /// Ids of the tokens
    #[arg(long, value_name = "IDS", value_delimiter = ',', required = true)]
    tokens: Vec<u32>,
    /// New .npz file
    #[arg(long, value_name = "FILE")]
    out: PathBuf,
    #[command(flatten)]
    output: Output,
}

#[derive(Debug, Serialize)]
struct Written<'a> {
    out: &'a PathBuf,
    tokens: usize,
    vocab_size: usize,
}

pub fn run(arguments: &Arguments) -> Result<Exit> {
    require_new_file(&arguments.out, &["npz"])?;
    let checkpoint = arguments.model.open(arguments.output)?;
    let vocab_size = checkpoint.config().vocab_size;
    if let Some(id) = arguments.tokens.iter().find(|&&id| id as usize >= vocab_size) {
        bail!(WrongUse(format!("token {id} is not in the vocabulary of {vocab_size}")));
    }
    let model = Model::new(&checkpoint, arguments.model.exact_options());
    let tokens = arguments.tokens.len();
    let logits = model.logits(&mut model.cache(tokens, CacheLayout::Full)?, &arguments.tokens)?;
    write_npz(&arguments.out, &[NamedArray::f32("logits", &[tokens, vocab_size], logits)?])?;
    let written = Written { out: &arguments.out, tokens, vocab_size };
    arguments.output.result(&written, || {
        format!("logits of {tokens} tokens, {vocab_size} each, in {}", arguments.out.display())
    })?;
    Ok(Exit::Done)
}
