//! Lines of the protocol.

use std::time::Duration;

/// What a line asks for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Command {
    /// Who is there, and which options there are.
    Uci,
    /// To say when all is done.
    IsReady,
    /// To forget the game.
    NewGame,
    /// To set an option.
    SetOption {
        /// Its name.
        name: String,
        /// Its value.
        value: String,
    },
    /// To look at a position.
    Position {
        /// `startpos`, or FEN.
        start: String,
        /// The moves from there.
        moves: Vec<String>,
    },
    /// To search it.
    Go(Go),
    /// To end the search and tell the move.
    Stop,
    /// To end.
    Quit,
    /// Something that needs no answer.
    Ignored,
    /// Something that nobody knows.
    Unknown(String),
}

/// How long to search.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Go {
    /// Exactly so many milliseconds.
    pub move_time: Option<u64>,
    /// So many simulations.
    pub nodes: Option<u32>,
    /// Until the tree is so deep.
    pub depth: Option<u32>,
    /// Milliseconds that white and black have left.
    pub left: [Option<u64>; 2],
    /// Milliseconds that they gain with each move.
    pub gain: [u64; 2],
    /// Moves until more time comes.
    pub moves_to_go: Option<u32>,
    /// Until `stop`.
    pub is_infinite: bool,
}

/// Moves for which the time left has to last where nobody says.
const EXPECTED: u64 = 30;
/// Milliseconds that an answer takes its way.
const LAG: u64 = 20;

impl Command {
    /// Reads a line; words that are no commands are skipped at its beginning, as the protocol wants.
    ///
    /// ```
    /// use autodidact_arena::uci::Command;
    ///
    /// let command = Command::parse("position startpos moves e2e4");
    /// assert_eq!(command, Command::Position { start: "startpos".to_owned(), moves: vec!["e2e4".to_owned()] });
    /// assert_eq!(Command::parse("joho stop"), Command::Stop);
    /// ```
    pub fn parse(line: &str) -> Self {
        let words: Vec<&str> = line.split_whitespace().collect();
        if words.is_empty() {
            return Self::Ignored;
        }
        (0..words.len())
            .find_map(|at| Self::known(words[at], &words[at + 1..]))
            .unwrap_or_else(|| Self::Unknown(words.join(" ")))
    }

    /// The command of this name.
    fn known(name: &str, rest: &[&str]) -> Option<Self> {
        Some(match name {
            "uci" => Self::Uci,
            "isready" => Self::IsReady,
            "ucinewgame" => Self::NewGame,
            "setoption" => {
                let text = |words: &[&str]| words.join(" ");
                let rest = rest.strip_prefix(&["name"]).unwrap_or(rest);
                let at = rest.iter().position(|word| *word == "value").unwrap_or(rest.len());
                Self::SetOption {
                    name: text(&rest[..at]),
                    value: text(rest.get(at + 1..).unwrap_or_default()),
                }
            }
            "position" => {
                let at = rest.iter().position(|word| *word == "moves").unwrap_or(rest.len());
                let moves = rest.get(at + 1..).unwrap_or_default().iter().map(ToString::to_string);
                Self::Position { start: rest[..at].join(" "), moves: moves.collect() }
            }
            "go" => Self::Go(Go::parse(rest)),
            "stop" | "ponderhit" => Self::Stop,
            "quit" => Self::Quit,
            "debug" | "register" => Self::Ignored,
            _ => return None,
        })
    }
}

impl Go {
    /// Reads what follows `go`. What is no number, and `searchmoves`, is left out.
    fn parse(words: &[&str]) -> Self {
        let mut go = Self::default();
        for (index, word) in words.iter().enumerate() {
            // A clock may be below zero.
            let number = || words.get(index + 1)?.parse::<i64>().ok().map(|number| number.max(0) as u64);
            let count = || number().map(|number| number.clamp(1, u32::MAX.into()) as u32);
            match *word {
                "movetime" => go.move_time = number(),
                "nodes" => go.nodes = count(),
                "depth" => go.depth = count(),
                "wtime" => go.left[0] = number(),
                "btime" => go.left[1] = number(),
                "winc" => go.gain[0] = number().unwrap_or(0),
                "binc" => go.gain[1] = number().unwrap_or(0),
                "movestogo" => go.moves_to_go = count(),
                "infinite" | "ponder" => go.is_infinite = true,
                _ => {}
            }
        }
        go
    }

    /// The time for a move of white (0) or black (1), if it is limited.
    pub fn time(&self, side: usize) -> Option<Duration> {
        if self.is_infinite {
            return None;
        }
        let milliseconds = match (self.move_time, self.left[side]) {
            (Some(time), _) => Some(time.saturating_sub(LAG).max(1)),
            (None, Some(left)) => {
                let moves = self.moves_to_go.map_or(EXPECTED, |moves| u64::from(moves).min(EXPECTED));
                let share = (left / moves).saturating_add(self.gain[side] / 4 * 3);
                Some(share.min(left.saturating_sub(LAG)).max(1))
            }
            (None, None) => None,
        };
        milliseconds.map(Duration::from_millis)
    }

    /// Whether anything says when to end.
    pub fn is_limited(&self) -> bool {
        self.move_time.is_some()
            || self.nodes.is_some()
            || self.depth.is_some()
            || self.left.iter().any(Option::is_some)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn go(line: &str) -> Go {
        match Command::parse(line) {
            Command::Go(go) => go,
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn limits_are_read() {
        assert!(!go("go").is_limited());
        assert!(go("go infinite").is_infinite);
        assert_eq!(go("go nodes 0").nodes, Some(1));
        assert_eq!(go("go searchmoves e2e4 d2d4 movetime 1020").time(0), Some(Duration::from_secs(1)));
        let clock = go("go wtime 60000 btime -5 winc 1000 binc 0");
        assert_eq!(clock.time(0), Some(Duration::from_millis(2750)));
        assert_eq!(clock.time(1), Some(Duration::from_millis(1)));
        assert_eq!(go("go wtime 1000 movestogo 1").time(0), Some(Duration::from_millis(980)));
        assert_eq!(go("go movetime abc"), Go::default());
        assert_eq!(go("go movetime"), Go::default());
    }

    #[test]
    fn options_have_names_and_values() {
        let set =
            |name: &str, value: &str| Command::SetOption { name: name.to_owned(), value: value.to_owned() };
        assert_eq!(Command::parse("setoption name Recipe value alpha-zero"), set("Recipe", "alpha-zero"));
        assert_eq!(Command::parse("setoption name Clear Hash"), set("Clear Hash", ""));
        assert_eq!(Command::parse("setoption"), set("", ""));
    }

    proptest! {
        #[test]
        fn any_line_is_read(line in any::<String>(), side in 0..2_usize) {
            if let Command::Go(go) = Command::parse(&line) {
                let _ = go.time(side);
            }
        }

        #[test]
        fn any_limits_are_read(words in proptest::collection::vec(
            "go|movetime|wtime|btime|winc|binc|movestogo|depth|nodes|infinite|searchmoves|e2e4|-?[0-9]{1,20}", 0..12), side in 0..2_usize) {
            if let Command::Go(go) = Command::parse(&format!("go {}", words.join(" "))) {
                let _ = go.time(side);
            }
        }
    }
}
