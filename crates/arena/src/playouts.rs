//! Random games of Go that end.

use autodidact_games::{Game, Go, Turn};
use autodidact_mcts::{Batch, Evaluator};
use rand::SeedableRng;
use rand_xoshiro::Xoshiro256PlusPlus;

/// A position of Go is worth the mean result of random games in which nobody fills an eye of their own, and no move is
/// preferred.
///
/// Uniformly drawn moves fill eyes, so that whoever is alive dies at random. A game is scored as it stands after three moves
/// for each point of the board, should it go on in circles.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct GoPlayouts {
    /// Random games from each position, one or more.
    pub games: u32,
}

impl Evaluator<Go> for GoPlayouts {
    fn evaluate(&self, batch: &mut Batch<Go>) -> autodidact_mcts::Result<()> {
        for index in 0..batch.len() {
            let mut rng = Xoshiro256PlusPlus::seed_from_u64(batch.seed(index));
            let sum: f32 = (0..self.games.max(1)).map(|_| play(batch.game(index).clone(), &mut rng)).sum();
            batch.set_uniform(index, sum / self.games.max(1) as f32);
        }
        Ok(())
    }
}

/// What a random game earns the player whose turn it is.
fn play(mut game: Go, rng: &mut Xoshiro256PlusPlus) -> f32 {
    let side = game.turn();
    for _ in 0..3 * game.size() * game.size() {
        if game.turn() == Turn::Over {
            break;
        }
        let action = game.random_action_outside_eyes(rng);
        game.play(action);
    }
    let score = if side == Turn::First { game.score() } else { -game.score() };
    if score == 0.0 { 0.0 } else { score.signum() }
}
