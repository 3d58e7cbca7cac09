//! Games that were played, and what searches found in them.

use autodidact_games::{Action, Game, Turn};
use serde::{Deserialize, Serialize};

/// What a search found in one position of a game.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Searched {
    /// Moves that were made before it.
    pub ply: u32,
    /// Whether the policy is to be learnt; a quick search only chose the move.
    pub is_full: bool,
    /// The legal moves.
    pub actions: Vec<Action>,
    /// The policy to learn, `[legal actions]`.
    pub policy: Vec<f32>,
    /// The mean return of the root, from the side of the player to move.
    pub value: f32,
    /// The result from there with perfect play, where the search proved it.
    pub proven: Option<f32>,
}

/// A game from its start to its end.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Episode {
    /// Every move, and every outcome of chance.
    pub actions: Vec<Action>,
    /// What was searched, in the order of the game.
    pub searched: Vec<Searched>,
    /// What the game earned the player who began.
    pub result: f32,
}

impl Episode {
    /// The position of a search, where the game began from `start`.
    ///
    /// # Panics
    /// If the moves are not those of a game from there.
    pub fn position<G: Game>(&self, start: &G, searched: &Searched) -> G {
        let mut game = start.clone();
        for action in &self.actions[..searched.ply as usize] {
            game.play(*action);
        }
        game
    }

    /// What the value of a position is to learn, from the side of the player to move: the result of the game, of which
    /// `value_mix` is replaced by what the search expected; what was proven, where it was.
    pub fn value_target(&self, searched: &Searched, turn: Turn, value_mix: f32) -> f32 {
        if let Some(proven) = searched.proven {
            return proven;
        }
        let result = if turn == Turn::Second { -self.result } else { self.result };
        result + value_mix * (searched.value - result)
    }

    /// That the moves can be made from `start` and that every search belongs to a position.
    ///
    /// # Errors
    /// What is wrong.
    pub fn check<G: Game>(&self, start: &G) -> Result<(), String> {
        let mut game = start.clone();
        let mut searched = self.searched.iter().peekable();
        let mut legal = Vec::new();
        let mut outcomes = Vec::new();
        for (ply, action) in self.actions.iter().enumerate() {
            game.legal_actions(&mut legal);
            if let Some(next) = searched.next_if(|next| next.ply as usize == ply)
                && (next.actions != legal || next.policy.len() != legal.len())
            {
                return Err(format!("the search before move {} is of another position", ply + 1));
            }
            game.chance_outcomes(&mut outcomes);
            if !legal.contains(action) && !outcomes.iter().any(|outcome| outcome.0 == *action) {
                return Err(format!("move {} of a game is not legal", ply + 1));
            }
            game.play(*action);
        }
        match searched.next() {
            Some(left) => Err(format!("there is a search after move {}, which was not made", left.ply)),
            None => Ok(()),
        }
    }
}
