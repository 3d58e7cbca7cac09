//! A game against the search, line by line.

use std::io::{BufRead, Write};

use autodidact_games::Turn;
use rand::SeedableRng;
use rand_xoshiro::Xoshiro256PlusPlus;

use crate::Result;
use crate::line::{draw_chance, read_move};
use crate::opinion::{Opinion, table};
use crate::playable::Playable;
use crate::session::{Limits, Session};

/// Who makes the first move.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Beginner {
    /// The person.
    Person,
    /// The search; in a game for one it plays alone.
    Search,
}

/// How a game against the search goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Match {
    /// What the search may spend on a move.
    pub limits: Limits,
    /// Who begins.
    pub beginner: Beginner,
    /// From which all that chance draws follows.
    pub seed: u64,
    /// Whether the search tells what it thinks of its moves.
    pub tells: bool,
}

/// How a game stopped.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ending {
    /// By its rules.
    Over,
    /// By the person, or because nothing came in any more.
    Quit,
}

/// Moves that the search tells of after its own.
const TOLD: usize = 10;
const HELP: &str = "Type a move, or
  hint    what the search thinks of every move
  moves   the legal moves
  undo    take your last move back, and the answer to it
  board   draw the board again
  quit    stop";

/// What a line asks for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Wish<'a> {
    Nothing,
    Hint,
    Moves,
    Undo,
    Board,
    Help,
    Quit,
    Move(&'a str),
}

fn wish(line: &str) -> Wish<'_> {
    let line = line.trim();
    match line.to_lowercase().as_str() {
        "" => Wish::Nothing,
        "hint" => Wish::Hint,
        "moves" => Wish::Moves,
        "undo" => Wish::Undo,
        "board" => Wish::Board,
        "help" | "?" => Wish::Help,
        "quit" | "exit" => Wish::Quit,
        _ => Wish::Move(line),
    }
}

/// Plays on until the game is over, the person quits or the input ends.
///
/// # Errors
/// Those of the search, and of reading and writing.
pub fn play<G: Playable>(
    mut session: Session<G>,
    settings: &Match,
    input: &mut impl BufRead,
    output: &mut impl Write,
) -> Result<Ending> {
    let mut rng = Xoshiro256PlusPlus::seed_from_u64(settings.seed);
    let person = if settings.beginner == Beginner::Person { Turn::First } else { Turn::Second };
    if G::IS_FOR_TWO {
        let sides = if person == Turn::First { G::SIDES } else { [G::SIDES[1], G::SIDES[0]] };
        writeln!(
            output,
            "You are {}, the search is {}. `help` lists what you can type.",
            sides[0], sides[1]
        )?;
    }
    writeln!(output, "\n{}", session.game().draw())?;
    loop {
        let turn = session.game().turn();
        match turn {
            Turn::Over => {
                writeln!(output, "The game is over: {}.", session.result_text())?;
                return Ok(Ending::Over);
            }
            Turn::Chance => {
                let action = draw_chance(session.game(), &mut rng);
                writeln!(output, "Chance: {}", session.game().action_name(action))?;
                session.play(action)?;
                if session.game().turn() != Turn::Chance {
                    writeln!(output, "\n{}", session.game().draw())?;
                }
            }
            turn if turn == person => {
                if !ask(&mut session, settings, person, input, output)? {
                    writeln!(output, "Stopped after {} moves.", session.moves().len())?;
                    return Ok(Ending::Quit);
                }
            }
            Turn::First | Turn::Second => answer(&mut session, settings, output)?,
        }
    }
}

/// The search's move.
fn answer<G: Playable>(session: &mut Session<G>, settings: &Match, output: &mut impl Write) -> Result<()> {
    let found = session.think(settings.limits)?;
    let game = session.game();
    if settings.tells {
        writeln!(output, "{}", table(&Opinion::of(game, &found), TOLD))?;
    }
    let certain = match found.bounds {
        Some([low, high]) if low == high => ", for certain",
        _ => "",
    };
    let name = game.action_name(found.action);
    writeln!(output, "The search plays {name} (value {:+.3}{certain}).", found.value)?;
    session.play(found.action)?;
    Ok(writeln!(output, "\n{}", session.game().draw())?)
}

/// Reads lines until the person has moved; false if there will be no move any more.
fn ask<G: Playable>(
    session: &mut Session<G>,
    settings: &Match,
    person: Turn,
    input: &mut impl BufRead,
    output: &mut impl Write,
) -> Result<bool> {
    let mut bytes = Vec::new();
    loop {
        write!(output, "Your move: ")?;
        output.flush()?;
        bytes.clear();
        if input.read_until(b'\n', &mut bytes)? == 0 {
            writeln!(output)?;
            return Ok(false);
        }
        let line = String::from_utf8_lossy(&bytes);
        match wish(&line) {
            Wish::Nothing => {}
            Wish::Quit => return Ok(false),
            Wish::Help => writeln!(output, "{HELP}")?,
            Wish::Board => writeln!(output, "\n{}", session.game().draw())?,
            Wish::Moves => {
                let mut actions = Vec::new();
                session.game().legal_actions(&mut actions);
                let names: Vec<String> =
                    actions.iter().map(|action| session.game().action_name(*action)).collect();
                writeln!(output, "{}", names.join(" "))?;
            }
            Wish::Hint => {
                let found = session.think(settings.limits)?;
                writeln!(output, "{}", table(&Opinion::of(session.game(), &found), usize::MAX))?;
                writeln!(output, "The search would play {}.", session.game().action_name(found.action))?;
            }
            Wish::Undo => {
                if session.take_back(person) {
                    writeln!(output, "\n{}", session.game().draw())?;
                } else {
                    writeln!(output, "You have made no move yet.")?;
                }
            }
            Wish::Move(name) => match read_move(session.game(), name) {
                Ok(action) => {
                    session.play(action)?;
                    writeln!(output, "\n{}", session.game().draw())?;
                    return Ok(true);
                }
                Err(reason) => writeln!(output, "`{name}` cannot be played: {reason}.")?,
            },
        }
    }
}

#[cfg(test)]
mod tests {
    use autodidact_games::{ConnectFour, Game2048, Go, Hex, TicTacToe, go::Rules};
    use proptest::prelude::*;

    use super::*;
    use crate::Recipe;

    fn session<G: Playable>(start: G) -> Session<G> {
        Session::new(start, Recipe::Uct, 1)
    }

    fn settings(beginner: Beginner) -> Match {
        Match { limits: Limits::simulations(200), beginner, seed: 1, tells: true }
    }

    fn played<G: Playable>(start: G, beginner: Beginner, lines: &[u8]) -> (Ending, String) {
        let mut output = Vec::new();
        let ending = play(session(start), &settings(beginner), &mut &lines[..], &mut output).expect("a game");
        (ending, String::from_utf8(output).expect("text"))
    }

    #[test]
    fn a_game_is_played_to_its_end() {
        // X wins in one move.
        let start: TicTacToe = "XX- OO- ---".parse().expect("a position");
        let (ending, text) = played(start, Beginner::Person, b"hint\nc1\n");
        assert_eq!(ending, Ending::Over);
        assert!(
            text.contains("The search would play c1.") && text.contains("The game is over: X wins."),
            "{text}"
        );
        // The search is X.
        let (ending, text) = played(start, Beginner::Search, b"");
        assert_eq!(ending, Ending::Over);
        assert!(text.contains("The search plays c1 (value +1.000, for certain)."), "{text}");
    }

    #[test]
    fn moves_are_taken_back_and_mistakes_told() {
        let lines = b"undo\n9\n4\nhint\nundo\n4\nmoves\nhelp\nboard\n\nquit\n4\n";
        let (ending, text) = played(ConnectFour::default(), Beginner::Person, lines);
        assert_eq!(ending, Ending::Quit);
        assert!(text.contains("You have made no move yet."), "{text}");
        assert!(text.contains("`9` cannot be played: "), "{text}");
        assert!(text.contains("Stopped after 2 moves."), "{text}");
        assert_eq!(text.matches("The search plays").count(), 2, "{text}");
    }

    #[test]
    fn games_of_chance_and_with_passes_are_played() {
        let (ending, text) = played(Game2048::default(), Beginner::Person, b"left\nup\nright\nundo\nhint\n");
        assert_eq!(ending, Ending::Quit);
        assert!(text.contains("Chance: 2@") && text.contains("The search would play"), "{text}");
        let go = Go::new(Rules { size: 2, ..Rules::default() }).expect("a board");
        let (ending, text) = played(go, Beginner::Person, b"pass\npass\npass\npass\npass\npass\n");
        assert_eq!(ending, Ending::Over);
        assert!(text.contains("wins, W+"), "{text}");
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(48))]

        #[test]
        fn whatever_is_typed_is_answered(lines in proptest::collection::vec(any::<u8>(), 0..200)) {
            let quick = Match { limits: Limits::simulations(2), ..settings(Beginner::Person) };
            let hex = Hex::new(3, true).expect("a board");
            prop_assert!(play(session(hex), &quick, &mut &lines[..], &mut Vec::new()).is_ok());
        }

        #[test]
        fn whatever_is_wished_is_done(words in proptest::collection::vec("hint|undo|moves|board|[1-7]|[a-h][1-8]", 0..30)) {
            let quick = Match { limits: Limits::simulations(8), ..settings(Beginner::Person) };
            let lines = words.join("\n");
            prop_assert!(play(session(ConnectFour::default()), &quick, &mut lines.as_bytes(), &mut Vec::new()).is_ok());
        }
    }
}
