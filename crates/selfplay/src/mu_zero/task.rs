//! What is to be learnt.

use autodidact_arena::Playable;
use autodidact_experiment::rng::Stream;
use autodidact_games::{Action, Balance, Game, Observe, Turn, cart_pole};
use rand::RngExt;

use crate::chance::outcome;

/// A game as somebody meets it who does not know its rules: positions are seen, moves are made, rewards come, and an episode ends.
///
/// What is told beyond that is which moves are legal in the position to move in, and whether the game is one for two, whose moves alternate and
/// whose gains sum to zero.
#[derive(Clone, Debug)]
pub struct Task<G> {
    /// Its name, in files and messages.
    pub name: String,
    /// A position from which it may begin.
    pub start: G,
    /// Whether it is a game for two.
    pub is_for_two: bool,
    /// The beginning of an episode, drawn from where the task may begin.
    pub begin: fn(&G, &mut Stream) -> G,
}

impl<G: Playable> Task<G> {
    /// A game that always begins at `start`.
    pub fn game(start: G) -> Self {
        Self {
            name: G::NAME.name().to_owned(),
            start,
            is_for_two: G::IS_FOR_TWO,
            begin: |start, _| start.clone(),
        }
    }
}

impl Task<Balance> {
    /// To keep a pole upright on a cart.
    pub fn balance() -> Self {
        Self {
            name: "balance".to_owned(),
            start: Balance::new(cart_pole::State { angle: 0.0, ..cart_pole::State::default() }),
            is_for_two: false,
            begin: |_, rng| Balance::drawn(rng),
        }
    }
}

impl<G: Observe> Task<G> {
    /// The name with the size of what is seen of it.
    pub(super) fn full_name(&self) -> String {
        format!("{} {:?}", self.name, self.start.observation_shape())
    }

    /// What values after a move count before it: γ, and −γ where the other player moves next.
    pub(super) fn signed_discount(&self, discount: f32) -> f32 {
        if self.is_for_two { -discount } else { discount }
    }

    /// A beginning at which a player is to move, after so many random moves at most.
    pub(super) fn begin(&self, random_moves: u32, rng: &mut Stream) -> G {
        let mut scratch = Vec::new();
        let wanted = rng.random_range(0..=random_moves);
        for attempt in 0.. {
            let mut game = (self.begin)(&self.start, rng);
            settle_chance(&mut game, rng);
            // Where random moves end the game again and again, it begins without them.
            let moves = if attempt < OPENINGS { wanted } else { 0 };
            for _ in 0..moves {
                if game.turn() == Turn::Over {
                    break;
                }
                let action = game.random_action(rng, &mut scratch);
                step(&mut game, action, rng);
            }
            if game.turn() != Turn::Over {
                return game;
            }
        }
        unreachable!("attempts without random moves end at the start, where the game is not over")
    }
}

/// Openings that are drawn before one that ends the game is given up.
const OPENINGS: u32 = 100;

/// Makes a player's move and lets chance answer; what both earn goes to the player.
pub(super) fn step<G: Game>(game: &mut G, action: Action, rng: &mut Stream) -> f32 {
    game.play(action) + settle_chance(game, rng)
}

/// Lets chance have its turns.
fn settle_chance<G: Game>(game: &mut G, rng: &mut Stream) -> f32 {
    let mut outcomes = Vec::new();
    let mut reward = 0.0;
    while game.turn() == Turn::Chance {
        let action = outcome(game, rng, &mut outcomes);
        reward += game.play(action);
    }
    reward
}
