//! What can go wrong with a game: one enum for the crate.

use crate::Action;

/// Result with this crate's [`Error`].
pub type Result<T> = std::result::Result<T, Error>;

/// What can go wrong with a game. Each message says what happened and what was expected.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// A move that the rules do not allow here.
    #[error("move {action} is not legal in this position")]
    IllegalAction {
        /// The move.
        action: Action,
    },

    /// A text that names no move or describes no position.
    #[error("cannot read `{text}`: {reason}")]
    Notation {
        /// The text.
        text: String,
        /// What is wrong with it, and what was expected.
        reason: String,
    },

    /// A size that the game cannot have.
    #[error("a board of {width} × {height} cannot be; {expected}")]
    Size {
        /// The number of columns.
        width: usize,
        /// The number of rows.
        height: usize,
        /// The sizes that can be.
        expected: &'static str,
    },

    /// A setting is out of its range.
    #[error("`{name}` is {value}, expected {expected}")]
    Setting {
        /// The setting.
        name: &'static str,
        /// Its value.
        value: String,
        /// The values that it may have.
        expected: &'static str,
    },
}
