//! Tic-tac-toe.

use std::fmt;
use std::str::FromStr;

use rand::Rng;

use crate::bits::{Bits, mix, random_bit};
use crate::{Action, Error, Game, Notation, Observe, Result, Turn, square, symmetry};

/// The game in which three in a row win.
///
/// A move is a cell, `3 * row + column`, named by column and row from the top left: `b3` is the middle of the last row.
/// A position is read from its nine cells, row by row, as `X` (who began), `O` and `-`; white space between them is
/// skipped, so that what is displayed can be read.
///
/// ```
/// use autodidact_games::{Game, Notation, TicTacToe, Turn};
///
/// let mut game: TicTacToe = "XX- OO- ---".parse()?;
/// let winning = game.parse_action("c1")?;
/// assert_eq!(game.play(winning), 1.0);
/// assert_eq!(game.turn(), Turn::Over);
/// # Ok::<(), autodidact_games::Error>(())
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct TicTacToe {
    /// The stones of the player whose turn it is.
    own: u16,
    /// The other player's.
    other: u16,
}

const SIZE: usize = 3;
const CELLS: u16 = 0b111_111_111;
const LINES: [u16; 8] = [
    0b000_000_111,
    0b000_111_000,
    0b111_000_000,
    0b001_001_001,
    0b010_010_010,
    0b100_100_100,
    0b100_010_001,
    0b001_010_100,
];

fn has_line(stones: u16) -> bool {
    LINES.iter().any(|line| stones & line == *line)
}

impl TicTacToe {
    /// The empty board.
    pub fn new() -> Self {
        Self::default()
    }

    fn empty(self) -> u16 {
        CELLS & !(self.own | self.other)
    }

    /// Stones of the player who began, then the other's.
    fn stones(self) -> [u16; 2] {
        if self.empty().count_ones() % 2 == 1 { [self.own, self.other] } else { [self.other, self.own] }
    }
}

impl Game for TicTacToe {
    fn num_actions(&self) -> usize {
        SIZE * SIZE
    }

    fn turn(&self) -> Turn {
        match self.empty() {
            _ if has_line(self.other) => Turn::Over,
            0 => Turn::Over,
            empty if empty.count_ones() % 2 == 1 => Turn::First,
            _ => Turn::Second,
        }
    }

    fn legal_actions(&self, actions: &mut Vec<Action>) {
        actions.clear();
        if !has_line(self.other) {
            actions.extend(Bits(self.empty().into()));
        }
    }

    fn play(&mut self, action: Action) -> f32 {
        let cell = 1 << action;
        assert!(self.empty() & cell != 0 && self.turn() != Turn::Over, "move {action} is not legal");
        *self = Self { own: self.other, other: self.own | cell };
        if has_line(self.other) { 1.0 } else { 0.0 }
    }

    fn key(&self) -> u64 {
        mix(1 + (u64::from(self.own) << 16 | u64::from(self.other)))
    }

    fn random_action(&self, rng: &mut impl Rng, _scratch: &mut Vec<Action>) -> Action {
        assert!(self.turn() != Turn::Over, "it is no player's turn");
        random_bit(self.empty().into(), rng)
    }
}

impl Observe for TicTacToe {
    /// The player's own stones and the opponent's.
    fn observation_shape(&self) -> [usize; 3] {
        [2, SIZE, SIZE]
    }

    fn observe(&self, planes: &mut [f32]) {
        assert_eq!(planes.len(), 2 * SIZE * SIZE, "an observation has 2 planes of 9 cells");
        planes.fill(0.0);
        for (plane, stones) in planes.chunks_exact_mut(SIZE * SIZE).zip([self.own, self.other]) {
            Bits(stones.into()).for_each(|cell| plane[cell as usize] = 1.0);
        }
    }

    fn num_symmetries(&self) -> usize {
        symmetry::COUNT
    }

    fn map_cell(&self, symmetry: usize, cell: usize) -> usize {
        symmetry::map_cell(symmetry, cell, SIZE)
    }

    fn map_action(&self, symmetry: usize, action: Action) -> Action {
        self.map_cell(symmetry, action as usize) as Action
    }
}

impl Notation for TicTacToe {
    fn action_name(&self, action: Action) -> String {
        square::name(action as usize / SIZE, action as usize % SIZE)
    }

    fn parse_action(&self, name: &str) -> Result<Action> {
        let [row, column] = square::parse(name, [SIZE; 2]).ok_or_else(|| Error::Notation {
            text: name.to_owned(),
            reason: "expected a cell from a1 to c3".to_owned(),
        })?;
        let action = (row * SIZE + column) as Action;
        if self.is_legal(action) { Ok(action) } else { Err(Error::IllegalAction { action }) }
    }
}

impl fmt::Display for TicTacToe {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let [first, second] = self.stones();
        for row in 0..SIZE {
            for cell in row * SIZE..(row + 1) * SIZE {
                let set = |stones: u16| stones >> cell & 1 == 1;
                f.write_str(if set(first) {
                    "X"
                } else if set(second) {
                    "O"
                } else {
                    "-"
                })?;
            }
            writeln!(f)?;
        }
        Ok(())
    }
}

impl FromStr for TicTacToe {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self> {
        let wrong = |reason: &str| Error::Notation { text: text.to_owned(), reason: reason.to_owned() };
        let [mut first, mut second, mut cell] = [0_u16; 3];
        for character in text.chars().filter(|character| !character.is_whitespace()) {
            if usize::from(cell) == SIZE * SIZE {
                return Err(wrong("there are more than nine cells"));
            }
            match character {
                'X' => first |= 1 << cell,
                'O' => second |= 1 << cell,
                '-' => {}
                _ => return Err(wrong("expected nine cells, each `X`, `O` or `-`")),
            }
            cell += 1;
        }
        if usize::from(cell) < SIZE * SIZE {
            return Err(wrong("there are fewer than nine cells"));
        }
        let game = match first.count_ones().checked_sub(second.count_ones()) {
            Some(0) => Self { own: first, other: second },
            Some(1) => Self { own: second, other: first },
            _ => return Err(wrong("expected as many `X` as `O` or one more")),
        };
        if has_line(game.own) {
            return Err(wrong("the game went on after three in a row"));
        }
        Ok(game)
    }
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;

    /// Finished games by result, and the positions met.
    fn count(game: TicTacToe, games: &mut [u32; 3], positions: &mut HashSet<TicTacToe>) {
        positions.insert(game);
        let mut actions = Vec::new();
        game.legal_actions(&mut actions);
        for action in actions {
            let (mut next, mover) = (game, game.turn());
            let reward = next.play(action);
            if next.turn() == Turn::Over {
                positions.insert(next);
                games[if reward == 0.0 { 2 } else { usize::from(mover == Turn::Second) }] += 1;
            } else {
                count(next, games, positions);
            }
        }
    }

    /// The well-known counts: 255,168 games, of which 131,184 are won by who began and 77,904 by the other; 5,478
    /// positions, 765 but for symmetry.
    #[test]
    fn games_and_positions_are_as_many_as_known() {
        let (mut games, mut positions) = ([0; 3], HashSet::new());
        count(TicTacToe::new(), &mut games, &mut positions);
        assert_eq!(games, [131_184, 77_904, 46_080]);
        assert_eq!(positions.len(), 5478);
        let keys: HashSet<u64> = positions.iter().map(TicTacToe::key).collect();
        assert_eq!(keys.len(), 5478);
        let mapped = |stones: u16, symmetry: usize| {
            Bits(stones.into())
                .fold(0_u16, |all, cell| all | 1 << symmetry::map_cell(symmetry, cell as usize, 3))
        };
        let smallest = |game: &TicTacToe| {
            (0..8).map(|s| [mapped(game.own, s), mapped(game.other, s)]).min().expect("there are eight")
        };
        assert_eq!(positions.iter().map(smallest).collect::<HashSet<_>>().len(), 765);
    }

    #[test]
    fn what_cannot_be_a_position_is_refused() {
        for wrong in
            ["", "XX-------", "O--------", "XXXOO----O", "XX-XO-O-", "XXXOOO---", "XXX------", "?--------"]
        {
            assert!(matches!(wrong.parse::<TicTacToe>(), Err(Error::Notation { .. })), "{wrong}");
        }
        let won: TicTacToe = "XXXOO----".parse().expect("a won position");
        assert_eq!(won.turn(), Turn::Over);
    }
}
