//! The end of Othello, played perfectly.

use super::{Discs, Othello};
use crate::bits::{Bits, mix};
use crate::{Action, Game};

/// A referee for the end of Othello, where some 20 cells are empty at most; each further cell takes about three times as
/// long.
///
/// Alpha-beta with null windows on the final difference of discs. While seven or more cells are empty, moves are tried in the
/// order of how few replies they leave, and bounds are kept in a table; below that, cells of regions with an odd number of
/// empty ones come first.
///
/// ```
/// use autodidact_games::Notation;
/// use autodidact_games::othello::{Endgame, Othello};
///
/// // The first problem of the French federation's magazine FFORUM.
/// let game: Othello =
///     "--XXXXX- -OOOXX-O -OOOXXOX -OXOXOXX OXXXOXXX --XOXOXX -XXXOOO- -OOOOO-- X".parse()?;
/// let mut solver = Endgame::default();
/// assert_eq!(solver.score(&game), 18);
/// assert_eq!(solver.scores(&game)[0], (game.parse_action("g8")?, 18));
/// # Ok::<(), autodidact_games::Error>(())
/// ```
#[derive(Clone, Debug)]
pub struct Endgame {
    slots: Vec<Slot>,
}

/// Bounds on the difference that a position ends with, and the move that was best.
#[derive(Clone, Copy, Debug)]
struct Slot {
    discs: Discs,
    least: i8,
    most: i8,
    best: u8,
}

const NOTHING: Slot = Slot { discs: Discs { own: 0, other: 0 }, least: -64, most: 64, best: 64 };

/// Moves are ordered by replies, and bounds kept, from so many empty cells on.
const DEEP: u32 = 7;

/// The four quarters of the board.
const QUARTERS: [u64; 4] =
    [0x0000_0000_0f0f_0f0f, 0x0000_0000_f0f0_f0f0, 0x0f0f_0f0f_0000_0000, 0xf0f0_f0f0_0000_0000];

const CORNERS: u64 = 0x8100_0000_0000_0081;

/// With a table of 2²⁰ slots, which take 24 MiB.
impl Default for Endgame {
    fn default() -> Self {
        Self::with_table_bits(20)
    }
}

impl Endgame {
    /// With a table of `2^bits` slots of 24 bytes.
    ///
    /// # Panics
    /// If `bits` is 48 or more.
    pub fn with_table_bits(bits: u32) -> Self {
        assert!(bits < 48, "a table of 2^{bits} slots fits into no memory");
        Self { slots: vec![NOTHING; 1 << bits] }
    }

    /// The difference of discs that the game ends with, for the player whose turn it is; the winner gets empty cells.
    pub fn score(&mut self, game: &Othello) -> i32 {
        self.exact(game.discs, -64)
    }

    /// Every legal move with the difference that it leads to, best first, equal ones by ascending move.
    pub fn scores(&mut self, game: &Othello) -> Vec<(Action, i32)> {
        let mut actions = Vec::new();
        game.legal_actions(&mut actions);
        let mut scores: Vec<(Action, i32)> = actions
            .into_iter()
            .map(|action| {
                let mut next = *game;
                next.play(action);
                (action, -self.exact(next.discs, 0))
            })
            .collect();
        scores.sort_by_key(|(_, score)| -score);
        scores
    }

    /// The score, found from null windows that start at a guess and follow what they find: MTD(f) (Plaat et al. 1996).
    fn exact(&mut self, discs: Discs, guess: i32) -> i32 {
        let (mut least, mut most, mut bound) = (-64, 64, guess);
        while least < most {
            let alpha = bound.clamp(least + 1, most) - 1;
            bound = self.search(discs, alpha);
            if bound > alpha {
                least = bound;
            } else {
                most = bound;
            }
        }
        least
    }

    /// A lower bound on the score that is more than `alpha`, or an upper one that is not.
    fn search(&mut self, discs: Discs, alpha: i32) -> i32 {
        if discs.empty().count_ones() < DEEP {
            return shallow(discs, alpha);
        }
        let index = self.index(discs);
        let mut slot =
            Some(self.slots[index]).filter(|slot| slot.discs == discs).unwrap_or(Slot { discs, ..NOTHING });
        if i32::from(slot.least) > alpha {
            return slot.least.into();
        }
        if i32::from(slot.most) <= alpha {
            return slot.most.into();
        }
        let moves = discs.moves();
        if moves == 0 {
            let passed = discs.pass();
            return if passed.moves() == 0 { discs.difference() } else { -self.search(passed, -alpha - 1) };
        }
        let (mut score, mut replies) = (-64, Replies::new(discs, moves, slot.best));
        while let Some((cell, next)) = replies.next() {
            let value = -self.search(next, -alpha - 1);
            if value > score {
                score = value;
                slot.best = cell;
            }
            if score > alpha {
                break;
            }
        }
        if score > alpha {
            slot.least = score as i8;
        } else {
            slot.most = score as i8;
        }
        self.slots[index] = slot;
        score
    }

    fn index(&self, discs: Discs) -> usize {
        mix(mix(discs.own).wrapping_add(discs.other)) as usize & (self.slots.len() - 1)
    }
}

/// The positions after each move, those that leave the fewest replies first.
struct Replies {
    sorted: [(u32, u8, Discs); 64],
    left: usize,
}

impl Replies {
    fn new(discs: Discs, moves: u64, best: u8) -> Self {
        let mut replies = Self { sorted: [(0, 0, discs); 64], left: 0 };
        for cell in Bits(moves) {
            let next = discs.play(cell, discs.flips(cell));
            let mobility = next.moves();
            let count = mobility.count_ones() + (mobility & CORNERS).count_ones();
            let rank =
                if cell == u32::from(best) { 0 } else { 1 + 2 * count + u32::from(CORNERS >> cell & 1 == 0) };
            replies.sorted[replies.left] = (rank, cell as u8, next);
            replies.left += 1;
        }
        replies.sorted[..replies.left].sort_unstable_by_key(|(rank, ..)| std::cmp::Reverse(*rank));
        replies
    }

    fn next(&mut self) -> Option<(u8, Discs)> {
        self.left = self.left.checked_sub(1)?;
        let (_, cell, next) = self.sorted[self.left];
        Some((cell, next))
    }
}

/// As [`Endgame::search`], where few cells are empty.
fn shallow(discs: Discs, alpha: i32) -> i32 {
    let moves = discs.moves();
    if moves == 0 {
        let passed = discs.pass();
        return if passed.moves() == 0 { discs.difference() } else { -shallow(passed, -alpha - 1) };
    }
    let empty = discs.empty();
    let odd =
        QUARTERS.iter().filter(|quarter| (empty & **quarter).count_ones() % 2 == 1).fold(0, |all, q| all | q);
    let mut score = -64;
    for cell in Bits(moves & odd).chain(Bits(moves & !odd)) {
        score = score.max(-shallow(discs.play(cell, discs.flips(cell)), -alpha - 1));
        if score > alpha {
            break;
        }
    }
    score
}

#[cfg(test)]
mod tests {
    use rand::SeedableRng;
    use rand_xoshiro::Xoshiro256PlusPlus;

    use super::*;
    use crate::Turn;

    /// The score by going through all games.
    fn minimax(game: &Othello) -> i32 {
        let mut actions = Vec::new();
        game.legal_actions(&mut actions);
        let child = |action| {
            let mut child = *game;
            child.play(action);
            -minimax(&child)
        };
        actions.into_iter().map(child).max().unwrap_or_else(|| game.difference())
    }

    #[test]
    fn scores_are_those_of_all_games() {
        let mut solver = Endgame::with_table_bits(6);
        let (mut scores, mut passes) = (std::collections::BTreeSet::new(), 0);
        for seed in 0..60 {
            let mut rng = Xoshiro256PlusPlus::seed_from_u64(seed);
            let mut game = Othello::default();
            while game.turn() != Turn::Over {
                // From eight empty cells on the table takes part.
                if game.num_empty() <= 5 + usize::from(seed < 6) * 3 {
                    let expected = minimax(&game);
                    assert_eq!(solver.score(&game), expected, "{game}");
                    let moves = solver.scores(&game);
                    assert_eq!(moves[0].1, expected);
                    assert!(moves.is_sorted_by_key(|(action, score)| (-score, *action)));
                    for (action, score) in moves {
                        let mut child = game;
                        child.play(action);
                        assert_eq!(score, -minimax(&child));
                        passes += usize::from(action == Othello::PASS);
                    }
                    scores.insert(expected);
                }
                game.play(game.random_action(&mut rng, &mut Vec::new()));
            }
            assert_eq!(solver.score(&game), game.difference());
            assert_eq!(solver.scores(&game), []);
        }
        assert!(scores.len() > 20 && passes > 10, "{} scores, {passes} passes", scores.len());
    }
}
