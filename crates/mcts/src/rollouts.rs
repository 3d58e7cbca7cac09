//! Evaluation by playing to the end at random.

use autodidact_games::{Action, Game, Turn};
use rand::{Rng, RngExt, SeedableRng};
use rand_xoshiro::Xoshiro256PlusPlus;

use crate::evaluator::{Batch, Evaluator};
use crate::{Error, Result};

/// A position is worth the mean result of random games from it, and no move is preferred.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Rollouts {
    /// Random games from each position.
    pub games: u32,
    /// Moves after which a game is given up, with what was earned until then.
    pub longest: u32,
}

impl Default for Rollouts {
    /// One game, as long as it takes.
    fn default() -> Self {
        Self { games: 1, longest: u32::MAX }
    }
}

impl<G: Game> Evaluator<G> for Rollouts {
    fn evaluate(&self, batch: &mut Batch<G>) -> Result<()> {
        if self.games == 0 {
            return Err(Error::Setting { name: "games", value: 0.0, expected: "one or more" });
        }
        let (mut scratch, mut outcomes) = (Vec::new(), Vec::new());
        for index in 0..batch.len() {
            let mut rng = Xoshiro256PlusPlus::seed_from_u64(batch.seed(index));
            let sum: f32 = (0..self.games)
                .map(|_| self.play(batch.game(index).clone(), &mut rng, &mut scratch, &mut outcomes))
                .sum();
            batch.set_uniform(index, sum / self.games as f32);
        }
        Ok(())
    }
}

impl Rollouts {
    /// What a random game earns the player whose turn it is.
    fn play<G: Game>(
        self,
        mut game: G,
        rng: &mut impl Rng,
        scratch: &mut Vec<Action>,
        outcomes: &mut Vec<(Action, f32)>,
    ) -> f32 {
        let side = game.turn();
        let mut mover = side;
        let mut earned = 0.0;
        for _ in 0..self.longest {
            let action = match game.turn() {
                Turn::Over => break,
                Turn::Chance => {
                    game.chance_outcomes(outcomes);
                    drawn(outcomes, rng)
                }
                turn => {
                    mover = turn;
                    game.random_action(rng, scratch)
                }
            };
            let reward = game.play(action);
            earned += if mover == side { reward } else { -reward };
        }
        earned
    }
}

/// An outcome in proportion to its probability.
pub(crate) fn drawn(outcomes: &[(Action, f32)], rng: &mut impl Rng) -> Action {
    let mut level = rng.random::<f32>();
    for (action, probability) in outcomes {
        level -= probability;
        if level < 0.0 {
            return *action;
        }
    }
    outcomes.last().expect("chance has an outcome").0
}
