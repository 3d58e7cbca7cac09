//! Small games whose positions have exact values.

use std::collections::HashMap;

use autodidact_games::{Action, Game, Turn};
use rand::{Rng, RngExt};

/// Exact results of positions, from the side of the player whose turn it is, by their key.
pub(super) type Values = HashMap<u64, i8>;

/// The result of a position when both sides play perfectly, and of all that can follow.
pub(super) fn solve<G: Game>(game: &G, values: &mut Values) -> i8 {
    if game.turn() == Turn::Over {
        return 0;
    }
    if let Some(&value) = values.get(&game.key()) {
        return value;
    }
    let mut actions = Vec::new();
    game.legal_actions(&mut actions);
    let best = actions.into_iter().map(|action| result_of(game, action, values)).max();
    let value = best.expect("a position that is not over has a move");
    values.insert(game.key(), value);
    value
}

/// What a move leads to.
fn result_of<G: Game>(game: &G, action: Action, values: &mut Values) -> i8 {
    let mut after = game.clone();
    let reward = after.play(action) as i8;
    let is_same = after.turn() == game.turn();
    let value = solve(&after, values);
    reward + if is_same { value } else { -value }
}

/// A position, with which of its moves are optimal.
#[derive(Clone, Debug)]
pub(super) struct Position<G> {
    pub game: G,
    /// Of each legal move.
    pub optimal: Vec<bool>,
}

/// Positions after `plies` random moves in which something can be done wrong.
pub(super) fn positions<G: Game>(
    start: &G,
    plies: std::ops::RangeInclusive<usize>,
    count: usize,
    values: &mut Values,
    rng: &mut impl Rng,
) -> Vec<Position<G>> {
    let mut found: Vec<Position<G>> = Vec::with_capacity(count);
    let mut actions = Vec::new();
    while found.len() < count {
        let mut game = start.clone();
        for _ in 0..rng.random_range(plies.clone()) {
            if game.turn() == Turn::Over {
                break;
            }
            let action = game.random_action(rng, &mut actions);
            game.play(action);
        }
        if game.turn() == Turn::Over || found.iter().any(|known| known.game.key() == game.key()) {
            continue;
        }
        let best = solve(&game, values);
        game.legal_actions(&mut actions);
        let optimal: Vec<bool> =
            actions.iter().map(|&action| result_of(&game, action, values) == best).collect();
        if optimal.contains(&false) {
            found.push(Position { game, optimal });
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;
    use autodidact_games::{ConnectFour, Hex, TicTacToe};
    use rand::SeedableRng;
    use rand_chacha::ChaCha8Rng;

    /// Tic-tac-toe is a draw; Hex on 3 × 3 is won by who begins; connect four on 4 × 4 is a draw.
    #[test]
    fn values_are_those_that_are_known() {
        assert_eq!(solve(&TicTacToe::new(), &mut Values::new()), 0);
        assert_eq!(solve(&Hex::new(3, false).expect("a size"), &mut Values::new()), 1);
        assert_eq!(solve(&ConnectFour::new(4, 4).expect("a size"), &mut Values::new()), 0);
    }

    #[test]
    fn positions_have_a_right_and_a_wrong_move() {
        let mut rng = ChaCha8Rng::seed_from_u64(1);
        let found = positions(&TicTacToe::new(), 2..=6, 50, &mut Values::new(), &mut rng);
        for position in found {
            assert!(position.optimal.contains(&true) && position.optimal.contains(&false));
        }
    }
}
