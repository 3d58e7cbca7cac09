//! `gemma perplexity`.

use std::path::PathBuf;

use anyhow::{Context, Result};
use autodidact::experiment::progress::Progress;
use autodidact::gemma::model::Model;
use autodidact::gemma::perplexity;
use autodidact::gemma::tokenizer::{Encoding, Specials};
use clap::Args;
use serde::Serialize;

use super::model::{ModelFlags, tokenizer};
use crate::cli::common::Output;
use crate::cli::exit::{Exit, WrongUse};

/// Flags of `gemma perplexity`.
#[derive(Debug, Args)]
#[command(
    after_help = "As llama.cpp does it: the text is cut into pieces, each begins with the token for the beginning of a text, and the second half of a piece is
foretold. Perplexities of models with different tokenizers cannot be compared. Products are in single precision unless `--precision` says otherwise.

Examples:
  autodidact gemma perplexity --model gemma-2-2b-Q4_0.gguf --text wiki.txt
  autodidact gemma perplexity --model gemma-2-2b --text wiki.txt --context 2048 --pieces 20 --json"
)]
pub struct Arguments {
    #[command(flatten)]
    model: ModelFlags,
    /// File of text
    #[arg(long, value_name = "FILE")]
    text: PathBuf,
    /// Tokens of a piece
    #[arg(long, value_name = "N", default_value_t = 512, value_parser = clap::value_parser!(u32).range(3..))]
    context: u32,
    /// Pieces at most
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..))]
    pieces: Option<u32>,
    /// `tokenizer.model` or `tokenizer.json` [default: the model's own]
    #[arg(long, value_name = "FILE")]
    tokenizer: Option<PathBuf>,
    #[command(flatten)]
    output: Output,
}

#[derive(Debug, Serialize)]
struct Told {
    perplexity: f64,
    cross_entropy: f64,
    standard_error: f64,
    tokens: usize,
    context: usize,
}

pub fn run(arguments: &Arguments) -> Result<Exit> {
    let text = std::fs::read(&arguments.text)
        .with_context(|| format!("cannot read `{}`", arguments.text.display()))?;
    let checkpoint = arguments.model.open(arguments.output)?;
    let tokenizer = tokenizer(&checkpoint, arguments.tokenizer.as_ref())?;
    // As llama.cpp reads a file: without its last line end, begun, and with nothing in it that controls.
    let text = text.strip_suffix(b"\n").unwrap_or(&text);
    let mut tokens = tokenizer.encode_with(text, Encoding { bos: true, specials: Specials::AsText });
    let context = arguments.context as usize;
    if tokens.len() < context {
        return Err(WrongUse(format!(
            "the text has {} tokens, and {context} are needed at least: take a longer text or a smaller `--context`",
            tokens.len()
        ))
        .into());
    }
    if let Some(pieces) = arguments.pieces {
        tokens.truncate(pieces as usize * context);
    }
    let model = Model::new(&checkpoint, arguments.model.exact_options());
    let mut progress: Option<Progress> = None;
    let mut done = 0;
    let display = arguments.output.display();
    let found = perplexity(&model, &tokens, context, &mut |count, so_far| {
        let progress = progress.get_or_insert_with(|| Progress::new("pieces", count as u64, display));
        done += 1;
        progress.set(done, &[("perplexity", so_far.perplexity())]);
    })?;
    if let Some(progress) = &progress {
        progress.finish();
    }
    let told = Told {
        perplexity: found.perplexity(),
        cross_entropy: found.cross_entropy,
        standard_error: found.standard_error,
        tokens: found.tokens,
        context,
    };
    arguments.output.result(&told, || {
        let Told { perplexity, tokens, standard_error, .. } = told;
        format!("perplexity {perplexity:.4} ± {:.4} over {tokens} tokens", perplexity * standard_error)
    })?;
    Ok(Exit::Done)
}
