//! Connect four on boards of many sizes, and a referee that plays it perfectly.

mod solver;
mod table;

use std::fmt;
use std::str::FromStr;

use rand::{Rng, RngExt};

pub use solver::Solver;

use crate::bits::mix;
use crate::{Action, Error, Game, Notation, Observe, Result, Turn};

/// The game in which stones fall into columns, and four in a row win.
///
/// A move is a column, counted from the left. Columns are named by one character, `1` to `9`, then `a`, `b` and so on, so
/// that a string of them is a game from the empty board.
///
/// ```
/// use autodidact_games::connect_four::{ConnectFour, Solver};
///
/// // X has three in a row with room on both sides and wins with the fourth stone, whatever O does.
/// let game: ConnectFour = "33445".parse()?;
/// println!("{game}");
/// assert_eq!(Solver::default().score(&game), -(22 - 4));
/// # Ok::<(), autodidact_games::Error>(())
/// ```
///
/// Each column has a bit for every cell, from the lowest up, and one above that is never set, so that shifted boards do not
/// run from one column into the next (J. Tromp's layout; P. Pons, *Solving Connect 4*, part 6).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct ConnectFour {
    width: u8,
    height: u8,
    played: u8,
    is_won: bool,
    /// The stones of the player whose turn it is.
    own: u64,
    /// Every stone.
    stones: u64,
}

impl ConnectFour {
    /// The empty board of another size than the usual one.
    ///
    /// # Errors
    /// [`Error::Size`] unless the board has four columns and one row at least and `width * (height + 1)` is 64 at most.
    pub fn new(width: usize, height: usize) -> Result<Self> {
        if !(4..64).contains(&width) || !(1..64).contains(&height) || width * (height + 1) > 64 {
            return Err(Error::Size {
                width,
                height,
                expected: "width is 4 at least and width × (height + 1) is 64 at most",
            });
        }
        Ok(Self { width: width as u8, height: height as u8, played: 0, is_won: false, own: 0, stones: 0 })
    }

    /// The position after a game on a board of any size: the names of the columns, without anything between them.
    ///
    /// # Errors
    /// [`Error::Size`] as [`new`](Self::new); [`Error::Notation`] for what is no column, for a stone in a full one and for
    /// a move after the end.
    pub fn from_moves(width: usize, height: usize, moves: &str) -> Result<Self> {
        let mut game = Self::new(width, height)?;
        let wrong = |reason| Error::Notation { text: moves.to_owned(), reason };
        for (index, name) in moves.chars().enumerate() {
            let number = index + 1;
            let column = game.column(name).map_err(|expected| wrong(format!("move {number}: {expected}")))?;
            if game.turn() == Turn::Over {
                return Err(wrong(format!("the game ended before move {number}")));
            }
            if !game.is_legal(column) {
                return Err(wrong(format!("column `{name}` is full before move {number}")));
            }
            game.play(column);
        }
        Ok(game)
    }

    /// The number of columns.
    pub fn width(&self) -> usize {
        self.width.into()
    }

    /// The number of rows.
    pub fn height(&self) -> usize {
        self.height.into()
    }

    /// How many stones have been played.
    pub fn num_stones(&self) -> usize {
        self.played.into()
    }

    /// How many cells the board has.
    fn num_cells(&self) -> u8 {
        self.width * self.height
    }

    /// The column that a character names, or what was expected.
    fn column(&self, name: char) -> std::result::Result<Action, String> {
        name.to_digit(36)
            .filter(|digit| (1..=u32::from(self.width)).contains(digit) && !name.is_ascii_uppercase())
            .map(|digit| digit - 1)
            .ok_or_else(|| format!("expected a column from 1 to {}", column_name(u32::from(self.width) - 1)))
    }

    /// The cells of a column, from the left.
    fn column_mask(&self, column: Action) -> u64 {
        ((1 << self.height) - 1) << (column * u32::from(self.height + 1))
    }

    /// The lowest cell of every column.
    fn bottom(&self) -> u64 {
        (0..u32::from(self.width)).fold(0, |mask, column| mask | 1 << (column * u32::from(self.height + 1)))
    }

    /// Every cell.
    fn board(&self) -> u64 {
        self.bottom() * ((1 << self.height) - 1)
    }

    fn is_open(&self, column: Action) -> bool {
        let top = column * u32::from(self.height + 1) + u32::from(self.height) - 1;
        self.stones >> top & 1 == 0
    }

    /// Whether these stones have four in a row.
    fn has_four(&self, stones: u64) -> bool {
        let height = u32::from(self.height);
        [1, height, height + 1, height + 2].into_iter().any(|step| {
            let pairs = stones & stones >> step;
            pairs & pairs >> (2 * step) != 0
        })
    }

    /// The stones of who began, then the other's.
    fn sides(&self) -> [u64; 2] {
        let other = self.own ^ self.stones;
        if self.played.is_multiple_of(2) { [self.own, other] } else { [other, self.own] }
    }

    /// The bit of a cell by its row from the top.
    fn bit(&self, row: usize, column: usize) -> usize {
        column * usize::from(self.height + 1) + usize::from(self.height) - 1 - row
    }
}

/// The usual board: seven columns, six rows.
impl Default for ConnectFour {
    fn default() -> Self {
        Self { width: 7, height: 6, played: 0, is_won: false, own: 0, stones: 0 }
    }
}

impl Game for ConnectFour {
    fn num_actions(&self) -> usize {
        self.width.into()
    }

    fn turn(&self) -> Turn {
        if self.is_won || self.played == self.num_cells() {
            Turn::Over
        } else if self.played.is_multiple_of(2) {
            Turn::First
        } else {
            Turn::Second
        }
    }

    fn legal_actions(&self, actions: &mut Vec<Action>) {
        actions.clear();
        if !self.is_won {
            actions.extend(0..Action::from(self.width));
            actions.retain(|column| self.is_open(*column));
        }
    }

    fn is_legal(&self, action: Action) -> bool {
        action < self.width.into() && !self.is_won && self.is_open(action)
    }

    fn play(&mut self, action: Action) -> f32 {
        assert!(self.is_legal(action), "move {action} is not legal");
        let before = self.stones;
        self.stones |= before + (1 << (action * u32::from(self.height + 1)));
        self.played += 1;
        let mover = self.own | (before ^ self.stones);
        self.own ^= before;
        self.is_won = self.has_four(mover);
        if self.is_won { 1.0 } else { 0.0 }
    }

    /// Of positions on boards of one size.
    fn key(&self) -> u64 {
        mix(1 + position_key(self.own, self.stones))
    }

    fn random_action(&self, rng: &mut impl Rng, _scratch: &mut Vec<Action>) -> Action {
        assert!(self.turn() != Turn::Over, "it is no player's turn");
        loop {
            let column = rng.random_range(0..self.width.into());
            if self.is_open(column) {
                return column;
            }
        }
    }
}

/// One number for a position: in every column, the bit above its stones carries on from where they stop.
fn position_key(own: u64, stones: u64) -> u64 {
    own + stones
}

fn column_name(column: Action) -> char {
    char::from_digit(column + 1, 36).expect("no board has more than 32 columns")
}

impl Observe for ConnectFour {
    /// The player's own stones and the opponent's, the highest row first.
    fn observation_shape(&self) -> [usize; 3] {
        [2, self.height(), self.width()]
    }

    fn observe(&self, planes: &mut [f32]) {
        let cells = usize::from(self.num_cells());
        assert_eq!(planes.len(), 2 * cells, "an observation has 2 planes of {cells} cells");
        for (plane, stones) in planes.chunks_exact_mut(cells).zip([self.own, self.own ^ self.stones]) {
            for (row, values) in plane.chunks_exact_mut(self.width()).enumerate() {
                for (column, value) in values.iter_mut().enumerate() {
                    *value = (stones >> self.bit(row, column) & 1) as f32;
                }
            }
        }
    }

    /// Itself and its mirror image.
    fn num_symmetries(&self) -> usize {
        2
    }

    fn map_cell(&self, symmetry: usize, cell: usize) -> usize {
        let (row, column) = (cell / self.width(), cell % self.width());
        row * self.width() + self.map_action(symmetry, column as Action) as usize
    }

    fn map_action(&self, symmetry: usize, action: Action) -> Action {
        match symmetry {
            0 => action,
            _ => u32::from(self.width) - 1 - action,
        }
    }
}

impl Notation for ConnectFour {
    fn action_name(&self, action: Action) -> String {
        column_name(action).to_string()
    }

    fn parse_action(&self, name: &str) -> Result<Action> {
        let mut characters = name.chars();
        let column = match (characters.next(), characters.next()) {
            (Some(first), None) => self.column(first),
            _ => Err("expected one character, the column".to_owned()),
        };
        let action = column.map_err(|reason| Error::Notation { text: name.to_owned(), reason })?;
        if self.is_legal(action) { Ok(action) } else { Err(Error::IllegalAction { action }) }
    }
}

impl fmt::Display for ConnectFour {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let [first, second] = self.sides();
        for row in 0..self.height() {
            for column in 0..self.width() {
                let set = |stones: u64| stones >> self.bit(row, column) & 1 == 1;
                f.write_str(if set(first) {
                    "X"
                } else if set(second) {
                    "O"
                } else {
                    "."
                })?;
            }
            writeln!(f)?;
        }
        writeln!(f, "{}", (0..self.width.into()).map(column_name).collect::<String>())
    }
}

/// A game on the usual board.
impl FromStr for ConnectFour {
    type Err = Error;

    fn from_str(moves: &str) -> Result<Self> {
        Self::from_moves(7, 6, moves)
    }
}

#[cfg(test)]
mod tests {
    use std::collections::{HashMap, HashSet};

    use super::*;

    /// The positions after `ply` moves, where no game goes on after four in a row.
    fn positions(start: ConnectFour, plies: usize) -> Vec<usize> {
        let mut layer = HashSet::from([start]);
        let mut counts = vec![1];
        let mut actions = Vec::new();
        for _ in 0..plies {
            let mut next = HashSet::new();
            for position in layer {
                position.legal_actions(&mut actions);
                for action in &actions {
                    let mut after = position;
                    after.play(*action);
                    next.insert(after);
                }
            }
            counts.push(next.len());
            layer = next;
        }
        counts
    }

    /// OEIS A212693: the positions after n stones on the usual board. J. Tromp counts the same 4,531,985,219,092 in all.
    #[test]
    fn positions_are_as_many_as_published() {
        let expected = [1, 7, 49, 238, 1120, 4263, 16422, 54859, 184275];
        assert_eq!(positions(ConnectFour::default(), 8), expected);
    }

    /// J. Tromp's table of all positions by size (<https://tromp.github.io/c4/c4.html>): 161,029 on 4 × 4.
    #[test]
    fn a_small_board_has_as_many_positions_as_published() {
        let start = ConnectFour::new(4, 4).expect("a size that can be");
        assert_eq!(positions(start, 16).iter().sum::<usize>(), 161_029);
    }

    /// Games from a position to their end.
    fn games(position: ConnectFour, known: &mut HashMap<ConnectFour, u64>) -> u64 {
        if let Some(count) = known.get(&position) {
            return *count;
        }
        let mut actions = Vec::new();
        position.legal_actions(&mut actions);
        let after = |action| {
            let mut next = position;
            next.play(action);
            games(next, known)
        };
        let count = if actions.is_empty() { 1 } else { actions.into_iter().map(after).sum() };
        known.insert(position, count);
        count
    }

    /// OEIS A342329 (R. Jehn), for 4 × 3.
    #[test]
    fn games_on_a_small_board_are_as_many_as_published() {
        let start = ConnectFour::new(4, 3).expect("a size that can be");
        assert_eq!(games(start, &mut HashMap::new()), 356_232);
    }

    #[test]
    fn keys_of_different_positions_differ() {
        let mut layer = HashSet::from([ConnectFour::new(4, 4).expect("a size that can be")]);
        let (mut keys, mut count) = (HashSet::new(), 0);
        while !layer.is_empty() {
            count += layer.len();
            keys.extend(layer.iter().map(Game::key));
            layer = layer
                .iter()
                .flat_map(|position| {
                    let mut actions = Vec::new();
                    position.legal_actions(&mut actions);
                    actions.into_iter().map(|action| {
                        let mut next = *position;
                        next.play(action);
                        next
                    })
                })
                .collect();
        }
        assert_eq!(keys.len(), count);
    }

    #[test]
    fn four_in_a_row_win_in_every_direction_and_not_around_the_edge() {
        for won in ["1212121", "1122334", "12234334464", "76654554424"] {
            let game: ConnectFour = won.parse().expect("a game");
            assert_eq!(game.turn(), Turn::Over, "{won}\n{game}");
        }
        // Three on top of one column and the bottom of the next.
        let game: ConnectFour = "211113131".parse().expect("a game");
        assert_eq!(game.turn(), Turn::Second, "{game}");
    }

    #[test]
    fn what_is_no_game_is_refused() {
        for (moves, reason) in [
            ("8", "move 1: expected a column from 1 to 7"),
            ("12 3", "move 3: expected a column from 1 to 7"),
            ("1111111", "column `1` is full before move 7"),
            ("12121214", "the game ended before move 8"),
        ] {
            let error = moves.parse::<ConnectFour>().expect_err("no game");
            assert_eq!(error, Error::Notation { text: moves.to_owned(), reason: reason.to_owned() });
        }
    }

    #[test]
    fn sizes_are_limited_by_the_word() {
        for (width, height) in [(4, 1), (4, 15), (5, 4), (8, 7), (32, 1)] {
            assert!(ConnectFour::new(width, height).is_ok(), "{width} × {height}");
        }
        for (width, height) in [(3, 3), (7, 0), (8, 8), (33, 1), (4, 16), (usize::MAX, 1), (4, usize::MAX)] {
            assert!(matches!(ConnectFour::new(width, height), Err(Error::Size { .. })), "{width} × {height}");
        }
    }
}
