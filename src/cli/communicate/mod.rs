//! `autodidact communicate`: Lewis games and the languages that come of them.

mod compare;
mod measure;
mod probe;
mod show;
mod talk;
mod train;

use anyhow::Result;
use clap::Subcommand;

use super::exit::Exit;

/// Verbs of `autodidact communicate`.
#[derive(Debug, Subcommand)]
pub enum Verb {
    /// Compare the languages of several runs, for instance of several seeds: how far they say the same
    Compare(compare::Arguments),
    /// Measure a language: topographic similarity, disentanglement, entropies, information, lengths
    Measure(measure::Arguments),
    /// Ask fresh listeners: what a speaker leaves unknown, how easily its language is learnt, and which agent overfits
    Probe(probe::Arguments),
    /// Write a page and pictures of a language: its messages, what symbols name, and the tree of its messages
    Show(show::Arguments),
    /// Play speaker or listener against a trained agent
    Talk(talk::Arguments),
    /// Train a speaker and a listener to understand each other, and take their loss apart
    Train(train::Arguments),
}

pub fn run(verb: Verb) -> Result<Exit> {
    match verb {
        Verb::Compare(arguments) => compare::run(&arguments),
        Verb::Measure(arguments) => measure::run(&arguments),
        Verb::Probe(arguments) => probe::run(&arguments),
        Verb::Show(arguments) => show::run(&arguments),
        Verb::Talk(arguments) => talk::run(&arguments),
        Verb::Train(arguments) => train::run(&arguments),
    }
}
