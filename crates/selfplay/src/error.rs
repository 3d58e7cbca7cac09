//! What can go wrong while learning a game: one enum for the crate.

use std::path::PathBuf;

/// Result with this crate's [`Error`].
pub type Result<T> = std::result::Result<T, Error>;

/// What can go wrong while learning a game. Each message says what happened, what was expected and what to do.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// A setting is out of range.
    #[error("`{field}` is {value}, expected {expected}")]
    Setting {
        /// The field, as in the configuration file.
        field: &'static str,
        /// Its value.
        value: String,
        /// The allowed range.
        expected: &'static str,
    },
    /// A game whose results a network of this kind has no numbers for.
    #[error(
        "{game} is a game for one, whose results are points; AlphaZero learns games for two, with wins, draws and losses"
    )]
    ForOne {
        /// The game.
        game: &'static str,
    },
    /// Loss or gradient stopped being numbers.
    #[error("training diverged at step {step}: {losses}; begin a new run with a lower `learning_rate`")]
    Diverged {
        /// The update.
        step: u64,
        /// Its losses by name.
        losses: String,
    },
    /// A checkpoint of another run.
    #[error(
        "the run in `{path}` was made with other settings: {reason}; continue it with its own, or choose another folder"
    )]
    ForeignCheckpoint {
        /// The run.
        path: PathBuf,
        /// The difference.
        reason: String,
    },
    /// Stored games that cannot be.
    #[error("stored games cannot be read: {reason}")]
    Games {
        /// Why not.
        reason: String,
    },
    /// A file that holds no network.
    #[error(
        "`{path}` is no network of a game: {reason}; `plan train` writes one into its run, as `network.safetensors`"
    )]
    NetworkFile {
        /// The file.
        path: PathBuf,
        /// Why not.
        reason: String,
    },
    /// A network of another game.
    #[error(
        "the network is for {trained}, and the game is {given}; choose the game it was trained on, or another network"
    )]
    OtherGame {
        /// What it was trained on.
        trained: String,
        /// What is played.
        given: String,
    },
    /// Runs, checkpoints, metrics.
    #[error(transparent)]
    Experiment(#[from] autodidact_experiment::Error),
    /// The search failed.
    #[error(transparent)]
    Search(#[from] autodidact_mcts::Error),
    /// Playing failed.
    #[error(transparent)]
    Arena(#[from] autodidact_arena::Error),
    /// Networks and tensors.
    #[error(transparent)]
    Network(#[from] autodidact_nn::Error),
    /// The optimizer failed.
    #[error(transparent)]
    Optimizer(#[from] autodidact_optim::Error),
}
