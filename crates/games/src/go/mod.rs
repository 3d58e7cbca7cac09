//! Go on boards of 2 × 2 to 19 × 19, under the rules of Tromp and Taylor.

mod board;
mod history;

use std::fmt;

use rand::{Rng, RngExt};

use crate::bits::mix;
use crate::{Action, Error, Game, Notation, Observe, Result, Turn, symmetry};
use board::{Board, Color, Point};
use history::History;

/// What can be chosen about a game of [`Go`].
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Rules {
    /// How many rows and columns the board has: 2 to 19.
    pub size: usize,
    /// How many points white is given.
    pub komi: f32,
    /// Whether a move may take the player's own stones off the board, as Tromp and Taylor allow.
    pub allows_suicide: bool,
}

/// A board of 19 × 19 and 7.5 points for white.
impl Default for Rules {
    fn default() -> Self {
        Self { size: 19, komi: 7.5, allows_suicide: true }
    }
}

/// The game in which stones enclose area (J. Tromp, B. Taylor, *The game of Go*, <https://tromp.github.io/go.html>).
///
/// Black begins. A stone that is put takes the opponent's chains without liberties off the board, then the player's own
/// ones, if the [rules](Rules::allows_suicide) allow that. No move may bring back a position of the board that was there
/// before, whoever's turn it was: positional superko, told by 64-bit hashes. Two passes in a row end the game. A player's
/// score is the number of their stones and of the empty points from which only their stones are reached.
///
/// A move is a point, `size * row + column` from the top left, named as in GTP: a letter without I, then a number that
/// counts from below. The last one, `size * size`, is `pass`.
///
/// ```
/// use autodidact_games::{Game, Notation, go::{Go, Rules}};
///
/// let mut game = Go::new(Rules { size: 9, ..Rules::default() })?;
/// for name in ["E5", "C3", "pass", "pass"] {
///     game.try_play(game.parse_action(name)?)?;
/// }
/// assert_eq!(game.score(), -7.5);
/// # Ok::<(), autodidact_games::Error>(())
/// ```
///
/// Games of uniformly drawn moves are long, because players fill their own eyes; there is
/// [`random_action_outside_eyes`](Self::random_action_outside_eyes) for playouts.
#[derive(Clone, Debug)]
pub struct Go {
    komi: f32,
    allows_suicide: bool,
    board: Board,
    history: History,
    to_move: Color,
    /// How many passes came last.
    passes: u8,
}

impl Go {
    /// The empty board.
    ///
    /// # Errors
    /// [`Error::Size`] unless the board has 2 to 19 rows; [`Error::Setting`] if the komi is not finite.
    pub fn new(rules: Rules) -> Result<Self> {
        let Rules { size, komi, allows_suicide } = rules;
        if !(2..=board::MOST).contains(&size) {
            return Err(Error::Size { width: size, height: size, expected: "a board has 2 to 19 rows" });
        }
        if !komi.is_finite() {
            return Err(Error::Setting {
                name: "komi",
                value: komi.to_string(),
                expected: "a finite number",
            });
        }
        let board = Board::new(size);
        let history = History::new(board.hash(), 2 * size * size);
        Ok(Self { komi, allows_suicide, board, history, to_move: Color::Black, passes: 0 })
    }

    /// A position: its points, row by row, as `X` (black), `O` and `.`, then whose turn it is; white space is skipped, so that
    /// what is displayed can be read. What was on the board before is forgotten.
    ///
    /// # Errors
    /// As [`new`](Self::new); [`Error::Notation`] if the text is no position or a chain has no liberty.
    ///
    /// ```
    /// use autodidact_games::go::{Go, Rules};
    ///
    /// let rules = Rules { size: 2, ..Rules::default() };
    /// assert!(Go::from_board(rules, "X. .O X").is_ok());
    /// assert!(Go::from_board(rules, "XX XX O").is_err());
    /// # Ok::<(), autodidact_games::Error>(())
    /// ```
    pub fn from_board(rules: Rules, text: &str) -> Result<Self> {
        let wrong = |reason: String| Error::Notation { text: text.to_owned(), reason };
        let mut game = Self::new(rules)?;
        let mut characters = text.chars().filter(|character| !character.is_whitespace());
        let pass = game.pass();
        for action in 0..pass {
            let color = match characters.next() {
                Some('X') => Color::Black,
                Some('O') => Color::White,
                Some('.') => continue,
                _ => return Err(wrong(format!("expected {pass} points, each `X`, `O` or `.`"))),
            };
            game.board.put(game.board.point(action), color);
        }
        game.to_move = match (characters.next(), characters.next()) {
            (Some('X'), None) => Color::Black,
            (Some('O'), None) => Color::White,
            _ => {
                return Err(wrong(
                    "expected `X` or `O`, whose turn it is, after the points and nothing else".to_owned(),
                ));
            }
        };
        if game.board.has_dead_chain() {
            return Err(wrong("a chain has no liberty".to_owned()));
        }
        game.history = History::new(game.board.hash(), 2 * pass as usize);
        Ok(game)
    }

    /// How many rows and columns the board has.
    pub fn size(&self) -> usize {
        self.board.size()
    }

    /// The move that puts no stone.
    pub fn pass(&self) -> Action {
        (self.size() * self.size()) as Action
    }

    /// Black's area less white's, less the komi.
    pub fn score(&self) -> f32 {
        let [black, white] = self.board.areas();
        f32::from(black) - f32::from(white) - self.komi
    }

    /// A move for quick playouts: each legal one that does not fill an eye of the player's own is as probable as the others,
    /// and it is a pass only if there is none.
    ///
    /// An eye is an empty point whose neighbours are all the player's, and of whose diagonal neighbours the opponent has one at
    /// most, and none at the edge.
    ///
    /// # Panics
    /// If the game is over.
    pub fn random_action_outside_eyes(&self, rng: &mut impl Rng) -> Action {
        assert!(self.passes < 2, "it is no player's turn");
        let empty = self.board.empty();
        let allowed = |point: Point| !self.board.is_eye(point, self.to_move) && self.may_put(point);
        for _ in 0..empty.len().min(8) {
            let point = empty[rng.random_range(0..empty.len())];
            if allowed(point) {
                return self.board.action(point);
            }
        }
        // Where few are allowed, they are counted.
        match empty.iter().filter(|point| allowed(**point)).count() {
            0 => self.pass(),
            count => {
                let chosen = rng.random_range(0..count);
                let point = empty.iter().filter(|point| allowed(**point)).nth(chosen);
                self.board.action(*point.expect("there are as many as counted"))
            }
        }
    }

    /// Whether a stone may be put onto an empty point.
    fn may_put(&self, point: Point) -> bool {
        let outcome = self.board.outcome(point, self.to_move);
        (self.allows_suicide || !outcome.is_suicide) && !self.history.has(outcome.hash)
    }

    /// What the game's end is worth for who has just moved.
    fn reward_of_last(&self) -> f32 {
        let score = self.score();
        let sign = if score == 0.0 { 0.0 } else { score.signum() };
        if self.to_move == Color::White { sign } else { -sign }
    }
}

impl Game for Go {
    fn num_actions(&self) -> usize {
        self.size() * self.size() + 1
    }

    fn turn(&self) -> Turn {
        match (self.passes, self.to_move) {
            (2, _) => Turn::Over,
            (_, Color::Black) => Turn::First,
            (_, Color::White) => Turn::Second,
        }
    }

    fn legal_actions(&self, actions: &mut Vec<Action>) {
        actions.clear();
        if self.passes < 2 {
            actions.extend((0..=self.pass()).filter(|action| self.is_legal(*action)));
        }
    }

    fn is_legal(&self, action: Action) -> bool {
        let is_free = |point| self.board.color(point).is_none() && self.may_put(point);
        self.passes < 2
            && action <= self.pass()
            && (action == self.pass() || is_free(self.board.point(action)))
    }

    fn play(&mut self, action: Action) -> f32 {
        let pass = self.pass();
        assert!(self.passes < 2 && action <= pass, "move {action} is not legal");
        if action == pass {
            self.passes += 1;
            self.to_move = self.to_move.other();
            return if self.passes == 2 { self.reward_of_last() } else { 0.0 };
        }
        let point = self.board.point(action);
        assert!(self.board.color(point).is_none(), "move {action} is not legal");
        self.board.play(point, self.to_move);
        debug_assert!(!self.history.has(self.board.hash()), "move {action} is not legal");
        self.history.push(self.board.hash());
        self.passes = 0;
        self.to_move = self.to_move.other();
        0.0
    }

    /// Of games under the same rules. Positions that were on the board before are a part of it, since they are forbidden.
    fn key(&self) -> u64 {
        let state = u64::from(self.passes) << 1 | u64::from(self.to_move == Color::White);
        mix(mix(1 + state).wrapping_add(self.board.hash()) ^ self.history.key())
    }

    fn random_action(&self, rng: &mut impl Rng, _scratch: &mut Vec<Action>) -> Action {
        assert!(self.passes < 2, "it is no player's turn");
        let empty = self.board.empty();
        loop {
            match empty.get(rng.random_range(0..=empty.len())) {
                None => return self.pass(),
                Some(point) if self.may_put(*point) => return self.board.action(*point),
                Some(_) => {}
            }
        }
    }
}

impl Observe for Go {
    /// The player's own stones, the opponent's, the empty points where the player may not put one; ones after a pass, ones if the
    /// player is black.
    fn observation_shape(&self) -> [usize; 3] {
        [5, self.size(), self.size()]
    }

    fn observe(&self, planes: &mut [f32]) {
        let cells = self.pass() as usize;
        assert_eq!(planes.len(), 5 * cells, "an observation has 5 planes of {cells} points");
        planes.fill(0.0);
        for action in 0..self.pass() {
            let point = self.board.point(action);
            let plane = match self.board.color(point) {
                Some(color) if color == self.to_move => 0,
                Some(_) => 1,
                None if !self.may_put(point) => 2,
                None => continue,
            };
            planes[plane * cells + action as usize] = 1.0;
        }
        planes[3 * cells..4 * cells].fill(if self.passes > 0 { 1.0 } else { 0.0 });
        planes[4 * cells..].fill(if self.to_move == Color::Black { 1.0 } else { 0.0 });
    }

    fn num_symmetries(&self) -> usize {
        symmetry::COUNT
    }

    fn map_cell(&self, symmetry: usize, cell: usize) -> usize {
        symmetry::map_cell(symmetry, cell, self.size())
    }

    fn map_action(&self, symmetry: usize, action: Action) -> Action {
        if action == self.pass() { action } else { self.map_cell(symmetry, action as usize) as Action }
    }
}

/// The columns' letters in GTP.
const LETTERS: &[u8; board::MOST] = b"ABCDEFGHJKLMNOPQRST";

impl Notation for Go {
    fn action_name(&self, action: Action) -> String {
        if action == self.pass() {
            return "pass".to_owned();
        }
        let (row, column) = (action as usize / self.size(), action as usize % self.size());
        format!("{}{}", char::from(LETTERS[column]), self.size() - row)
    }

    fn parse_action(&self, name: &str) -> Result<Action> {
        let size = self.size();
        let vertex = || {
            let letter = name.bytes().next()?.to_ascii_uppercase();
            let column = LETTERS[..size].iter().position(|other| *other == letter)?;
            let digits = &name[1..];
            let is_plain = digits.bytes().all(|digit| digit.is_ascii_digit()) && !digits.starts_with('0');
            let number = digits.parse::<usize>().ok().filter(|number| is_plain && *number <= size)?;
            Some((size * (size - number) + column) as Action)
        };
        let action = if name.eq_ignore_ascii_case("pass") { Some(self.pass()) } else { vertex() };
        let action = action.ok_or_else(|| Error::Notation {
            text: name.to_owned(),
            reason: format!(
                "expected a vertex from A1 to {}{size}, or `pass`",
                char::from(LETTERS[size - 1])
            ),
        })?;
        if self.is_legal(action) { Ok(action) } else { Err(Error::IllegalAction { action }) }
    }
}

impl fmt::Display for Go {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let text = |color: Option<Color>| match color {
            Some(Color::Black) => "X",
            Some(Color::White) => "O",
            None => ".",
        };
        for row in 0..self.size() {
            for cell in row * self.size()..(row + 1) * self.size() {
                f.write_str(text(self.board.color(self.board.point(cell as Action))))?;
            }
            writeln!(f)?;
        }
        writeln!(f, "{}", text(Some(self.to_move)))
    }
}

#[cfg(test)]
mod tests;
