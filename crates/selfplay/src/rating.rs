//! How strong a network plays.

use autodidact_arena::{Contest, Contestant, Elo, Limits, Playable, Recipe, Shared, Tally, contest};
use serde::{Deserialize, Serialize};

use crate::Result;

/// Who the network plays against.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Opponent {
    /// UCT with so many random games a move.
    pub uct_simulations: u32,
}

/// What came of a match.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Rating {
    /// Against whom.
    pub opponent: Opponent,
    /// Simulations of the network's search.
    pub simulations: u32,
    /// Wins, draws and losses of the network.
    #[serde(flatten)]
    pub tally: Tally,
    /// The difference of ratings.
    pub elo: Option<Elo>,
}

/// Plays a match of a network, searched by PUCT, against an opponent.
///
/// # Errors
/// Those of the games and searches.
pub fn rate<G: Playable>(
    start: &G,
    evaluator: &Shared<G>,
    simulations: u32,
    opponent: Opponent,
    settings: &Contest,
) -> Result<Rating> {
    let contestants = [
        Contestant {
            recipe: Recipe::AlphaZero,
            limits: Limits::simulations(simulations),
            evaluator: Some(evaluator.clone()),
        },
        Contestant {
            recipe: Recipe::Uct,
            limits: Limits::simulations(opponent.uct_simulations),
            evaluator: None,
        },
    ];
    let games = contest(start, &contestants, settings, |_| {})?;
    let tally = Tally::of(&games);
    Ok(Rating { opponent, simulations, tally, elo: tally.elo() })
}
