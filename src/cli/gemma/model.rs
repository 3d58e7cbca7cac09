//! The flags that say which model runs, and how.

use std::path::PathBuf;

use anyhow::{Result, anyhow};
use autodidact::gemma::model::{Arithmetic, Options};
use autodidact::gemma::tokenizer::Tokenizer;
use autodidact::gemma::weights::{Checkpoint, Format, LayerPart, TensorName};
use autodidact::gemma::{Config, Error};
use clap::{Args, ValueEnum};

use crate::cli::common::{Machine, Output};
use crate::cli::exit::WrongUse;

/// Which model, and how it computes.
#[derive(Debug, Args)]
pub struct ModelFlags {
    /// Folder of Hugging Face, or GGUF file
    #[arg(long, value_name = "PATH")]
    model: PathBuf,
    /// What matrices multiply
    #[arg(long, value_enum, default_value_t)]
    precision: Multiplied,
    /// Tokens of a prompt that go through the layers together
    #[arg(long, default_value_t = 512, value_parser = clap::value_parser!(u32).range(1..))]
    chunk: u32,
    #[command(flatten)]
    machine: Machine,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
enum Multiplied {
    /// What goes with the model's matrices: bfloat16 with bfloat16, eight bits with blocks where the processor is fast at that, else single precision
    #[default]
    Auto,
    /// Single precision
    F32,
    /// bfloat16, with sums in single precision; √d of the embeddings is rounded as in training
    Bf16,
    /// Numbers of eight bits with weights in blocks, whose sums are exact
    Int8,
}

impl ModelFlags {
    /// Opens the model, and starts the threads.
    pub fn open(&self, output: Output) -> Result<Checkpoint> {
        self.machine.require_cpu("Gemma runs")?;
        self.machine.start(output)?;
        open(&self.model)
    }

    /// How it is to compute, where `auto` is what the checkpoint says.
    pub fn options(&self, checkpoint: &Checkpoint) -> Options {
        let stored = checkpoint.matrix(TensorName::Layer(0, LayerPart::Query)).format();
        let arithmetic = match (self.precision, stored) {
            (Multiplied::Auto, Format::BF16) => Arithmetic::Bf16,
            (Multiplied::Auto, Format::Block(_)) if Arithmetic::is_int8_fast() => Arithmetic::Int8,
            (given, _) => given.arithmetic(),
        };
        Options { arithmetic, chunk: self.chunk as usize }
    }

    /// The same, but that `auto` is single precision.
    pub fn exact_options(&self) -> Options {
        Options { arithmetic: self.precision.arithmetic(), chunk: self.chunk as usize }
    }
}

impl Multiplied {
    fn arithmetic(self) -> Arithmetic {
        match self {
            Self::Auto | Self::F32 => Arithmetic::F32,
            Self::Bf16 => Arithmetic::Bf16,
            Self::Int8 => Arithmetic::Int8,
        }
    }
}

/// Opens a model.
pub fn open(path: &std::path::Path) -> Result<Checkpoint> {
    if !path.exists() {
        return Err(
            WrongUse(format!("`{}` does not exist; give a folder or a GGUF file", path.display())).into()
        );
    }
    Ok(Checkpoint::open(path)?)
}

/// The model's own tokenizer, or that of `--tokenizer`.
pub fn tokenizer(checkpoint: &Checkpoint, file: Option<&PathBuf>) -> Result<Tokenizer> {
    match file {
        Some(path) => Ok(Tokenizer::from_file(path)?),
        None => checkpoint.tokenizer().map_err(|error| match error {
            Error::NoVocabulary { .. } => {
                anyhow!(WrongUse(format!("{error}; or name one with `--tokenizer`")))
            }
            other => other.into(),
        }),
    }
}

/// Tokens that end an answer: those of the tokenizer, and those that the checkpoint names.
pub fn stop_ids(checkpoint: &Checkpoint, tokenizer: &Tokenizer) -> Vec<u32> {
    let mut ids = tokenizer.stop_ids();
    for &id in &checkpoint.config().eos_token_ids {
        if !ids.contains(&id) {
            ids.push(id);
        }
    }
    ids
}

/// Room for a text: what is asked for, which may be more than the model was trained for, and by default that.
pub fn context(config: &Config, asked: Option<u32>, output: Output) -> usize {
    let trained = config.max_position_embeddings;
    let context = asked.map_or(trained, |asked| asked as usize);
    if context > trained {
        output
            .note(&format!("the model was trained for {trained} tokens; beyond them its answers get worse"));
    }
    context
}
