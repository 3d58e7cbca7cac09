//! `autodidact plan`: tree search in games.

mod bench;
mod evaluate;
mod gtp;
mod network;
mod play;
mod search;
mod settings;
mod strength;
mod tournament;
mod train;
mod uci;

use anyhow::Result;
use autodidact::arena;
use clap::Subcommand;

use super::exit::{Exit, WrongUse};

/// Verbs of `autodidact plan`.
#[derive(Debug, Subcommand)]
pub enum Verb {
    /// Learn a game by self-play, without being told how to play it well
    Train(train::Arguments),
    /// Compare moves with perfect play on solved positions of connect four
    Evaluate(evaluate::Arguments),
    /// Search one position and tell what each move is worth
    Search(search::Arguments),
    /// Play against the search in this terminal
    Play(play::Arguments),
    /// Let two searches play each other: points and the difference of Elo ratings
    Match(tournament::Arguments),
    /// Play Go or Hex over the Go Text Protocol, version 2, on stdin and stdout
    Gtp(gtp::Arguments),
    /// Play chess over the Universal Chess Interface on stdin and stdout
    Uci(uci::Arguments),
    /// Simulations and random games a second
    Bench(bench::Arguments),
}

pub fn run(verb: Verb) -> Result<Exit> {
    match verb {
        Verb::Train(arguments) => train::run(&arguments),
        Verb::Evaluate(arguments) => evaluate::run(&arguments),
        Verb::Search(arguments) => search::run(&arguments),
        Verb::Play(arguments) => play::run(&arguments),
        Verb::Match(arguments) => tournament::run(&arguments),
        Verb::Gtp(arguments) => gtp::run(&arguments),
        Verb::Uci(arguments) => uci::run(&arguments),
        Verb::Bench(arguments) => bench::run(&arguments),
    }
}

/// An error with its exit code: what cannot be meant is wrong use.
fn told(error: arena::Error) -> anyhow::Error {
    match error {
        arena::Error::Io(_) | arena::Error::Search(_) | arena::Error::Threads { .. } => error.into(),
        wrong => WrongUse(wrong.to_string()).into(),
    }
}
