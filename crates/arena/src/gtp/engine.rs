//! Answering commands.

use std::io::{BufRead, Write};
use std::time::Instant;

use autodidact_games::{Action, Game, Go, Hex, Notation, Turn};

use super::clock::Clock;
use super::command::Command;
use crate::Result;
use crate::playable::Playable;
use crate::recipe::Recipe;
use crate::session::{Limits, Session};
use crate::setup::{Setup, Size};

/// A game that is played over GTP.
pub trait GtpGame: Playable {
    /// Commands beside those of all games.
    const COMMANDS: &'static [&'static str] = &[];

    /// The empty board.
    ///
    /// # Errors
    /// For sizes that cannot be.
    fn begin(setup: &Setup) -> Result<Self>;

    /// The move that lets the other player move, if there is one.
    fn pass(&self) -> Option<Action> {
        None
    }

    /// The name of a move.
    fn vertex(&self, action: Action) -> String {
        self.action_name(action)
    }

    /// The move that a name means.
    ///
    /// # Errors
    /// For what is no legal move.
    fn read_vertex(&self, name: &str) -> autodidact_games::Result<Action> {
        self.parse_action(name)
    }

    /// The result, if there is one.
    fn final_score(session: &Session<Self>) -> Option<String>;
}

impl GtpGame for Go {
    const COMMANDS: &'static [&'static str] = &["komi"];

    fn begin(setup: &Setup) -> Result<Self> {
        setup.go()
    }

    fn pass(&self) -> Option<Action> {
        Some(Self::pass(self))
    }

    /// Of the board as it stands: all stones live.
    fn final_score(session: &Session<Self>) -> Option<String> {
        session.game().score_text()
    }
}

/// As `HexGui` and its programs speak it: black connects top and bottom, and `swap-pieces` takes over the first stone.
impl GtpGame for Hex {
    fn begin(setup: &Setup) -> Result<Self> {
        setup.hex()
    }

    fn vertex(&self, action: Action) -> String {
        match self.action_name(action) {
            swap if swap == "swap" => "swap-pieces".to_owned(),
            cell => cell,
        }
    }

    fn read_vertex(&self, name: &str) -> autodidact_games::Result<Action> {
        self.parse_action(if name.eq_ignore_ascii_case("swap-pieces") { "swap" } else { name })
    }

    fn final_score(session: &Session<Self>) -> Option<String> {
        let winner = if session.total() > 0.0 { "B+" } else { "W+" };
        (session.game().turn() == Turn::Over).then(|| winner.to_owned())
    }
}

/// How the engine plays.
#[derive(Clone, Debug, PartialEq)]
pub struct Settings {
    /// The board until another one is asked for.
    pub setup: Setup,
    /// How it searches.
    pub recipe: Recipe,
    /// What it may spend on a move, and less where clocks say so.
    pub limits: Limits,
    /// From which all that is drawn follows.
    pub seed: u64,
}

/// Commands of all games.
const COMMANDS: [&str; 15] = [
    "protocol_version",
    "name",
    "version",
    "known_command",
    "list_commands",
    "quit",
    "boardsize",
    "clear_board",
    "play",
    "genmove",
    "undo",
    "showboard",
    "final_score",
    "time_settings",
    "time_left",
];
const SYNTAX: &str = "syntax error";
const ILLEGAL: &str = "illegal move";

/// An answer, or what is wrong.
type Answer = std::result::Result<String, String>;

struct Engine<G: GtpGame> {
    settings: Settings,
    session: Session<G>,
    /// How many moves of the session each command has made.
    made: Vec<usize>,
    /// Black's and white's.
    clocks: [Clock; 2],
}

/// Answers commands until `quit` or the end of the input.
///
/// # Errors
/// For a board that cannot be, and those of reading and writing.
pub fn serve<G: GtpGame>(
    settings: Settings,
    input: &mut impl BufRead,
    output: &mut impl Write,
) -> Result<()> {
    let session = Session::new(G::begin(&settings.setup)?, settings.recipe, settings.seed);
    let mut engine = Engine { settings, session, made: Vec::new(), clocks: [Clock::default(); 2] };
    let mut bytes = Vec::new();
    while input.read_until(b'\n', &mut bytes)? > 0 {
        let command = Command::parse(&String::from_utf8_lossy(&bytes));
        bytes.clear();
        let Some(command) = command else { continue };
        let (sign, text) = match engine.answer(&command) {
            Ok(text) => ('=', text),
            Err(text) => ('?', text.replace('\n', " ")),
        };
        let text = format!("{sign}{} {text}", command.id);
        write!(output, "{}\n\n", text.trim_end())?;
        output.flush()?;
        if command.name == "quit" {
            break;
        }
    }
    Ok(())
}

/// `black` or `white` by any of its names.
fn color(name: Option<&String>) -> std::result::Result<Turn, String> {
    match name.map(|name| name.to_lowercase()).as_deref() {
        Some("b" | "black") => Ok(Turn::First),
        Some("w" | "white") => Ok(Turn::Second),
        _ => Err(SYNTAX.to_owned()),
    }
}

/// Numbers of 0 or more, as many as there must be.
fn numbers<const N: usize>(words: &[String]) -> std::result::Result<[u32; N], String> {
    let numbers: Option<Vec<u32>> = words.iter().map(|word| word.parse().ok()).collect();
    numbers.and_then(|numbers| numbers.try_into().ok()).ok_or_else(|| SYNTAX.to_owned())
}

impl<G: GtpGame> Engine<G> {
    fn answer(&mut self, command: &Command) -> Answer {
        let arguments = command.arguments.as_slice();
        if !Self::knows(&command.name) {
            return Err("unknown command".to_owned());
        }
        match command.name.as_str() {
            "protocol_version" => Ok("2".to_owned()),
            "name" => Ok("Autodidact".to_owned()),
            "version" => Ok(env!("CARGO_PKG_VERSION").to_owned()),
            "known_command" => Ok(arguments.first().is_some_and(|name| Self::knows(name)).to_string()),
            "list_commands" => Ok([&COMMANDS, G::COMMANDS].concat().join("\n")),
            "boardsize" => {
                let [rows] = numbers(arguments)?;
                let size = Some(Size { width: rows as usize, height: rows as usize });
                self.begin(Setup { size, ..self.settings.setup.clone() }, "unacceptable size")
            }
            "clear_board" => self.begin(self.settings.setup.clone(), "cannot clear the board"),
            "komi" => self.komi(arguments),
            "play" => self.play(arguments),
            "genmove" => self.genmove(arguments),
            "undo" => self.undo(),
            "showboard" => Ok(format!("\n{}", self.session.game().draw().trim_end())),
            "final_score" => G::final_score(&self.session).ok_or_else(|| "cannot score".to_owned()),
            "time_settings" => {
                let [main, period, stones] = numbers(arguments)?;
                self.clocks = [Clock::set(main, period, stones); 2];
                Ok(String::new())
            }
            "time_left" => {
                let side = color(arguments.first())?;
                let [seconds, stones] = numbers(&arguments[1..])?;
                self.clocks[usize::from(side == Turn::Second)] = Clock::left(seconds, stones);
                Ok(String::new())
            }
            // The caller ends when it has answered.
            _ => Ok(String::new()),
        }
    }

    fn knows(name: &str) -> bool {
        COMMANDS.contains(&name) || G::COMMANDS.contains(&name)
    }

    /// Begins anew on the board of a setup.
    fn begin(&mut self, setup: Setup, refused: &str) -> Answer {
        let start = G::begin(&setup).map_err(|_| refused.to_owned())?;
        self.settings.setup = setup;
        self.session = Session::new(start, self.settings.recipe, self.settings.seed);
        self.made.clear();
        Ok(String::new())
    }

    /// Another komi, with the moves as they are.
    fn komi(&mut self, arguments: &[String]) -> Answer {
        let komi = match arguments {
            [komi] => komi.parse::<f32>().ok().filter(|komi| komi.is_finite()),
            _ => None,
        };
        let komi = komi.ok_or_else(|| SYNTAX.to_owned())?;
        let made = self.made.clone();
        let moves = self.session.moves().to_vec();
        self.begin(Setup { komi: Some(komi), ..self.settings.setup.clone() }, SYNTAX)?;
        for action in moves {
            self.session.play(action).map_err(|_| ILLEGAL.to_owned())?;
        }
        self.made = made;
        Ok(String::new())
    }

    /// Makes it a player's turn, by a pass of the other one if need be; returns how many moves that took.
    fn give_turn(&mut self, side: Turn) -> std::result::Result<usize, String> {
        if self.session.game().turn() == side {
            return Ok(0);
        }
        let pass = self.session.game().pass().filter(|_| self.session.game().turn() != Turn::Over);
        let pass = pass.ok_or_else(|| format!("{ILLEGAL}: {}", self.session.result_text()))?;
        let _ = self.session.play(pass);
        if self.session.game().turn() == side {
            return Ok(1);
        }
        self.session.undo();
        Err(format!("{ILLEGAL}: it is the other player's turn"))
    }

    /// A move for a player, made by `choose`; what was passed for it is taken back if there is none.
    fn move_of(
        &mut self,
        side: Turn,
        choose: impl FnOnce(&mut Self) -> std::result::Result<Action, String>,
    ) -> Answer {
        let passes = self.give_turn(side)?;
        let chosen = choose(self).and_then(|action| {
            let name = self.session.game().vertex(action);
            self.session.play(action).map_err(|_| ILLEGAL.to_owned())?;
            Ok(name)
        });
        if chosen.is_ok() {
            self.made.push(passes + 1);
        } else {
            (0..passes).for_each(|_| _ = self.session.undo());
        }
        chosen
    }

    /// Whether the game has ended by passes, after which more of them change nothing.
    fn has_ended_by_passes(&self) -> bool {
        self.session.game().turn() == Turn::Over && self.session.game().pass().is_some()
    }

    fn play(&mut self, arguments: &[String]) -> Answer {
        let [side, vertex] = arguments else { return Err(SYNTAX.to_owned()) };
        let side = color(Some(side))?;
        if self.has_ended_by_passes() && vertex.eq_ignore_ascii_case("pass") {
            self.made.push(0);
            return Ok(String::new());
        }
        self.move_of(side, |engine| {
            engine.session.game().read_vertex(vertex).map_err(|error| match error {
                autodidact_games::Error::Notation { .. } => SYNTAX.to_owned(),
                _ => ILLEGAL.to_owned(),
            })
        })?;
        Ok(String::new())
    }

    fn genmove(&mut self, arguments: &[String]) -> Answer {
        let side = color(arguments.first())?;
        if self.has_ended_by_passes() {
            self.made.push(0);
            return Ok("pass".to_owned());
        }
        let begun = Instant::now();
        let clock = usize::from(side == Turn::Second);
        let share = self.clocks[clock].share();
        let time = match (share, self.settings.limits.time) {
            (Some(share), Some(time)) => Some(share.min(time)),
            (share, time) => share.or(time),
        };
        let limits = Limits { time, ..self.settings.limits };
        let answer = self.move_of(side, |engine| {
            engine.session.think(limits).map(|found| found.action).map_err(|error| error.to_string())
        });
        self.clocks[clock].spend(begun.elapsed());
        answer
    }

    fn undo(&mut self) -> Answer {
        let made = self.made.pop().ok_or_else(|| "cannot undo".to_owned())?;
        (0..made).for_each(|_| _ = self.session.undo());
        Ok(String::new())
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::name::GameName;

    fn answers(game: GameName, size: usize, lines: &[u8]) -> Vec<String> {
        let size = Some(Size { width: size, height: size });
        let setup = Setup { size, has_swap: game == GameName::Hex, ..Setup::new(game) };
        let settings = Settings { setup, recipe: Recipe::Uct, limits: Limits::simulations(20), seed: 1 };
        let mut output = Vec::new();
        if game == GameName::Hex {
            serve::<Hex>(settings, &mut &lines[..], &mut output).expect("answers");
        } else {
            serve::<Go>(settings, &mut &lines[..], &mut output).expect("answers");
        }
        let text = String::from_utf8(output).expect("text");
        assert!(text.is_empty() || text.ends_with("\n\n"), "{text:?}");
        text.trim_end().split("\n\n").map(str::to_owned).collect()
    }

    #[test]
    fn administration() {
        let lines = b"1 protocol_version\n  # a comment\n\n2 name\nknown_command genmove\nknown_command fly\nfly\n7\nquit\nname\n";
        let told = answers(GameName::Go, 9, lines);
        assert_eq!(
            told,
            ["=1 2", "=2 Autodidact", "= true", "= false", "? unknown command", "?7 unknown command", "="]
        );
        let told = answers(GameName::Go, 9, b"list_commands\n");
        assert!(told[0].starts_with("= protocol_version\n") && told[0].contains("\nkomi"), "{told:?}");
        let told = answers(GameName::Hex, 9, b"list_commands\nkomi 5\n");
        assert!(!told[0].contains("komi") && told[1] == "? unknown command", "{told:?}");
    }

    #[test]
    fn moves_of_go() {
        let lines = b"boardsize 5\nclear_board\nkomi 0.5\nplay b C3\nplay B C3\nplay black c4\nplay w pass\nfinal_score\nshowboard\nundo\nundo\nundo\nundo\nboardsize 30\nplay b Z9\nplay red C3\nplay b\nkomi x\n";
        let told = answers(GameName::Go, 9, lines);
        assert_eq!(told[..8], ["=", "=", "=", "=", "? illegal move", "=", "=", "= B+24.5"]);
        assert_eq!(
            told[8],
            "= \n 5 . . . . .\n 4 . . X . .\n 3 . . X . .\n 2 . . . . .\n 1 . . . . .\n   A B C D E",
        );
        assert_eq!(
            told[9..],
            [
                "=",
                "=",
                "=",
                "? cannot undo",
                "? unacceptable size",
                "? syntax error",
                "? syntax error",
                "? syntax error",
                "? syntax error"
            ]
        );
    }

    #[test]
    fn a_move_is_found_and_passes_end_the_game() {
        let lines = b"genmove b\ngenmove w\ntime_settings 0 5 1\ntime_left b 1 1\ngenmove b\nplay w pass\nplay b pass\ngenmove w\nplay b A1\nplay b pass\nundo\nundo\nundo\ntime_left x 1 1\n";
        let told = answers(GameName::Go, 5, lines);
        assert!(
            told.iter().take(12).enumerate().all(|(index, answer)| (index == 8) == answer.starts_with('?')),
            "{told:?}"
        );
        assert_eq!(told[7], "= pass");
        assert!(told[8].starts_with("? illegal move"), "{told:?}");
        assert_eq!(told[13], "? syntax error");
    }

    #[test]
    fn moves_of_hex() {
        let lines = b"play b a3\nplay w swap-pieces\nplay w a1\nplay b a1\nfinal_score\ngenmove w\nundo\nplay white pass\n";
        let told = answers(GameName::Hex, 3, lines);
        assert_eq!(told[..2], ["=", "="]);
        assert!(told[2].starts_with("? illegal move"), "{told:?}");
        assert_eq!(told[3..5], ["=", "? cannot score"]);
        assert!(told[5].starts_with("= "), "{told:?}");
        assert_eq!(told[6..], ["=", "? syntax error"]);
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(64))]

        #[test]
        fn any_bytes_are_answered(lines in proptest::collection::vec(any::<u8>(), 0..300)) {
            answers(GameName::Go, 3, &lines);
        }

        #[test]
        fn commands_have_one_answer_each(lines in proptest::collection::vec(
            "([0-9]{1,20} )?(play|genmove|undo|komi|boardsize|clear_board|final_score|showboard|time_left|time_settings|known_command|é)( (b|w|black|pass|[A-Ta-t][0-9]{1,2}|swap-pieces|-?[0-9.]{1,12}|nan|é)){0,4}", 0..30)) {
            for game in [GameName::Go, GameName::Hex] {
                let told = answers(game, 3, lines.join("\n").as_bytes());
                prop_assert_eq!(told.len(), lines.len().max(1));
                for (line, answer) in lines.iter().zip(told) {
                    let id: String = line.chars().take_while(char::is_ascii_digit).collect();
                    let right = [format!("={id}"), format!("?{id}")];
                    prop_assert!(right.iter().any(|start| answer.starts_with(start)), "{} {}", line, answer);
                }
            }
        }
    }
}
