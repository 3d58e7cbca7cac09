//! What a game needs beside its rules to be played here.

use autodidact_games::{Chess, ConnectFour, Game2048, Go, Hex, Notation, Observe, Othello, TicTacToe};
use autodidact_mcts::{Evaluator, Rollouts};

use crate::draw::{Coordinates, with_coordinates};
use crate::name::GameName;
use crate::playouts::GoPlayouts;

/// A game that can be played and searched here.
pub trait Playable: Notation + Observe + 'static {
    /// Who says what a position is worth: random games.
    type Evaluator: Evaluator<Self> + Copy + Send + 'static;

    /// Which game it is.
    const NAME: GameName;
    /// What the players are called, who begins first; a game for one has the second for nobody.
    const SIDES: [&'static str; 2] = ["X", "O"];
    /// Whether it is a game for two.
    const IS_FOR_TWO: bool = true;
    /// Whether the names of moves are one character each, so that a string of them is a game.
    const HAS_SHORT_NAMES: bool = false;

    /// An evaluator that plays so many random games from each position.
    fn evaluator(games: u32) -> Self::Evaluator;

    /// The board as people see it, with the names of rows and columns.
    fn draw(&self) -> String {
        self.to_string()
    }

    /// Bytes of memory that a position takes, at most about.
    fn bytes(&self) -> usize {
        size_of::<Self>()
    }

    /// What more there is to say about a game that has ended.
    fn score_text(&self) -> Option<String> {
        None
    }
}

/// Rollouts to the end.
fn rollouts(games: u32) -> Rollouts {
    Rollouts { games, ..Rollouts::default() }
}

impl Playable for TicTacToe {
    type Evaluator = Rollouts;
    const NAME: GameName = GameName::TicTacToe;

    fn evaluator(games: u32) -> Rollouts {
        rollouts(games)
    }

    fn draw(&self) -> String {
        let coordinates = Coordinates { rows: 3, columns: b"abc", from_below: false };
        with_coordinates(&self.to_string(), &coordinates)
    }
}

impl Playable for ConnectFour {
    type Evaluator = Rollouts;
    const NAME: GameName = GameName::ConnectFour;
    const HAS_SHORT_NAMES: bool = true;

    fn evaluator(games: u32) -> Rollouts {
        rollouts(games)
    }
}

impl Playable for Othello {
    type Evaluator = Rollouts;
    const NAME: GameName = GameName::Othello;
    const SIDES: [&'static str; 2] = ["X (black)", "O (white)"];

    fn evaluator(games: u32) -> Rollouts {
        rollouts(games)
    }

    fn draw(&self) -> String {
        let coordinates = Coordinates { rows: 8, columns: b"abcdefgh", from_below: false };
        with_coordinates(&self.to_string(), &coordinates)
    }
}

impl Playable for Hex {
    type Evaluator = Rollouts;
    const NAME: GameName = GameName::Hex;
    const SIDES: [&'static str; 2] = ["X (top to bottom)", "O (left to right)"];

    fn evaluator(games: u32) -> Rollouts {
        rollouts(games)
    }
}

impl Playable for Go {
    type Evaluator = GoPlayouts;
    const NAME: GameName = GameName::Go;
    const SIDES: [&'static str; 2] = ["X (black)", "O (white)"];

    fn evaluator(games: u32) -> GoPlayouts {
        GoPlayouts { games }
    }

    fn draw(&self) -> String {
        let columns = &b"ABCDEFGHJKLMNOPQRST"[..self.size()];
        let coordinates = Coordinates { rows: self.size(), columns, from_below: true };
        with_coordinates(&self.to_string(), &coordinates)
    }

    /// With the points and the history, which are elsewhere.
    fn bytes(&self) -> usize {
        size_of::<Self>() + 48 * (self.size() + 2).pow(2)
    }

    /// The difference of areas less the komi, as GTP writes it.
    fn score_text(&self) -> Option<String> {
        let score = self.score();
        Some(match score {
            0.0 => "0".to_owned(),
            black if black > 0.0 => format!("B+{black}"),
            white => format!("W+{}", -white),
        })
    }
}

impl Playable for Chess {
    type Evaluator = Rollouts;
    const NAME: GameName = GameName::Chess;
    const SIDES: [&'static str; 2] = ["white", "black"];

    fn evaluator(games: u32) -> Rollouts {
        rollouts(games)
    }

    /// With the positions that may be repeated, which are elsewhere.
    fn bytes(&self) -> usize {
        size_of::<Self>() + 1024
    }

    fn draw(&self) -> String {
        let coordinates = Coordinates { rows: 8, columns: b"abcdefgh", from_below: true };
        with_coordinates(&self.to_string(), &coordinates)
    }
}

impl Playable for Game2048 {
    type Evaluator = Rollouts;
    const NAME: GameName = GameName::Game2048;
    const SIDES: [&'static str; 2] = ["the player", "nobody"];
    const IS_FOR_TWO: bool = false;

    fn evaluator(games: u32) -> Rollouts {
        rollouts(games)
    }

    fn score_text(&self) -> Option<String> {
        Some(format!("greatest tile {}", self.greatest()))
    }
}
