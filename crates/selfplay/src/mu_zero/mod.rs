//! MuZero (Schrittwieser et al. 2020, "Mastering Atari, Go, chess and shogi by planning with a learned model"): the rules are not known but learnt, as a
//! model in which moves are searched.
//!
//! The search is any recipe of `autodidact-mcts`. Left out: prioritised replay, symmetries of boards, and several past observations as one.

mod checkpoint;
mod config;
mod environments;
mod file;
mod loss;
mod measure;
mod model;
mod network;
mod reanalyse;
mod run;
mod samples;
mod step;
mod support;
mod task;
mod trajectory;

pub use config::{EvaluationConfig, MuZeroConfig, SearchConfig};
pub use environments::Environments;
pub use file::{Description, TrainedNetwork};
pub use loss::{Sequences, Targets, losses};
pub use measure::{Measured, compete, returns};
pub use model::{Hidden, NetworkModel};
pub use network::{Head, Network, NetworkConfig, Trunk};
pub use reanalyse::reanalyse;
pub use run::{Measurement, Outcome, Telling, Trained, train};
pub use samples::{Samples, Unrolling};
pub use step::{Learner, Losses};
pub use support::{Support, scale, unscale};
pub use task::Task;
pub use trajectory::Trajectory;
