//! `gemma bench`.

use std::time::Instant;

use anyhow::{Result, bail};
use autodidact::gemma::model::{CacheLayout, Model};
use clap::Args;
use serde::Serialize;

use super::model::ModelFlags;
use crate::cli::common::Output;
use crate::cli::exit::{Exit, WrongUse};

/// Flags of `gemma bench`.
#[derive(Debug, Args)]
#[command(
    after_help = "Reads a prompt at once, then writes the most likely tokens one by one. The first reading of the weights from disk is not counted.

Examples:
  autodidact gemma bench --model gemma-2-2b-Q4_0.gguf
  autodidact gemma bench --model gemma-2-2b-Q4_0.gguf --read 2048 --write 128 --threads 1 --json"
)]
pub struct Arguments {
    #[command(flatten)]
    model: ModelFlags,
    /// Tokens of the prompt, ids that are made up
    #[arg(long, value_name = "N", default_value_t = 512, value_parser = clap::value_parser!(u32).range(1..))]
    read: u32,
    /// Ids of the prompt, in the place of made-up ones
    #[arg(long, value_name = "IDS", value_delimiter = ',')]
    tokens: Vec<u32>,
    /// Tokens that are written
    #[arg(long, value_name = "N", default_value_t = 32, value_parser = clap::value_parser!(u32).range(1..))]
    write: u32,
    #[command(flatten)]
    output: Output,
}

#[derive(Debug, Serialize)]
struct Measured {
    arithmetic: String,
    load_seconds: f64,
    read: usize,
    read_seconds: f64,
    read_per_second: f64,
    written: usize,
    write_seconds: f64,
    written_per_second: f64,
    peak_bytes: Option<u64>,
    tokens: Vec<u32>,
}

pub fn run(arguments: &Arguments) -> Result<Exit> {
    let begun = Instant::now();
    let checkpoint = arguments.model.open(arguments.output)?;
    let options = arguments.model.options(&checkpoint);
    let model = Model::new(&checkpoint, options);
    let load_seconds = begun.elapsed().as_secs_f64();
    let vocab_size = checkpoint.config().vocab_size as u32;
    let prompt = if arguments.tokens.is_empty() {
        // Ids all over the vocabulary.
        (0..arguments.read).map(|at| at.wrapping_mul(2_654_435_761) % vocab_size).collect()
    } else {
        arguments.tokens.clone()
    };
    if let Some(id) = prompt.iter().find(|&&id| id >= vocab_size) {
        bail!(WrongUse(format!("token {id} is not in the vocabulary of {vocab_size}")));
    }
    let written = arguments.write as usize;
    let mut cache = model.cache(prompt.len().saturating_add(written), CacheLayout::Full)?;
    model.next(&mut cache, &prompt[..1])?;
    cache.truncate(0)?;
    let begun = Instant::now();
    let mut logits = model.next(&mut cache, &prompt)?;
    let read_seconds = begun.elapsed().as_secs_f64();
    let begun = Instant::now();
    let mut tokens = Vec::new();
    for _ in 0..written {
        let best = logits.iter().enumerate().max_by(|a, b| a.1.total_cmp(b.1).then(b.0.cmp(&a.0)));
        tokens.push(best.map_or(0, |(id, _)| id as u32));
        logits = model.next(&mut cache, &tokens[tokens.len() - 1..])?;
    }
    let write_seconds = begun.elapsed().as_secs_f64();
    let measured = Measured {
        arithmetic: format!("{:?}", options.arithmetic).to_lowercase(),
        load_seconds,
        read: prompt.len(),
        read_seconds,
        read_per_second: prompt.len() as f64 / read_seconds,
        written,
        write_seconds,
        written_per_second: written as f64 / write_seconds,
        peak_bytes: peak(),
        tokens,
    };
    arguments.output.result(&measured, || {
        let Measured { read, read_per_second, written, written_per_second, load_seconds, .. } = &measured;
        format!(
            "{read} tokens read at {read_per_second:.1}/s, {written} written at {written_per_second:.2}/s, in {}; loaded in {load_seconds:.1} s",
            measured.arithmetic
        )
    })?;
    Ok(Exit::Done)
}

/// The largest memory of this process so far, where the system tells.
fn peak() -> Option<u64> {
    let status = std::fs::read_to_string("/proc/self/status").ok()?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"))?;
    line.trim().strip_suffix(" kB")?.trim().parse::<u64>().ok().map(|kibibytes| kibibytes * 1024)
}
