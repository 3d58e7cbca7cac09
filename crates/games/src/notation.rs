//! How people write a game down.

use crate::{Action, Game, Result};

/// A game with names for its moves and a way to write its positions.
///
/// `Display` draws the board.
pub trait Notation: Game + std::fmt::Display {
    /// The name of a move in this position, as people write it.
    fn action_name(&self, action: Action) -> String;

    /// The legal move that a name means in this position.
    ///
    /// # Errors
    /// [`Error::Notation`](crate::Error::Notation) for what is no move's name, [`Error::IllegalAction`](crate::Error::IllegalAction)
    /// for a move that is not legal here.
    fn parse_action(&self, name: &str) -> Result<Action>;
}
