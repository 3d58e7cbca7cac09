//! What a network sees of a game.

use crate::{Action, Game};

/// A game whose positions a network can see.
///
/// An observation is seen by the player whose turn it is: that player's stones come first.
pub trait Observe: Game {
    /// Channels, height and width of an observation.
    fn observation_shape(&self) -> [usize; 3];

    /// Writes the observation, `[channels, height, width]`, into `planes`.
    ///
    /// # Panics
    /// If `planes` has another length.
    fn observe(&self, planes: &mut [f32]);

    /// How many symmetries the board has, the identity among them.
    fn num_symmetries(&self) -> usize {
        1
    }

    /// The cell, as `row * width + column`, on which a symmetry puts a cell; symmetry 0 leaves all where they are.
    fn map_cell(&self, _symmetry: usize, cell: usize) -> usize {
        cell
    }

    /// The move that a move becomes by a symmetry.
    fn map_action(&self, _symmetry: usize, action: Action) -> Action {
        action
    }
}
