//! 2048: a game for one against chance.

use std::fmt;
use std::str::FromStr;
use std::sync::LazyLock;

use rand::{Rng, RngExt};

use crate::bits::{Bits, mix, random_bit};
use crate::{Action, Error, Game, Notation, Observe, Result, Turn, square, symmetry};

/// The game in which tiles are shifted, and equal ones that meet become one of twice the number (G. Cirulli 2014).
///
/// The player's moves are the four directions, `up` (0), `right`, `down` and `left`; a move is legal if it changes the board. Its
/// reward is the sum of the tiles that it makes. Then [chance](Turn::Chance) puts a tile onto an empty cell: the outcome
/// `2 * cell` a 2, with a probability of 0.9 in all, `2 * cell + 1` a 4; they are named by number and cell, `2@b3`. A game
/// begins with two such tiles on an empty board.
///
/// A position in which it is the player's turn is read from 16 numbers, row by row, with 0 for an empty cell. Tiles end at
/// 32768: two of them do not become one.
///
/// ```
/// use autodidact_games::{Game, Game2048, Notation, Turn};
///
/// let mut game: Game2048 = "2 2 4 0  0 0 0 0  0 0 0 0  0 0 0 0".parse()?;
/// assert_eq!(game.play(game.parse_action("left")?), 4.0);
/// assert_eq!(game.turn(), Turn::Chance);
/// game.play(game.parse_action("2@d4")?);
/// assert_eq!(game, "4 4 0 0  0 0 0 0  0 0 0 0  0 0 0 2".parse()?);
/// # Ok::<(), autodidact_games::Error>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Game2048 {
    /// Four bits for each cell, the first cell's lowest: 0 for an empty one, else the tile's logarithm to base 2.
    board: u64,
    /// How many tiles chance has to put.
    pending: u8,
    is_over: bool,
}

const SIZE: usize = 4;
const CELLS: usize = SIZE * SIZE;
/// The lowest bit of each cell.
const LOWEST: u64 = 0x1111_1111_1111_1111;
const NAMES: [&str; 4] = ["up", "right", "down", "left"];

/// What shifting does to each of the 65,536 rows.
struct Rows {
    left: Vec<u16>,
    right: Vec<u16>,
    /// The sum of the tiles that are made, which is the same either way.
    reward: Vec<u32>,
}

static ROWS: LazyLock<Rows> = LazyLock::new(|| {
    let rows = 0..=u16::MAX;
    let shifted = |row: u16| shift_left(cells_of(row));
    Rows {
        left: rows.clone().map(|row| row_of(shifted(row).0)).collect(),
        right: rows.clone().map(|row| row_of(shifted(row.reversed()).0).reversed()).collect(),
        reward: rows.map(|row| shifted(row).1).collect(),
    }
});

/// A row of four cells.
trait Row {
    fn reversed(self) -> Self;
}

impl Row for u16 {
    fn reversed(self) -> Self {
        let pairs = self.rotate_left(8);
        (pairs & 0x0f0f) << 4 | pairs >> 4 & 0x0f0f
    }
}

fn cells_of(row: u16) -> [u8; SIZE] {
    [0, 4, 8, 12].map(|bit| (row >> bit & 15) as u8)
}

fn row_of(cells: [u8; SIZE]) -> u16 {
    cells.into_iter().rev().fold(0, |row, cell| row << 4 | u16::from(cell))
}

/// Cells after a shift to the left, and the sum of the tiles that it makes. A tile that was made just now meets no other.
fn shift_left(cells: [u8; SIZE]) -> ([u8; SIZE], u32) {
    let (mut shifted, mut reward) = ([0; SIZE], 0);
    let (mut end, mut may_join) = (0, false);
    for cell in cells.into_iter().filter(|cell| *cell > 0) {
        if may_join && shifted[end - 1] == cell && cell < 15 {
            shifted[end - 1] += 1;
            reward += 2 << cell;
            may_join = false;
        } else {
            shifted[end] = cell;
            end += 1;
            may_join = true;
        }
    }
    (shifted, reward)
}

/// Rows become columns.
fn transpose(board: u64) -> u64 {
    // Within blocks of two by two cells, then the blocks.
    let across = (board ^ board >> 12) & 0x0000_f0f0_0000_f0f0;
    let board = board ^ across ^ across << 12;
    let across = (board ^ board >> 24) & 0x0000_0000_ff00_ff00;
    board ^ across ^ across << 24
}

/// The lowest bit of each empty cell.
fn empty(board: u64) -> u64 {
    let pairs = board | board >> 2;
    !(pairs | pairs >> 1) & LOWEST
}

/// The board after a shift, and its reward.
fn shift(board: u64, action: Action) -> (u64, u32) {
    let rows = &*ROWS;
    let is_vertical = action.is_multiple_of(2);
    let board = if is_vertical { transpose(board) } else { board };
    let table = if action == 0 || action == 3 { &rows.left } else { &rows.right };
    let (mut shifted, mut reward) = (0, 0);
    for bit in [0, 16, 32, 48] {
        let row = usize::from((board >> bit) as u16);
        shifted |= u64::from(table[row]) << bit;
        reward += rows.reward[row];
    }
    (if is_vertical { transpose(shifted) } else { shifted }, reward)
}

impl Game2048 {
    /// The empty board, onto which chance puts two tiles.
    pub fn new() -> Self {
        Self { board: 0, pending: 2, is_over: false }
    }

    /// The greatest tile, or 0.
    pub fn greatest(&self) -> u32 {
        match (0..CELLS).map(|cell| self.exponent(cell)).max() {
            Some(0) | None => 0,
            Some(exponent) => 1 << exponent,
        }
    }

    /// An outcome of chance, drawn from its distribution.
    ///
    /// # Panics
    /// If it is not chance's turn.
    pub fn random_outcome(&self, rng: &mut impl Rng) -> Action {
        assert!(self.turn() == Turn::Chance, "it is not chance's turn");
        let cell = random_bit(empty(self.board), rng) / 4;
        2 * cell + u32::from(rng.random_range(0..10) == 0)
    }

    fn exponent(&self, cell: usize) -> u64 {
        self.board >> (4 * cell) & 15
    }

    fn can_shift(&self, action: Action) -> bool {
        shift(self.board, action).0 != self.board
    }

    /// The same board, with the player's turn or none's.
    fn of(board: u64) -> Self {
        let game = Self { board, pending: 0, is_over: false };
        let is_full = empty(board) == 0;
        Self { is_over: is_full && !(0..4).any(|action| game.can_shift(action)) || board == 0, ..game }
    }

    fn wrong_name(&self, name: &str) -> Error {
        let reason = match self.turn() {
            Turn::Chance => "expected a 2 or a 4 and a cell, such as 2@b3",
            _ => "expected `up`, `right`, `down` or `left`",
        };
        Error::Notation { text: name.to_owned(), reason: reason.to_owned() }
    }
}

impl Default for Game2048 {
    fn default() -> Self {
        Self::new()
    }
}

impl Game for Game2048 {
    fn num_actions(&self) -> usize {
        4
    }

    fn turn(&self) -> Turn {
        match (self.is_over, self.pending) {
            (true, _) => Turn::Over,
            (_, 0) => Turn::First,
            _ => Turn::Chance,
        }
    }

    fn legal_actions(&self, actions: &mut Vec<Action>) {
        actions.clear();
        if self.turn() == Turn::First {
            actions.extend((0..4).filter(|action| self.can_shift(*action)));
        }
    }

    fn is_legal(&self, action: Action) -> bool {
        self.turn() == Turn::First && action < 4 && self.can_shift(action)
    }

    fn play(&mut self, action: Action) -> f32 {
        match self.turn() {
            Turn::First => {
                let (board, reward) = shift(self.board, action);
                assert!(action < 4 && board != self.board, "move {action} is not legal");
                (self.board, self.pending) = (board, 1);
                reward as f32
            }
            Turn::Chance => {
                let (cell, exponent) = (action / 2, u64::from(action % 2 + 1));
                assert!(
                    (cell as usize) < CELLS && self.exponent(cell as usize) == 0,
                    "outcome {action} cannot be: the cell is not empty"
                );
                self.board |= exponent << (4 * cell);
                self.pending -= 1;
                if self.pending == 0 {
                    *self = Self::of(self.board);
                }
                0.0
            }
            Turn::Second | Turn::Over => panic!("the game is over"),
        }
    }

    fn chance_outcomes(&self, outcomes: &mut Vec<(Action, f32)>) {
        outcomes.clear();
        if self.turn() == Turn::Chance {
            let cells = empty(self.board);
            let share = 1.0 / cells.count_ones() as f32;
            let of_cell = |bit| [(bit / 2, 0.9 * share), (bit / 2 + 1, 0.1 * share)];
            outcomes.extend(Bits(cells).flat_map(of_cell));
        }
    }

    fn key(&self) -> u64 {
        mix(mix(self.board).wrapping_add(1 + u64::from(self.pending)))
    }

    fn random_action(&self, rng: &mut impl Rng, _scratch: &mut Vec<Action>) -> Action {
        assert!(self.turn() == Turn::First, "it is no player's turn");
        let legal =
            (0..4).filter(|action| self.can_shift(*action)).fold(0, |legal, action| legal | 1 << action);
        random_bit(legal, rng)
    }
}

impl Observe for Game2048 {
    /// The empty cells, those with a 2, with a 4, and so on.
    fn observation_shape(&self) -> [usize; 3] {
        [16, SIZE, SIZE]
    }

    fn observe(&self, planes: &mut [f32]) {
        assert_eq!(planes.len(), 16 * CELLS, "an observation has 16 planes of 16 cells");
        planes.fill(0.0);
        for cell in 0..CELLS {
            planes[self.exponent(cell) as usize * CELLS + cell] = 1.0;
        }
    }

    fn num_symmetries(&self) -> usize {
        symmetry::COUNT
    }

    fn map_cell(&self, symmetry: usize, cell: usize) -> usize {
        symmetry::map_cell(symmetry, cell, SIZE)
    }

    /// Of the player's move, or of the outcome if it is chance's turn.
    fn map_action(&self, symmetry: usize, action: Action) -> Action {
        if self.turn() == Turn::Chance {
            return 2 * self.map_cell(symmetry, action as usize / 2) as Action + action % 2;
        }
        // Two cells, the second beyond the first in the direction.
        let to = |action: Action| [[0, 1], [1, 2], [2, 1], [1, 0]][action as usize % 4];
        let [from, end] = [[1, 1], to(action)].map(|cell| symmetry::map(symmetry, cell, 3));
        debug_assert_eq!(from, [1, 1], "the middle stays");
        (0..4).find(|other| to(*other) == end).expect("an edge's middle goes to another one")
    }
}

impl Notation for Game2048 {
    fn action_name(&self, action: Action) -> String {
        if self.turn() == Turn::Chance {
            let cell = action as usize / 2;
            return format!("{}@{}", 2 + action % 2 * 2, square::name(cell / SIZE, cell % SIZE));
        }
        NAMES[action as usize].to_owned()
    }

    fn parse_action(&self, name: &str) -> Result<Action> {
        let wrong = || self.wrong_name(name);
        if self.turn() == Turn::Chance {
            let (tile, cell) = name.split_once('@').ok_or_else(wrong)?;
            let [row, column] = square::parse(cell, [SIZE; 2]).ok_or_else(wrong)?;
            let cell = row * SIZE + column;
            let kind = ["2", "4"].iter().position(|other| *other == tile).ok_or_else(wrong)?;
            let action = (2 * cell + kind) as Action;
            return if self.exponent(cell) == 0 { Ok(action) } else { Err(Error::IllegalAction { action }) };
        }
        let action = NAMES.iter().position(|other| *other == name).ok_or_else(wrong)? as Action;
        if self.is_legal(action) { Ok(action) } else { Err(Error::IllegalAction { action }) }
    }
}

impl fmt::Display for Game2048 {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for cell in 0..CELLS {
            let tile = 1_u32 << self.exponent(cell);
            write!(f, "{:>6}", if tile == 1 { 0 } else { tile })?;
            if cell % SIZE == SIZE - 1 {
                writeln!(f)?;
            }
        }
        Ok(())
    }
}

impl FromStr for Game2048 {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self> {
        let wrong = |reason: String| Error::Notation { text: text.to_owned(), reason };
        let (mut board, mut count) = (0, 0);
        for word in text.split_whitespace() {
            let tile = word.parse::<u32>().ok();
            let tile =
                tile.filter(|tile| *tile == 0 || tile.is_power_of_two() && (2..=1 << 15).contains(tile));
            let tile =
                tile.ok_or_else(|| wrong(format!("`{word}` is no power of two from 2 to 32768, nor 0")))?;
            if count == CELLS {
                return Err(wrong("there are more than 16 numbers".to_owned()));
            }
            let exponent = if tile == 0 { 0 } else { tile.trailing_zeros() };
            board |= u64::from(exponent) << (4 * count);
            count += 1;
        }
        if count < CELLS {
            return Err(wrong(format!("expected 16 numbers, found {count}")));
        }
        if board == 0 {
            return Err(wrong("there is no tile".to_owned()));
        }
        Ok(Self::of(board))
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn board(text: &str) -> u64 {
        text.parse::<Game2048>().expect("a position").board
    }

    #[test]
    fn rows_shift_as_by_hand() {
        for (row, left, right, reward) in [
            ("0 0 0 2", "2 0 0 0", "0 0 0 2", 0),
            ("2 2 0 0", "4 0 0 0", "0 0 0 4", 4),
            ("2 0 0 2", "4 0 0 0", "0 0 0 4", 4),
            ("2 2 2 0", "4 2 0 0", "0 0 2 4", 4),
            ("2 2 2 2", "4 4 0 0", "0 0 4 4", 8),
            ("4 2 2 0", "4 4 0 0", "0 0 4 4", 4),
            ("2 2 4 8", "4 4 8 0", "0 4 4 8", 4),
            ("8 0 8 16", "16 16 0 0", "0 0 16 16", 16),
            ("2 4 2 4", "2 4 2 4", "2 4 2 4", 0),
            ("16384 16384 32768 32768", "32768 32768 32768 0", "0 32768 32768 32768", 32768),
        ] {
            let full = |row: &str| board(&format!("{row} 0 0 0 0 2 0 0 0 0 0 0 2"));
            let with_rest = |row: &str, rest: &str| board(&format!("{row} 0 0 0 0 {rest} {rest}"));
            assert_eq!(shift(full(row), 3), (with_rest(left, "2 0 0 0"), reward), "{row}");
            assert_eq!(shift(full(row), 1), (with_rest(right, "0 0 0 2"), reward), "{row}");
        }
    }

    /// A shift by one step of one tile after another.
    fn slow_shift(cells: [u8; CELLS], action: Action) -> ([u8; CELLS], u32) {
        let (down, right) = [(-1, 0), (0, 1), (1, 0), (0, -1)][action as usize];
        let (mut cells, mut made, mut reward) = (cells, [false; CELLS], 0);
        let mut has_changed = true;
        // The tiles at the end of the way come first, until nothing moves.
        let mut order: Vec<usize> = (0..CELLS).collect();
        order.sort_by_key(|cell| -((cell / SIZE) as i32 * down + (cell % SIZE) as i32 * right));
        while has_changed {
            has_changed = false;
            for cell in &order {
                let (row, column) = ((cell / SIZE) as i32 + down, (cell % SIZE) as i32 + right);
                if cells[*cell] == 0 || !(0..4).contains(&row) || !(0..4).contains(&column) {
                    continue;
                }
                let next = (4 * row + column) as usize;
                if cells[next] == 0 {
                    cells.swap(*cell, next);
                    made.swap(*cell, next);
                    has_changed = true;
                } else if cells[next] == cells[*cell] && cells[next] < 15 && !made[next] && !made[*cell] {
                    (cells[next], cells[*cell], made[next]) = (cells[next] + 1, 0, true);
                    reward += 1 << cells[next];
                    has_changed = true;
                }
            }
        }
        (cells, reward)
    }

    fn pack(cells: [u8; CELLS]) -> u64 {
        cells.into_iter().rev().fold(0, |board, cell| board << 4 | u64::from(cell))
    }

    proptest! {
        #[test]
        fn boards_shift_like_tiles_one_by_one(cells in prop::array::uniform16(0_u8..4), high in prop::array::uniform16(0_u8..16)) {
            for cells in [cells, high] {
                for action in 0..4 {
                    let (slow, reward) = slow_shift(cells, action);
                    prop_assert_eq!(shift(pack(cells), action), (pack(slow), reward));
                }
                let empty_cells = (0..CELLS).filter(|cell| cells[*cell] == 0).fold(0, |mask, cell| mask | 1 << (4 * cell));
                prop_assert_eq!(empty(pack(cells)), empty_cells);
            }
        }
    }

    #[test]
    fn tiles_of_chance_are_as_frequent_as_their_probabilities() {
        use rand::SeedableRng;
        let mut rng = rand_xoshiro::Xoshiro256PlusPlus::seed_from_u64(4);
        let mut game: Game2048 = "2 4 8 0 4 8 16 32 2 4 0 16 4 8 16 0".parse().expect("a position");
        game.play(1);
        let mut outcomes = Vec::new();
        game.chance_outcomes(&mut outcomes);
        let cells: Vec<Action> = outcomes.iter().map(|outcome| outcome.0).collect();
        assert_eq!(cells, [0, 1, 16, 17, 24, 25]);
        let mut counts = [0_u32; 32];
        (0..30_000).for_each(|_| counts[game.random_outcome(&mut rng) as usize] += 1);
        for (outcome, probability) in outcomes {
            let expected = 30_000.0 * f64::from(probability);
            let count = f64::from(counts[outcome as usize]);
            assert!((count - expected).abs() < 5.0 * expected.sqrt(), "{count} of {expected}");
        }
    }

    #[test]
    fn a_game_ends_when_nothing_moves() {
        let game: Game2048 = "2 4 2 4 4 2 4 2 2 4 2 4 4 2 4 2".parse().expect("a position");
        assert_eq!(game.turn(), Turn::Over);
        let game: Game2048 = "2 4 2 4 4 2 4 2 2 4 2 4 4 2 4 4".parse().expect("a position");
        assert_eq!((game.turn(), game.greatest()), (Turn::First, 4));
    }

    #[test]
    fn what_is_no_position_is_refused() {
        let zeros = "0 ".repeat(16);
        for (text, part) in [
            ("", "found 0"),
            ("2 2", "found 2"),
            (&zeros, "no tile"),
            (&format!("{zeros} 2"), "more than 16"),
            (&zeros.replacen('0', "3", 1), "`3` is no power"),
            (&zeros.replacen('0', "1", 1), "`1` is no power"),
            (&zeros.replacen('0', "65536", 1), "`65536` is no power"),
        ] {
            let error = text.parse::<Game2048>().expect_err(text);
            assert!(error.to_string().contains(part), "{error}");
        }
    }
}
