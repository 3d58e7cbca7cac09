//! `autodidact communicate`: Lewis games and the languages that come of them.

mod measure;
mod show;
mod talk;
mod train;

use anyhow::Result;
use clap::Subcommand;

use super::exit::Exit;

/// Verbs of `autodidact communicate`.
#[derive(Debug, Subcommand)]
pub enum Verb {
    /// Measure a language: topographic similarity, disentanglement, entropies, information, lengths
    Measure(measure::Arguments),
    /// Write a page and a picture of a language: its messages, and what symbols name
    Show(show::Arguments),
    /// Play speaker or listener against a trained agent
    Talk(talk::Arguments),
    /// Train a speaker and a listener to understand each other, and take their loss apart
    Train(train::Arguments),
}

pub fn run(verb: Verb) -> Result<Exit> {
    match verb {
        Verb::Measure(arguments) => measure::run(&arguments),
        Verb::Show(arguments) => show::run(&arguments),
        Verb::Talk(arguments) => talk::run(&arguments),
        Verb::Train(arguments) => train::run(&arguments),
    }
}
