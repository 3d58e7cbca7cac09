//! What can go wrong in a search: one enum for the crate.

use autodidact_games::Action;

/// Result with this crate's [`Error`].
pub type Result<T> = std::result::Result<T, Error>;

/// What can go wrong in a search. Each message says what happened and what was expected.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// A setting is out of its range.
    #[error("`{name}` is {value}, expected {expected}")]
    Setting {
        /// The setting.
        name: &'static str,
        /// Its value.
        value: f64,
        /// The values that it may have.
        expected: &'static str,
    },

    /// Slices that belong together have different lengths.
    #[error("`{name}` has {found} entries, expected {expected}")]
    Length {
        /// The slice.
        name: &'static str,
        /// Its length.
        found: usize,
        /// The length that it needs.
        expected: usize,
    },

    /// A policy that is none.
    #[error(
        "the policy of an evaluation sums to {sum} over {count} legal actions, expected numbers of 0 or more that sum to 1"
    )]
    Policy {
        /// What it sums to; NaN if one of its numbers is none, or below zero.
        sum: f32,
        /// The number of legal actions.
        count: usize,
    },

    /// An evaluation has a number that is none.
    #[error("the {name} of an evaluation is {value}, expected a finite number")]
    NotFinite {
        /// What the number is.
        name: &'static str,
        /// The number.
        value: f32,
    },

    /// A position in which a player has no move and which is not over.
    #[error("a position that is not over has no legal action; a game without a move has ended, or passes")]
    NoActions,

    /// A position from which there is nothing to search.
    #[error("the game is over, so there is no move to search for")]
    Over,

    /// A position in which nobody decides.
    #[error("it is chance's turn, so there is no move to search for; go on to the position after an outcome")]
    Chance,

    /// A move that the root does not have.
    #[error("action {action} is not legal at the root of the search")]
    UnknownAction {
        /// The move.
        action: Action,
    },

    /// An evaluator failed for a reason of its own.
    #[error("the evaluation failed: {0}")]
    Evaluator(String),
}
