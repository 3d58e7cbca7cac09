//! The games by name.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Deserializer, Serialize, Serializer, de};

use crate::nearest::named;
use crate::{Error, Result};

/// A game that can be searched.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum GameName {
    /// Three in a row on nine cells.
    TicTacToe,
    /// Four in a row of stones that fall.
    ConnectFour,
    /// Discs that are turned over.
    Othello,
    /// Two edges to connect.
    Hex,
    /// Area to enclose.
    Go,
    /// Chess.
    Chess,
    /// Tiles to join, for one.
    Game2048,
}

const ALL: [(&str, GameName); 7] = [
    ("tic-tac-toe", GameName::TicTacToe),
    ("connect4", GameName::ConnectFour),
    ("othello", GameName::Othello),
    ("hex", GameName::Hex),
    ("go", GameName::Go),
    ("chess", GameName::Chess),
    ("2048", GameName::Game2048),
];

impl GameName {
    /// Every game.
    pub fn all() -> impl Iterator<Item = Self> {
        ALL.into_iter().map(|(_, game)| game)
    }

    /// The name that is typed.
    pub fn name(self) -> &'static str {
        ALL.into_iter().find(|(_, game)| *game == self).expect("every game has a name").0
    }
}

impl fmt::Display for GameName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl FromStr for GameName {
    type Err = Error;

    fn from_str(name: &str) -> Result<Self> {
        if name.eq_ignore_ascii_case("connect-four") {
            return Ok(Self::ConnectFour);
        }
        named("game", name, &ALL)
    }
}

impl Serialize for GameName {
    fn serialize<S: Serializer>(&self, serializer: S) -> std::result::Result<S::Ok, S::Error> {
        serializer.serialize_str(self.name())
    }
}

impl<'de> Deserialize<'de> for GameName {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> std::result::Result<Self, D::Error> {
        String::deserialize(deserializer)?.parse().map_err(de::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn games_are_found_by_name_and_the_nearest_is_told() {
        for game in GameName::all() {
            assert_eq!(game.name().parse::<GameName>().expect("its own name"), game);
        }
        assert_eq!("TicTacToe".parse::<GameName>().expect("in any case"), GameName::TicTacToe);
        assert_eq!("connect-four".parse::<GameName>().expect("in words"), GameName::ConnectFour);
        let error = "conect4".parse::<GameName>().expect_err("no game").to_string();
        assert!(error.contains("did you mean `connect4`?"), "{error}");
        let error = "zzz".parse::<GameName>().expect_err("no game").to_string();
        assert!(!error.contains("did you mean") && error.contains("othello"), "{error}");
    }
}
