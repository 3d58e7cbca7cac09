//! `autodidact optimize`: the best point of a function of one number, and the loss around a run's weights.

mod curvature;
mod engine;
mod evaluation;
mod learning_rate;
mod picture;
mod search;
mod settings;
mod table;

use anyhow::Result;
use clap::Subcommand;

use autodidact::brownian::Goal;

use super::exit::Exit;

/// Verbs of `autodidact optimize`.
#[derive(Debug, Subcommand)]
pub enum Verb {
    /// Find where a command prints its largest value
    Maximize(search::Arguments),
    /// Find where a command prints its smallest value
    Minimize(search::Arguments),
    /// Find the learning rate of `represent train` at which a metric is best
    LearningRate(learning_rate::Arguments),
    /// Sharpness, spectrum and the loss along the next update of a run
    Curvature(curvature::Arguments),
}

pub fn run(verb: Verb) -> Result<Exit> {
    match verb {
        Verb::Maximize(arguments) => search::run(&arguments, Goal::Maximum),
        Verb::Minimize(arguments) => search::run(&arguments, Goal::Minimum),
        Verb::LearningRate(arguments) => learning_rate::run(&arguments),
        Verb::Curvature(arguments) => curvature::run(&arguments),
    }
}
