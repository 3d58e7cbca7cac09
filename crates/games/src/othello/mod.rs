//! Othello, and a referee for its end.

mod endgame;

use std::fmt;
use std::str::FromStr;

use rand::Rng;

pub use endgame::Endgame;

use crate::bits::{Bits, mix, random_bit};
use crate::{Action, Error, Game, Notation, Observe, Result, Turn, square, symmetry};

/// The game in which enclosed discs are turned over, and who has more in the end wins.
///
/// A move is a cell, `8 * row + column`, named by column and row from the top left (`d3`), or [`PASS`](Self::PASS), which is
/// legal where nothing else is. The game is over when neither player has a move. Black begins.
///
/// A position is read from its 64 cells, row by row, as `X` (black), `O` and `-`, and the player whose turn it is; white
/// space is skipped.
///
/// ```
/// use autodidact_games::{Game, Notation, Othello};
///
/// let mut game = Othello::default();
/// game.try_play(game.parse_action("d3")?)?;
/// game.try_play(game.parse_action("c3")?)?;
/// let shown = game.to_string();
/// assert!(shown.ends_with("X\n"));
/// assert_eq!(shown.parse::<Othello>()?, game);
/// # Ok::<(), autodidact_games::Error>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Othello {
    discs: Discs,
    /// Where the player whose turn it is may put a disc.
    moves: u64,
    is_second: bool,
    is_over: bool,
}

const SIZE: usize = 8;
const CELLS: usize = SIZE * SIZE;

/// The discs of the player whose turn it is, and the opponent's: bit `8 * row + column`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
struct Discs {
    own: u64,
    other: u64,
}

/// Without the first and the last column, from where lines do not run on.
const INNER: u64 = 0x7e7e_7e7e_7e7e_7e7e;

impl Discs {
    fn empty(self) -> u64 {
        !(self.own | self.other)
    }

    /// The empty cells from where a line of the opponent's discs leads to one of the player's.
    fn moves(self) -> u64 {
        let line = |between: u64, step: u32| {
            let (up, down) = (between & between << step, between & between >> step);
            let mut left = between & self.own << step;
            left |= between & left << step;
            left |= up & left << (2 * step);
            left |= up & left << (2 * step);
            let mut right = between & self.own >> step;
            right |= between & right >> step;
            right |= down & right >> (2 * step);
            right |= down & right >> (2 * step);
            left << step | right >> step
        };
        let inner = self.other & INNER;
        (line(inner, 1) | line(self.other, 8) | line(inner, 7) | line(inner, 9)) & self.empty()
    }

    /// The discs that a move turns over.
    fn flips(self, cell: u32) -> u64 {
        let disc = 1_u64 << cell;
        let line = |between: u64, step: u32| {
            let (up, down) = (between & between << step, between & between >> step);
            let mut left = between & disc << step;
            left |= between & left << step;
            left |= up & left << (2 * step);
            left |= up & left << (2 * step);
            let mut right = between & disc >> step;
            right |= between & right >> step;
            right |= down & right >> (2 * step);
            right |= down & right >> (2 * step);
            let closed = |run: u64, end: u64| run & u64::from(end & self.own != 0).wrapping_neg();
            closed(left, left << step) | closed(right, right >> step)
        };
        let inner = self.other & INNER;
        line(inner, 1) | line(self.other, 8) | line(inner, 7) | line(inner, 9)
    }

    /// The opponent's view after a disc is put and others are turned over.
    fn play(self, cell: u32, flips: u64) -> Self {
        Self { own: self.other ^ flips, other: self.own | flips | 1 << cell }
    }

    fn pass(self) -> Self {
        Self { own: self.other, other: self.own }
    }

    /// The difference where nobody moves any more: the winner gets what is empty.
    fn difference(self) -> i32 {
        let difference = self.own.count_ones() as i32 - self.other.count_ones() as i32;
        difference + difference.signum() * self.empty().count_ones() as i32
    }
}

impl Othello {
    /// The move for who has no other.
    pub const PASS: Action = CELLS as Action;

    /// By how many discs the player whose turn it is leads; in the end, empty cells count for who has more discs, as in
    /// the World Othello Federation's rules.
    pub fn difference(&self) -> i32 {
        let Discs { own, other } = self.discs;
        if self.is_over {
            self.discs.difference()
        } else {
            own.count_ones() as i32 - other.count_ones() as i32
        }
    }

    /// How many cells are empty.
    pub fn num_empty(&self) -> usize {
        self.discs.empty().count_ones() as usize
    }

    fn new(discs: Discs, is_second: bool) -> Self {
        let moves = discs.moves();
        Self { discs, moves, is_second, is_over: moves == 0 && discs.pass().moves() == 0 }
    }
}

/// Four discs in the middle; black has d5 and e4.
impl Default for Othello {
    fn default() -> Self {
        Self::new(Discs { own: 1 << 28 | 1 << 35, other: 1 << 27 | 1 << 36 }, false)
    }
}

impl Game for Othello {
    fn num_actions(&self) -> usize {
        CELLS + 1
    }

    fn turn(&self) -> Turn {
        match (self.is_over, self.is_second) {
            (true, _) => Turn::Over,
            (_, false) => Turn::First,
            (_, true) => Turn::Second,
        }
    }

    fn legal_actions(&self, actions: &mut Vec<Action>) {
        actions.clear();
        actions.extend(Bits(self.moves));
        if self.moves == 0 && !self.is_over {
            actions.push(Self::PASS);
        }
    }

    fn is_legal(&self, action: Action) -> bool {
        match action {
            Self::PASS => self.moves == 0 && !self.is_over,
            cell => cell < Self::PASS && self.moves >> cell & 1 == 1,
        }
    }

    fn play(&mut self, action: Action) -> f32 {
        assert!(self.is_legal(action), "move {action} is not legal");
        let discs = match action {
            Self::PASS => self.discs.pass(),
            cell => self.discs.play(cell, self.discs.flips(cell)),
        };
        *self = Self::new(discs, !self.is_second);
        if self.is_over { -self.discs.difference().signum() as f32 } else { 0.0 }
    }

    fn key(&self) -> u64 {
        mix(mix(self.discs.own ^ u64::from(self.is_second)).wrapping_add(self.discs.other))
    }

    fn random_action(&self, rng: &mut impl Rng, _scratch: &mut Vec<Action>) -> Action {
        assert!(!self.is_over, "it is no player's turn");
        if self.moves == 0 { Self::PASS } else { random_bit(self.moves, rng) }
    }
}

impl Observe for Othello {
    /// The player's own discs and the opponent's.
    fn observation_shape(&self) -> [usize; 3] {
        [2, SIZE, SIZE]
    }

    fn observe(&self, planes: &mut [f32]) {
        assert_eq!(planes.len(), 2 * CELLS, "an observation has 2 planes of {CELLS} cells");
        for (plane, discs) in planes.chunks_exact_mut(CELLS).zip([self.discs.own, self.discs.other]) {
            for (cell, value) in plane.iter_mut().enumerate() {
                *value = (discs >> cell & 1) as f32;
            }
        }
    }

    fn num_symmetries(&self) -> usize {
        symmetry::COUNT
    }

    fn map_cell(&self, symmetry: usize, cell: usize) -> usize {
        symmetry::map_cell(symmetry, cell, SIZE)
    }

    fn map_action(&self, symmetry: usize, action: Action) -> Action {
        match action {
            Self::PASS => Self::PASS,
            cell => self.map_cell(symmetry, cell as usize) as Action,
        }
    }
}

impl Notation for Othello {
    fn action_name(&self, action: Action) -> String {
        match action {
            Self::PASS => "pass".to_owned(),
            cell => square::name(cell as usize / SIZE, cell as usize % SIZE),
        }
    }

    fn parse_action(&self, name: &str) -> Result<Action> {
        let cell = || square::parse(name, [SIZE; 2]).map(|[row, column]| (row * SIZE + column) as Action);
        let action = if name.eq_ignore_ascii_case("pass") { Some(Self::PASS) } else { cell() };
        let action = action.ok_or_else(|| Error::Notation {
            text: name.to_owned(),
            reason: "expected a cell from a1 to h8, or `pass`".to_owned(),
        })?;
        if self.is_legal(action) { Ok(action) } else { Err(Error::IllegalAction { action }) }
    }
}

impl fmt::Display for Othello {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (own, other) = if self.is_second { ("O", "X") } else { ("X", "O") };
        for row in 0..SIZE {
            for cell in row * SIZE..(row + 1) * SIZE {
                let set = |discs: u64| discs >> cell & 1 == 1;
                f.write_str(if set(self.discs.own) {
                    own
                } else if set(self.discs.other) {
                    other
                } else {
                    "-"
                })?;
            }
            writeln!(f)?;
        }
        writeln!(f, "{own}")
    }
}

impl FromStr for Othello {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self> {
        let wrong = |reason: &str| Error::Notation { text: text.to_owned(), reason: reason.to_owned() };
        let mut characters = text.chars().filter(|character| !character.is_whitespace());
        let [mut black, mut white] = [0_u64; 2];
        for cell in 0..CELLS {
            match characters.next() {
                Some('X') => black |= 1 << cell,
                Some('O') => white |= 1 << cell,
                Some('-') => {}
                _ => return Err(wrong("expected 64 cells, each `X`, `O` or `-`")),
            }
        }
        let (discs, is_second) = match (characters.next(), characters.next()) {
            (Some('X'), None) => (Discs { own: black, other: white }, false),
            (Some('O'), None) => (Discs { own: white, other: black }, true),
            _ => {
                return Err(wrong(
                    "expected `X` or `O`, whose turn it is, after the 64 cells and nothing else",
                ));
            }
        };
        Ok(Self::new(discs, is_second))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn perft(game: &Othello, depth: u32) -> u64 {
        if depth == 0 {
            return 1;
        }
        let mut actions = Vec::new();
        game.legal_actions(&mut actions);
        let after = |action: Action| {
            let mut next = *game;
            next.play(action);
            perft(&next, depth - 1)
        };
        actions.into_iter().map(after).sum()
    }

    /// A. Bik, *Perft for Reversi* (<https://aartbik.blogspot.com/2009/02/perft-for-reversi.html>).
    #[test]
    fn move_sequences_are_as_many_as_published() {
        let expected = [1, 4, 12, 56, 244, 1396, 8200, 55_092, 390_216, 3_005_288];
        for (depth, expected) in (0..).zip(expected) {
            assert_eq!(perft(&Othello::default(), depth), expected, "depth {depth}");
        }
    }

    /// Moves and turned discs, cell by cell.
    fn slow_flips(discs: Discs, cell: usize) -> u64 {
        let at = |row: i32, column: i32| 1_u64 << (8 * row + column);
        let (row, column) = ((cell / 8) as i32, (cell % 8) as i32);
        let mut flips = 0;
        for (down, right) in [(0, 1), (1, 1), (1, 0), (1, -1), (0, -1), (-1, -1), (-1, 0), (-1, 1)] {
            let (mut row, mut column, mut run) = (row + down, column + right, 0);
            while (0..8).contains(&row) && (0..8).contains(&column) {
                if discs.own & at(row, column) != 0 {
                    flips |= run;
                }
                if discs.other & at(row, column) == 0 {
                    break;
                }
                run |= at(row, column);
                (row, column) = (row + down, column + right);
            }
        }
        flips
    }

    proptest::proptest! {
        #[test]
        fn moves_turn_over_enclosed_lines(own: u64, other: u64, more: u64) {
            // Some boards are half full, others nearly.
            for other in [other, other | more] {
                let discs = Discs { own, other: other & !own };
                let empty = Bits(discs.empty());
                let moves = empty.fold(0, |moves, cell| {
                    let flips = slow_flips(discs, cell as usize);
                    assert_eq!(discs.flips(cell), flips);
                    moves | u64::from(flips != 0) << cell
                });
                assert_eq!(discs.moves(), moves);
            }
        }
    }

    #[test]
    fn who_has_no_move_passes_and_the_game_ends_when_nobody_has() {
        let mut game: Othello = format!("-OOOOOOX{}O", "-".repeat(56)).parse().expect("a position");
        assert_eq!(game.parse_action("pass"), Ok(Othello::PASS));
        game.play(Othello::PASS);
        assert_eq!((game.turn(), game.moves), (Turn::First, 1));
        assert_eq!(game.parse_action("PASS"), Err(Error::IllegalAction { action: Othello::PASS }));
        // Black turns over every white disc, and gets all that is empty.
        assert_eq!(game.play(0), 1.0);
        assert_eq!((game.turn(), game.difference()), (Turn::Over, -64));
    }

    #[test]
    fn what_is_no_position_is_refused() {
        let empty = "-".repeat(64);
        for wrong in
            [String::new(), empty.clone(), format!("{empty}Y"), format!("{empty}XX"), format!("-{empty}X")]
        {
            assert!(matches!(wrong.parse::<Othello>(), Err(Error::Notation { .. })), "{wrong}");
        }
    }
}
