//! Which game, on which board, from which position.

use std::fmt;
use std::str::FromStr;

use autodidact_games::go::{Go, Rules};
use autodidact_games::{Chess, ConnectFour, Game2048, Hex, Othello, TicTacToe};
use serde::{Deserialize, Serialize};

use crate::name::GameName;
use crate::playable::Playable;
use crate::{Error, Result};

/// How many columns and rows a board has.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Size {
    /// Columns.
    pub width: usize,
    /// Rows.
    pub height: usize,
}

impl fmt::Display for Size {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}x{}", self.width, self.height)
    }
}

/// `9` for 9 × 9, or `7x6`.
impl FromStr for Size {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self> {
        let number = |text: &str| text.trim().parse().map_err(|_| Error::Size { text: text.to_owned() });
        match text.to_lowercase().split_once(['x', '×']) {
            Some((width, height)) => Ok(Self { width: number(width)?, height: number(height)? }),
            None => number(text).map(|rows| Self { width: rows, height: rows }),
        }
        .map_err(|_: Error| Error::Size { text: text.to_owned() })
    }
}

/// A game before the first move. What is not given is as usual.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Setup {
    /// The game.
    pub game: GameName,
    /// The board: of connect four (7x6), Hex (11) and Go (9).
    pub size: Option<Size>,
    /// Points for white, of Go (7.5).
    pub komi: Option<f32>,
    /// Whether a move may take the player's own stones, of Go.
    pub allows_suicide: bool,
    /// Whether the second player may take over the first stone, of Hex.
    pub has_swap: bool,
    /// The position to begin from, as the game writes it: FEN in chess.
    pub position: Option<String>,
}

/// What is done with a game of any type.
pub trait Visitor {
    /// What comes of it.
    type Output;

    /// Does it, from this position on.
    fn visit<G: Playable>(self, start: G) -> Self::Output;
}

impl Setup {
    /// The usual board of a game.
    pub fn new(game: GameName) -> Self {
        Self { game, size: None, komi: None, allows_suicide: false, has_swap: false, position: None }
    }

    /// Calls the visitor with the position that the game begins from.
    ///
    /// # Errors
    /// [`Error::NotOfGame`] for a setting of another game; the game's errors for sizes and positions that cannot be.
    pub fn visit<V: Visitor>(&self, visitor: V) -> Result<V::Output> {
        self.check()?;
        let position = self.position.as_deref();
        Ok(match self.game {
            GameName::TicTacToe => visitor.visit(read::<TicTacToe>(position)?),
            GameName::ConnectFour => visitor.visit(self.connect_four()?),
            GameName::Othello => visitor.visit(read::<Othello>(position)?),
            GameName::Hex => visitor.visit(self.hex()?),
            GameName::Go => visitor.visit(self.go()?),
            GameName::Chess => visitor.visit(read::<Chess>(position)?),
            GameName::Game2048 => visitor.visit(read::<Game2048>(position)?),
        })
    }

    /// An empty board of connect four.
    fn connect_four(&self) -> Result<ConnectFour> {
        let Size { width, height } = self.size.unwrap_or(Size { width: 7, height: 6 });
        Ok(ConnectFour::new(width, height)?)
    }

    /// An empty board of Hex.
    ///
    /// # Errors
    /// For sizes that cannot be.
    pub fn hex(&self) -> Result<Hex> {
        Ok(Hex::new(self.square(11, "a board of Hex has as many columns as rows")?, self.has_swap)?)
    }

    /// A board of Go, empty or as `position` says.
    ///
    /// # Errors
    /// For sizes, komi and positions that cannot be.
    pub fn go(&self) -> Result<Go> {
        let size = self.square(9, "a board of Go has as many columns as rows")?;
        let rules = Rules { size, komi: self.komi.unwrap_or(7.5), allows_suicide: self.allows_suicide };
        Ok(match &self.position {
            Some(text) => Go::from_board(rules, text)?,
            None => Go::new(rules)?,
        })
    }

    /// How many rows a square board has.
    fn square(&self, usual: usize, expected: &'static str) -> Result<usize> {
        match self.size {
            None => Ok(usual),
            Some(Size { width, height }) if width == height => Ok(height),
            Some(Size { width, height }) => {
                Err(autodidact_games::Error::Size { width, height, expected }.into())
            }
        }
    }

    /// That there is no setting of another game.
    fn check(&self) -> Result<()> {
        let game = self.game;
        let wrong = |setting, instead| Err(Error::NotOfGame { game: game.name(), setting, instead });
        let (is_go, is_hex) = (game == GameName::Go, game == GameName::Hex);
        if self.size.is_some() && !(is_go || is_hex || game == GameName::ConnectFour) {
            return wrong("other size", "sizes are of connect4, hex and go; leave it out");
        }
        if self.komi.is_some() && !is_go {
            return wrong("komi", "points for white are of go; leave it out");
        }
        if self.allows_suicide && !is_go {
            return wrong("suicide", "it is a rule of go; leave it out");
        }
        if self.has_swap && !is_hex {
            return wrong("swap rule", "it is a rule of hex; leave it out");
        }
        if self.position.is_some() && (is_hex || game == GameName::ConnectFour) {
            return wrong("way to write positions", "give the moves from the empty board");
        }
        Ok(())
    }
}

/// A position, or the usual start.
fn read<G>(position: Option<&str>) -> Result<G>
where
    G: Playable + Default + FromStr<Err = autodidact_games::Error>,
{
    Ok(position.map_or_else(|| Ok(G::default()), str::parse)?)
}

#[cfg(test)]
mod tests {
    use super::*;

    struct Drawn;

    impl Visitor for Drawn {
        type Output = (GameName, String);

        fn visit<G: Playable>(self, start: G) -> (GameName, String) {
            (G::NAME, start.draw())
        }
    }

    #[test]
    fn every_game_is_called_by_its_name() {
        for game in GameName::all() {
            let (called, drawn) = Setup::new(game).visit(Drawn).expect("the usual board");
            assert_eq!(called, game);
            assert!(drawn.lines().count() >= 4, "{drawn}");
        }
    }

    #[test]
    fn boards_have_coordinates() {
        let setup = Setup { size: Some("3".parse().expect("a size")), ..Setup::new(GameName::Go) };
        let (_, drawn) = setup.visit(Drawn).expect("a small board");
        assert_eq!(drawn, " 3 . . .\n 2 . . .\n 1 . . .\n   A B C\n");
        let (_, drawn) = Setup::new(GameName::Chess).visit(Drawn).expect("the usual board");
        assert!(drawn.starts_with(" 8 r n b q k b n r\n"), "{drawn}");
    }

    #[test]
    fn sizes_are_read_and_settings_of_other_games_refused() {
        assert_eq!("7X6".parse::<Size>().expect("a size"), Size { width: 7, height: 6 });
        for wrong in ["", "x", "7x", "-1", "7x6x5", "nine"] {
            assert!(wrong.parse::<Size>().is_err(), "{wrong}");
        }
        let size = Some(Size { width: 9, height: 8 });
        for (setup, told) in [
            (Setup { size, ..Setup::new(GameName::Chess) }, "chess has no other size"),
            (Setup { size, ..Setup::new(GameName::Go) }, "as many columns as rows"),
            (Setup { komi: Some(1.0), ..Setup::new(GameName::Hex) }, "hex has no komi"),
            (Setup { has_swap: true, ..Setup::new(GameName::Go) }, "go has no swap"),
            (Setup { position: Some("x".to_owned()), ..Setup::new(GameName::Hex) }, "give the moves"),
            (Setup { position: Some("x".to_owned()), ..Setup::new(GameName::Chess) }, "FEN"),
        ] {
            let error = setup.visit(Drawn).expect_err("a wrong setting").to_string();
            assert!(error.contains(told), "{error}");
        }
    }
}
