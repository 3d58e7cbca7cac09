//! `autodidact gemma`: language models of the Gemma 2 architecture.

mod bench;
mod chat;
mod generate;
mod inspect;
mod logits;
mod model;
mod perplexity;
mod print;
mod quantize;
mod sampling;
mod tokenize;

use anyhow::Result;
use clap::Subcommand;

use super::exit::Exit;

/// Verbs of `autodidact gemma`.
#[derive(Debug, Subcommand)]
pub enum Verb {
    /// Measure how fast a model reads and writes
    Bench(bench::Arguments),
    /// Talk with a model in the terminal
    Chat(chat::Arguments),
    /// Go on with a text
    Generate(generate::Arguments),
    /// Print what a model is: sizes, layouts, memory
    Inspect(inspect::Arguments),
    /// Write a model's logits for given tokens to a file
    Logits(logits::Arguments),
    /// Measure how well a model foretells a text
    Perplexity(perplexity::Arguments),
    /// Write a model as a GGUF file of fewer bits, or as a folder of Hugging Face
    Quantize(quantize::Arguments),
    /// Turn lines of text into tokens, and back
    Tokenize(tokenize::Arguments),
}

pub fn run(verb: Verb) -> Result<Exit> {
    match verb {
        Verb::Bench(arguments) => bench::run(&arguments),
        Verb::Chat(arguments) => chat::run(&arguments),
        Verb::Generate(arguments) => generate::run(&arguments),
        Verb::Inspect(arguments) => inspect::run(&arguments),
        Verb::Logits(arguments) => logits::run(&arguments),
        Verb::Perplexity(arguments) => perplexity::run(&arguments),
        Verb::Quantize(arguments) => quantize::run(&arguments),
        Verb::Tokenize(arguments) => tokenize::run(&arguments),
    }
}
