//! What a search needs to know of a game.

use rand::{Rng, RngExt};

use crate::{Error, Result};

/// A move: an index into the game's fixed list of all moves, legal or not, which is also the index into a policy.
pub type Action = u32;

/// Who decides what happens next.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Turn {
    /// The player who began; the only one in a game for one.
    First,
    /// The other player.
    Second,
    /// Nobody: an outcome is drawn from [`Game::chance_outcomes`].
    Chance,
    /// The game has ended.
    Over,
}

/// A position of a game for one player, or for two whose gains sum to zero.
///
/// A position is small and cloned freely; [`play`](Self::play) changes it in place. Rewards are told by the move that
/// earns them, from the side of whoever made it: a board game pays 1 for the move that wins, −1 for one that loses, and
/// 0 otherwise. What a chance outcome pays goes to the player who moved last. The value of a position that is over is 0.
pub trait Game: Clone + Send + Sync {
    /// How many moves the game has in all, legal or not: the length of a policy.
    fn num_actions(&self) -> usize;

    /// Who decides what happens next.
    fn turn(&self) -> Turn;

    /// Puts the legal moves into `actions`, in ascending order, in place of what was there. There is one at least when
    /// it is a player's turn and none otherwise.
    fn legal_actions(&self, actions: &mut Vec<Action>);

    /// Makes a move, or lets a chance outcome happen, and returns its reward.
    ///
    /// # Panics
    /// May panic if the move is not legal; [`try_play`](Self::try_play) answers instead.
    fn play(&mut self, action: Action) -> f32;

    /// Puts the outcomes that chance may take, with their probabilities, into `outcomes`, in place of what was there.
    fn chance_outcomes(&self, outcomes: &mut Vec<(Action, f32)>) {
        outcomes.clear();
    }

    /// Equal for positions from which the game goes on in the same way, different for others but by a rare accident.
    fn key(&self) -> u64;

    /// Whether a move is legal.
    fn is_legal(&self, action: Action) -> bool {
        let mut actions = Vec::new();
        self.legal_actions(&mut actions);
        actions.binary_search(&action).is_ok()
    }

    /// Makes a move if it is legal, and returns its reward.
    ///
    /// # Errors
    /// [`Error::IllegalAction`], with the position as it was.
    fn try_play(&mut self, action: Action) -> Result<f32> {
        if self.is_legal(action) { Ok(self.play(action)) } else { Err(Error::IllegalAction { action }) }
    }

    /// A legal move, each as probable as the others. `scratch` is overwritten.
    ///
    /// # Panics
    /// If it is no player's turn.
    fn random_action(&self, rng: &mut impl Rng, scratch: &mut Vec<Action>) -> Action {
        self.legal_actions(scratch);
        assert!(!scratch.is_empty(), "it is no player's turn");
        scratch[rng.random_range(0..scratch.len())]
    }
}
