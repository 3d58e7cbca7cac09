//! AlphaZero (Silver et al. 2018): games against itself, searched with the network that learns from them.
//!
//! The search is any recipe of `autodidact-mcts`; what the policy learns is what the recipe says (visits, π̄, or the improved policy).

mod checkpoint;
mod config;
mod loss;
mod network;
mod run;
mod step;

pub(crate) use config::learning;
pub use config::{AlphaZeroConfig, EvaluationConfig, OpeningConfig, OptimConfig, SearchConfig};
pub use loss::losses;
pub use network::{Network, NetworkConfig};
pub use run::{Outcome, Rated, Telling, Trained, train};
pub use step::{Learner, Losses};
