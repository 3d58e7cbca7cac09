//! What can go wrong around a game: one enum for the crate.

use std::io;

/// Result with this crate's [`Error`].
pub type Result<T> = std::result::Result<T, Error>;

/// What can go wrong around a game. Each message says what happened, what was expected and what to do.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// A name that nothing has.
    #[error("there is no {what} `{name}`{nearest}; choose one of: {all}")]
    Unknown {
        /// What should have the name.
        what: &'static str,
        /// The name.
        name: String,
        /// ` (did you mean …?)`, or nothing.
        nearest: String,
        /// All names.
        all: String,
    },

    /// A text that is no size of a board.
    #[error("`{text}` is no size of a board; write rows, such as 9, or columns and rows, such as 7x6")]
    Size {
        /// The text.
        text: String,
    },

    /// A setting that the game does not have.
    #[error("{game} has no {setting}; {instead}")]
    NotOfGame {
        /// The game.
        game: &'static str,
        /// The setting.
        setting: &'static str,
        /// What to do.
        instead: &'static str,
    },

    /// A move that cannot be made.
    #[error("move {number}, `{name}`, cannot be played: {reason}")]
    Move {
        /// Its number in the sequence, from 1.
        number: usize,
        /// What was given.
        name: String,
        /// Why not, and what can be.
        reason: String,
    },

    /// A position from which there is nothing to search.
    #[error("the game is over ({result}), so there is no move to search for; give fewer moves")]
    Over {
        /// How it ended.
        result: String,
    },

    /// A game in which nobody meets anybody.
    #[error("{game} is a game for one, which has no {what}; choose a game for two")]
    ForOne {
        /// The game.
        game: &'static str,
        /// What it has not.
        what: &'static str,
    },

    /// A line that is no solved position.
    #[error(
        "line {line} is no solved position: {reason}; a line is the columns that were played and the score, such as `4453 1`"
    )]
    Problem {
        /// The line, from 1.
        line: usize,
        /// Why not.
        reason: String,
    },

    /// A number is out of its range.
    #[error("`{name}` is {value}, expected {expected}")]
    Setting {
        /// The setting.
        name: &'static str,
        /// Its value.
        value: u64,
        /// The values that it may have.
        expected: &'static str,
    },

    /// A rule of a game.
    #[error(transparent)]
    Game(#[from] autodidact_games::Error),

    /// The search failed.
    #[error(transparent)]
    Search(#[from] autodidact_mcts::Error),

    /// Reading or writing failed.
    #[error("cannot read or write: {0}")]
    Io(#[from] io::Error),

    /// The threads could not be started.
    #[error("cannot start {jobs} threads: {reason}")]
    Threads {
        /// How many.
        jobs: usize,
        /// Why not.
        reason: String,
    },
}
