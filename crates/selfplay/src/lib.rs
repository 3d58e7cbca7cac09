//! Networks that learn games by playing against themselves.

#![doc = include_str!("../README.md")]

mod actors;
mod alpha_zero;
mod builtin;
mod chance;
mod continued;
mod episode;
mod error;
mod evaluator;
mod file;
mod learnt;
pub mod mu_zero;
mod packed;
pub mod preset;
mod rating;
mod replay;
mod samples;
mod setting;
mod updates;

pub use actors::{Actors, Play};
pub use alpha_zero::{
    AlphaZeroConfig, EvaluationConfig, Learner, Losses, Network, NetworkConfig, OpeningConfig, OptimConfig,
    Outcome, Rated, SearchConfig, Telling, Trained, losses, train,
};
pub use builtin::builtin;
/// The tensor library whose types this crate's interface names.
pub use burn;
pub use episode::{Episode, Searched};
pub use error::{Error, Result};
pub use evaluator::NetworkEvaluator;
pub use file::{Description, TrainedNetwork};
pub use learnt::{NamedLosses, StepReport};
pub use rating::{Opponent, Rating, rate};
pub use replay::{Positions, Replay};
pub use samples::{Samples, observe_cells_last};
