//! Perfect play: the exact score of any position.

use super::table::Table;
use super::{ConnectFour, position_key};
use crate::{Action, Game};

/// A referee for connect four on any board.
///
/// Alpha-beta after the method that P. Pons describes in *Solving Connect 4: how to build a perfect AI*
/// (<http://blog.gamesolver.org>): only moves that do not lose at once are searched, those that make most threats first, in
/// null windows that halve the range of scores, with a table of bounds that knows mirror images. It keeps the table from one position to the next.
///
/// A score is 0 for a draw. If the player whose turn it is wins with their k-th stone, it is 22 − k on the board of 7 × 6, and
/// −(22 − k) if the opponent does: the sooner, the further from 0. On other boards it is half the number of cells that were
/// empty before the last stone fell, rounded up.
///
/// ```
/// use autodidact_games::connect_four::{ConnectFour, Solver};
///
/// let mut solver = Solver::default();
/// let game: ConnectFour = "2252576253462244111563365343671351441".parse()?;
/// assert_eq!(solver.score(&game), -1);
/// assert_eq!(solver.outcome(&game), -1);
/// # Ok::<(), autodidact_games::Error>(())
/// ```
#[derive(Clone, Debug)]
pub struct Solver {
    size: [u8; 2],
    table: Table,
}

/// With a table of 2¹⁹ slots, which take 4 MiB: larger ones save some of the search and lose more by waiting for memory.
impl Default for Solver {
    fn default() -> Self {
        Self::with_table_bits(19)
    }
}

impl Solver {
    /// With a table of `2^bits` slots of eight bytes.
    ///
    /// # Panics
    /// If `bits` is not between 8 and 47.
    pub fn with_table_bits(bits: u32) -> Self {
        Self { size: [0; 2], table: Table::new(bits) }
    }

    /// The exact score for the player whose turn it is. Where the game is over, that of the result.
    pub fn score(&mut self, game: &ConnectFour) -> i32 {
        self.search(game, i32::MIN, i32::MAX)
    }

    /// 1 if the player whose turn it is can win, −1 if the opponent can, 0 if it is a draw: found sooner than the score.
    pub fn outcome(&mut self, game: &ConnectFour) -> i32 {
        self.search(game, -1, 1).signum()
    }

    /// The moves that keep the best score, in ascending order; none where the game is over.
    pub fn optimal_actions(&mut self, game: &ConnectFour) -> Vec<Action> {
        let best = self.score(game);
        self.actions_of(game, best, |solver, child| -solver.search(child, -best, 1 - best))
    }

    /// The moves that keep the outcome, in ascending order; none where the game is over.
    pub fn optimal_outcome_actions(&mut self, game: &ConnectFour) -> Vec<Action> {
        let best = self.outcome(game);
        self.actions_of(game, best, |solver, child| -solver.outcome(child))
    }

    /// Whether a legal move keeps the outcome, which is 1, 0 or −1.
    pub fn keeps_outcome(&mut self, game: &ConnectFour, action: Action, outcome: i32) -> bool {
        // What is lost stays lost.
        outcome < 0 || {
            let mut child = *game;
            child.play(action);
            -self.search(&child, -outcome, 1 - outcome) >= outcome
        }
    }

    /// Whether a legal move keeps the best score.
    pub fn keeps_score(&mut self, game: &ConnectFour, action: Action, score: i32) -> bool {
        let mut child = *game;
        child.play(action);
        -self.search(&child, -score, 1 - score) >= score
    }

    /// The moves whose value for the mover is `best` or more.
    fn actions_of(
        &mut self,
        game: &ConnectFour,
        best: i32,
        mut value: impl FnMut(&mut Self, &ConnectFour) -> i32,
    ) -> Vec<Action> {
        let mut actions = Vec::new();
        game.legal_actions(&mut actions);
        actions.retain(|action| {
            let mut child = *game;
            child.play(*action);
            value(self, &child) >= best
        });
        actions
    }

    /// The score if it lies between the bounds, else a number beyond the bound that it lies beyond.
    fn search(&mut self, game: &ConnectFour, lower: i32, upper: i32) -> i32 {
        // One copy of the search for each height, in which shifts are by constants.
        macro_rules! by_height {
            ($($height:literal)*) => {
                match game.height {
                    $($height => self.search_with::<$height>(game, lower, upper),)*
                    height => unreachable!("no board of four columns has {height} rows"),
                }
            };
        }
        by_height!(1 2 3 4 5 6 7 8 9 10 11 12 13 14 15)
    }

    fn search_with<const HEIGHT: u32>(&mut self, game: &ConnectFour, lower: i32, upper: i32) -> i32 {
        let size = [game.width, game.height];
        if self.size != size {
            self.table.clear();
            self.size = size;
        }
        let empty = i32::from(game.num_cells() - game.played);
        if game.is_won {
            return -(empty + 2) / 2;
        }
        let node = Node { own: game.own, stones: game.stones, empty };
        let board = Board::<HEIGHT>::new(game);
        if empty > 0 && board.wins(node.own, node.stones) & board.reachable(node.stones) != 0 {
            return (empty + 1) / 2;
        }
        let (mut least, mut most) = ((-empty / 2).max(lower), ((empty + 1) / 2).min(upper));
        while least < most {
            let middle = least + (most - least) / 2;
            // Scores far from zero are ruled out quickly, and are asked for first.
            let bound = if middle <= 0 && least / 2 < middle {
                least / 2
            } else if middle >= 0 && most / 2 > middle {
                most / 2
            } else {
                middle
            };
            let value = self.negamax(&board, node, bound, bound + 1);
            if value <= bound {
                most = value;
            } else {
                least = value;
            }
        }
        least
    }

    /// A bound that settles on which side of the window the score lies, where the player does not win at once: a lower one
    /// if it is `beta` or more, an upper one if it is `alpha` or less.
    fn negamax<const HEIGHT: u32>(
        &mut self,
        board: &Board<HEIGHT>,
        node: Node,
        mut alpha: i32,
        mut beta: i32,
    ) -> i32 {
        let moves = board.moves_that_do_not_lose(&node);
        if moves == 0 {
            return -(node.empty / 2);
        }
        if node.empty <= 2 {
            return 0;
        }
        // The opponent cannot win with the next stone, nor the player with this one.
        let least = -((node.empty - 2) / 2);
        if alpha < least {
            alpha = least;
            if alpha >= beta {
                return alpha;
            }
        }
        let mut most = (node.empty - 1) / 2;
        let key = board.key(&node);
        // 1 … 2 LIMIT are upper bounds, those above lower ones.
        let is_kept = node.empty >= KEPT;
        match if is_kept { i32::from(self.table.get(key)) } else { 0 } {
            0 => {}
            bound if bound > 2 * LIMIT => {
                let known = bound - 3 * LIMIT;
                if alpha < known {
                    alpha = known;
                    if alpha >= beta {
                        return alpha;
                    }
                }
            }
            bound => most = most.min(bound - LIMIT),
        }
        if beta > most {
            beta = most;
            if alpha >= beta {
                return beta;
            }
        }
        let ordered = Ordered::new(board, &node, moves);
        if node.empty > LOOK_AHEAD {
            // A reply that is known to be good enough saves the search of the others.
            for stone in &ordered.stones[..ordered.left] {
                let known = i32::from(self.table.get(board.key(&node.play(*stone))));
                if (1..=2 * LIMIT).contains(&known) && LIMIT - known >= beta {
                    return LIMIT - known;
                }
            }
        }
        for stone in ordered {
            let value = -self.negamax(board, node.play(stone), -beta, -alpha);
            if value >= beta {
                if is_kept {
                    self.table.put(key, (value + 3 * LIMIT) as u8);
                }
                return value;
            }
            alpha = alpha.max(value);
        }
        if is_kept {
            self.table.put(key, (alpha + LIMIT) as u8);
        }
        alpha
    }
}

/// More than any score of a board of 63 cells, so that both kinds of bounds fit into a byte.
const LIMIT: i32 = 40;

/// From so many empty cells on, a position and its mirror image are the same to the table.
const MIRRORED: i32 = 20;

/// With more empty cells than so many, all replies are looked up before the first is searched.
const LOOK_AHEAD: i32 = 10;

/// Bounds are kept of positions with so many empty cells at least; smaller ones are searched sooner than looked up.
const KEPT: i32 = 8;

/// A position in the search.
#[derive(Clone, Copy)]
struct Node {
    own: u64,
    stones: u64,
    empty: i32,
}

impl Node {
    fn play(self, stone: u64) -> Self {
        Self { own: self.own ^ self.stones, stones: self.stones | stone, empty: self.empty - 1 }
    }
}

/// What a search needs to know of a board's size.
struct Board<const HEIGHT: u32> {
    cells: u64,
    bottom: u64,
    /// The columns, those in the middle first.
    columns: [u64; 32],
    width: usize,
}

impl<const HEIGHT: u32> Board<HEIGHT> {
    fn new(game: &ConnectFour) -> Self {
        let width = game.width();
        let mut columns = [0; 32];
        for (index, mask) in columns[..width].iter_mut().enumerate() {
            let aside = index.div_ceil(2);
            let column = if index % 2 == 0 { width / 2 + aside } else { width / 2 - aside };
            *mask = game.column_mask(column as Action);
        }
        Self { cells: game.board(), bottom: game.bottom(), columns, width }
    }

    /// The number of a position; while many cells are empty, that of its mirror image is the same.
    fn key(&self, node: &Node) -> u64 {
        let key = position_key(node.own, node.stones);
        if node.empty < MIRRORED { key } else { key.min(self.mirrored(key)) }
    }

    /// The key of the mirror image.
    fn mirrored(&self, key: u64) -> u64 {
        let bits = HEIGHT + 1;
        let column = (1 << bits) - 1;
        (0..self.width as u32).fold(0, |image, index| image << bits | key >> (index * bits) & column)
    }

    /// The cells onto which a stone can fall.
    fn reachable(&self, stones: u64) -> u64 {
        (stones + self.bottom) & self.cells
    }

    /// The empty cells that would complete four of these stones.
    fn wins(&self, own: u64, stones: u64) -> u64 {
        let mut wins = own << 1 & own << 2 & own << 3;
        for step in HEIGHT..=HEIGHT + 2 {
            let pairs = own << step & own << (2 * step);
            wins |= pairs & own << (3 * step) | pairs & own >> step;
            let pairs = own >> step & own >> (2 * step);
            wins |= pairs & own << step | pairs & own >> (3 * step);
        }
        wins & (self.cells ^ stones)
    }

    /// The moves after which the opponent cannot win with the next stone, where the player cannot win with this one.
    fn moves_that_do_not_lose(&self, node: &Node) -> u64 {
        let reachable = self.reachable(node.stones);
        let threats = self.wins(node.own ^ node.stones, node.stones);
        let forced = reachable & threats;
        let allowed = match forced.count_ones() {
            0 => reachable,
            1 => forced,
            _ => return 0,
        };
        // Nor does a stone go below a cell where the opponent wins.
        allowed & !(threats >> 1)
    }
}

/// The moves of a position, those that make most threats first and those nearer to the middle before others.
struct Ordered {
    stones: [u64; 32],
    left: usize,
}

impl Ordered {
    fn new<const HEIGHT: u32>(board: &Board<HEIGHT>, node: &Node, moves: u64) -> Self {
        let mut ordered = Self { stones: [0; 32], left: 0 };
        let mut threats = [0; 32];
        for column in board.columns[..board.width].iter().rev() {
            let stone = moves & column;
            if stone == 0 {
                continue;
            }
            let count = board.wins(node.own | stone, node.stones).count_ones();
            let mut at = ordered.left;
            while at > 0 && threats[at - 1] > count {
                ordered.stones[at] = ordered.stones[at - 1];
                threats[at] = threats[at - 1];
                at -= 1;
            }
            ordered.stones[at] = stone;
            threats[at] = count;
            ordered.left += 1;
        }
        ordered
    }
}

impl Iterator for Ordered {
    type Item = u64;

    fn next(&mut self) -> Option<u64> {
        self.left = self.left.checked_sub(1)?;
        Some(self.stones[self.left])
    }
}

#[cfg(test)]
mod tests {
    use std::collections::HashMap;

    use super::*;
    use crate::Turn;

    /// The score by going through all games.
    fn minimax(game: &ConnectFour, known: &mut HashMap<ConnectFour, i32>) -> i32 {
        if let Some(score) = known.get(game) {
            return *score;
        }
        let empty = i32::from(game.num_cells()) - game.num_stones() as i32;
        let score = match game.turn() {
            // The winner's last stone fell onto one of `empty + 1` cells.
            Turn::Over => {
                if game.is_won {
                    -(empty / 2 + 1)
                } else {
                    0
                }
            }
            _ => {
                children(game).iter().map(|(_, child)| -minimax(child, known)).max().expect("there is a move")
            }
        };
        known.insert(*game, score);
        score
    }

    fn children(game: &ConnectFour) -> Vec<(Action, ConnectFour)> {
        let mut actions = Vec::new();
        game.legal_actions(&mut actions);
        let child = |action| {
            let mut child = *game;
            child.play(action);
            (action, child)
        };
        actions.into_iter().map(child).collect()
    }

    /// Every position of small boards, of an even and an odd number of cells.
    #[test]
    fn scores_and_moves_are_those_of_all_games() {
        for (width, height) in [(4, 4), (4, 3), (5, 3)] {
            let mut known = HashMap::new();
            minimax(&ConnectFour::new(width, height).expect("a size that can be"), &mut known);
            let mut solver = Solver::with_table_bits(12);
            for (index, (game, score)) in known.iter().enumerate() {
                assert_eq!(solver.score(game), *score, "{game}");
                assert_eq!(solver.outcome(game), score.signum(), "{game}");
                if index % 16 == 0 {
                    let children = children(game);
                    let keep = |good: &dyn Fn(i32) -> bool| -> Vec<Action> {
                        children
                            .iter()
                            .filter(|(_, child)| good(-known[child]))
                            .map(|(action, _)| *action)
                            .collect()
                    };
                    assert_eq!(solver.optimal_actions(game), keep(&|value| value == *score), "{game}");
                    let outcomes = solver.optimal_outcome_actions(game);
                    assert_eq!(outcomes, keep(&|value| value.signum() == score.signum()), "{game}");
                }
            }
        }
    }

    #[test]
    fn mirror_images_share_a_key_while_cells_are_many() {
        for (moves, image) in [("4", "4"), ("1", "7"), ("1123456", "7765432"), ("44367", "44521")] {
            let [game, image] = [moves, image].map(|moves| moves.parse::<ConnectFour>().expect("a game"));
            let board = Board::<6>::new(&game);
            let key =
                |game: &ConnectFour, empty| board.key(&Node { own: game.own, stones: game.stones, empty });
            assert_eq!(key(&game, MIRRORED), key(&image, MIRRORED));
            assert_eq!(
                board.mirrored(position_key(game.own, game.stones)),
                position_key(image.own, image.stones)
            );
            assert_eq!(key(&game, MIRRORED - 1) == key(&image, MIRRORED - 1), game == image);
        }
    }

    /// Draws and a win, from J. Tromp's table of results by size (<https://tromp.github.io/c4/c4.html>).
    #[test]
    fn small_boards_end_as_published() {
        for (width, height, outcome) in [(4, 4, 0), (5, 4, 0), (4, 5, 0), (5, 5, 0), (6, 4, -1)] {
            let game = ConnectFour::new(width, height).expect("a size that can be");
            assert_eq!(Solver::with_table_bits(20).outcome(&game), outcome, "{width} × {height}");
        }
    }
}
