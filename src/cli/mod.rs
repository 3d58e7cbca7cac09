//! One file per top-level command.

mod common;
mod communicate;
mod data;
mod exit;
mod gemma;
mod optimize;
mod plan;
mod represent;
mod reproduce;
mod runs;
mod training;

use std::process::ExitCode;

use clap::{Parser, Subcommand};

use exit::report;

/// Learning systems that teach themselves.
#[derive(Debug, Parser)]
#[command(name = "autodidact", version, propagate_version = true, arg_required_else_help = true)]
#[command(after_help = "Examples:
  autodidact reproduce                                  re-test every paper's claim, without any download
  autodidact represent train --data photos --out runs/photos
  autodidact represent embed --run runs/photos --data photos --out photos.npz
  autodidact optimize maximize --lower 0 --upper 1 --scale 2 --epsilon 0.05 -- ./score.sh {x}
  autodidact plan play --game connect4
  autodidact communicate train --out runs/lewis
  autodidact communicate measure --messages m.npz --objects o.npz
  autodidact gemma chat --model gemma-2-2b-it-Q4_K_M.gguf
  autodidact data inspect photos")]
struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Re-test the papers' claims on this machine and write a report
    Reproduce(reproduce::Arguments),
    /// Representations of images without labels: train, embed, evaluate, export
    #[command(subcommand)]
    Represent(represent::Verb),
    /// The best point of a function of one number, with a guarantee
    #[command(subcommand)]
    Optimize(optimize::Verb),
    /// Tree search in games: search, play, match, and the protocols GTP and UCI
    #[command(subcommand)]
    Plan(plan::Verb),
    /// Emergent communication: agents that invent a language, and measures of any
    #[command(subcommand)]
    Communicate(communicate::Verb),
    /// Language models: run, chat, measure, quantise, tokenize
    #[command(subcommand)]
    Gemma(gemma::Verb),
    /// Look at a collection of pictures
    #[command(subcommand)]
    Data(data::Verb),
    /// List, show and compare runs
    #[command(subcommand)]
    Runs(runs::Verb),
}

/// Parses, runs, and turns the outcome into an exit code.
pub fn main() -> ExitCode {
    let arguments = Arguments::parse();
    let outcome = match arguments.command {
        Command::Reproduce(arguments) => reproduce::run(&arguments),
        Command::Represent(verb) => represent::run(verb),
        Command::Optimize(verb) => optimize::run(verb),
        Command::Plan(verb) => plan::run(verb),
        Command::Communicate(verb) => communicate::run(verb),
        Command::Gemma(verb) => gemma::run(verb),
        Command::Data(verb) => data::run(verb),
        Command::Runs(verb) => runs::run(verb),
    };
    match outcome {
        Ok(exit) => exit,
        Err(error) => report(&error),
    }
    .into()
}
