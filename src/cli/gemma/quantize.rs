//! `gemma quantize`.

use std::path::PathBuf;

use anyhow::{Context, Result};
use autodidact::experiment::progress::Progress;
use autodidact::gemma::quantize::{Extras, FileType, to_gguf, to_safetensors};
use autodidact::gemma::tokenizer::{PieceArrays, Vocabulary};
use autodidact::gemma::weights::Format;
use clap::Args;
use serde::Serialize;

use super::model::open;
use crate::cli::common::{Output, require_new_file};
use crate::cli::exit::{Exit, WrongUse};

/// Flags of `gemma quantize`.
#[derive(Debug, Args)]
#[command(
    after_help = "Types: F32 F16 BF16 Q8_0 Q6_K Q5_K_M Q5_K_S Q5_1 Q5_0 Q4_K_M Q4_K_S Q4_1 Q4_0 Q3_K_M Q2_K. An output that ends in .gguf is a GGUF file; any
other name is a new folder of Hugging Face, for F32, F16 and BF16 alone.

Examples:
  autodidact gemma quantize --model gemma-2-2b-it --type Q4_K_M --out gemma-2-2b-it-Q4_K_M.gguf
  autodidact gemma quantize --model gemma-2-2b-it-BF16.gguf --type BF16 --out gemma-2-2b-it"
)]
pub struct Arguments {
    /// Folder of Hugging Face, or GGUF file
    #[arg(long, value_name = "PATH")]
    model: PathBuf,
    /// What the numbers become
    #[arg(long = "type", value_name = "TYPE")]
    file_type: String,
    /// New .gguf file, or new folder
    #[arg(long, value_name = "PATH")]
    out: PathBuf,
    /// `tokenizer.model` or `tokenizer.json` for a GGUF file [default: the one in the folder]
    #[arg(long, value_name = "FILE")]
    tokenizer: Option<PathBuf>,
    /// Name of the model in a GGUF file [default: that of the folder]
    #[arg(long)]
    name: Option<String>,
    #[command(flatten)]
    output: Output,
}

#[derive(Debug, Serialize)]
struct Told<'a> {
    out: &'a PathBuf,
    r#type: String,
    bytes: u64,
    notes: Vec<String>,
}

pub fn run(arguments: &Arguments) -> Result<Exit> {
    let file_type: FileType = arguments.file_type.parse().map_err(|error| WrongUse(format!("{error}")))?;
    let is_gguf = arguments.out.extension().is_some_and(|ending| ending == "gguf");
    let plain = match file_type {
        FileType::F32 => Some(Format::F32),
        FileType::F16 => Some(Format::F16),
        FileType::BF16 => Some(Format::BF16),
        _ => None,
    };
    if is_gguf {
        require_new_file(&arguments.out, &["gguf"])?;
    } else if arguments.out.exists() {
        return Err(WrongUse(format!(
            "`{}` exists; give another name or remove it",
            arguments.out.display()
        ))
        .into());
    }
    let checkpoint = open(&arguments.model)?;
    let mut progress: Option<Progress> = None;
    let display = arguments.output.display();
    let mut watch = |done: &autodidact::gemma::quantize::Progress| {
        let progress = progress
            .get_or_insert_with(|| Progress::new(file_type.name(), done.num_parameters / MILLION, display));
        progress.set(done.parameters / MILLION, &[("tensors", done.tensors as f64)]);
    };
    let (bytes, notes) = if is_gguf {
        let tokenizer = arguments.tokenizer.clone().or_else(|| checkpoint.tokenizer_file());
        let tokenizer = tokenizer.map(Vocabulary::from_file).transpose()?.map(PieceArrays::from);
        let extras = Extras { name: arguments.name.clone(), tokenizer, chat_template: None };
        let written = to_gguf(&checkpoint, file_type, &arguments.out, &extras, &mut watch)?;
        (written.bytes, written.notes)
    } else {
        let format = plain.ok_or_else(|| {
            WrongUse(format!("{file_type} is a type of GGUF files: give an output that ends in .gguf"))
        })?;
        to_safetensors(&checkpoint, format, &arguments.out, &mut watch)?;
        let notes = match checkpoint.tokenizer_file() {
            Some(file) => {
                let to = arguments.out.join(file.file_name().expect("it has a name"));
                std::fs::copy(&file, &to).with_context(|| format!("cannot write `{}`", to.display()))?;
                Vec::new()
            }
            None => vec![
                "the folder has no tokenizer: put `tokenizer.model` or `tokenizer.json` into it".to_owned(),
            ],
        };
        (open(&arguments.out)?.summary().bytes(), notes)
    };
    if let Some(progress) = &progress {
        progress.finish();
    }
    for note in &notes {
        arguments.output.note(&format!("note: {note}"));
    }
    let told = Told { out: &arguments.out, r#type: file_type.to_string(), bytes, notes };
    arguments
        .output
        .result(&told, || format!("{file_type}, {bytes} bytes, in {}", arguments.out.display()))?;
    Ok(Exit::Done)
}

/// Numbers of a step of progress.
const MILLION: u64 = 1_000_000;
