//! Answering commands.

use std::collections::VecDeque;
use std::io::{self, Write};
use std::ops::ControlFlow;
use std::sync::mpsc::{Receiver, TryRecvError};
use std::time::{Duration, Instant};

use autodidact_games::{Chess, Game, Notation, Turn};
use autodidact_mcts::PolicyOutput;

use super::command::{Command, Go};
use crate::Result;
use crate::line::read_move;
use crate::recipe::Recipe;
use crate::session::{Limits, Session};

/// How the engine plays.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Settings {
    /// How it searches.
    pub recipe: Recipe,
    /// Simulations where `go` says nothing.
    pub simulations: u32,
    /// From which all that is drawn follows.
    pub seed: u64,
}

/// How often a search tells how it goes.
const TELLS: Duration = Duration::from_millis(500);
/// Names of options.
const RECIPE: &str = "Recipe";
const SIMULATIONS: &str = "Simulations";

struct Engine<'a, W> {
    settings: Settings,
    lines: &'a Receiver<String>,
    output: &'a mut W,
    /// Lines that came in during a search.
    queue: VecDeque<String>,
    has_input: bool,
    is_quitting: bool,
    session: Session<Chess>,
    /// The position that was given, so that the next one may follow from it.
    start: Option<String>,
    moves: Vec<String>,
}

/// Answers commands until `quit` or until no more lines come; lines are read while a search runs, so that it can be stopped.
///
/// # Errors
/// Those of the search and of writing.
pub fn serve(settings: Settings, lines: &Receiver<String>, output: &mut impl Write) -> Result<()> {
    let session = Session::new(Chess::default(), settings.recipe, settings.seed);
    let mut engine = Engine {
        settings,
        lines,
        output,
        queue: VecDeque::new(),
        has_input: true,
        is_quitting: false,
        session,
        start: Some("startpos".to_owned()),
        moves: Vec::new(),
    };
    while !engine.is_quitting {
        let line = match engine.queue.pop_front() {
            Some(line) => line,
            None => match engine.lines.recv() {
                Ok(line) => line,
                Err(_) => break,
            },
        };
        engine.answer(Command::parse(&line))?;
    }
    Ok(())
}

/// A chess game that has ended in a draw by its history, which a graphical interface may ignore, as it goes on: the same board,
/// with nothing before it.
fn after_draw(game: &Chess) -> Option<Chess> {
    if game.turn() != Turn::Over {
        return None;
    }
    let fen = game.fen();
    let mut fields: Vec<&str> = fen.split(' ').collect();
    *fields.get_mut(4)? = "0";
    fields.join(" ").parse().ok().filter(|game: &Chess| game.turn() != Turn::Over)
}

impl<W: Write> Engine<'_, W> {
    fn tell(&mut self, line: &str) -> io::Result<()> {
        writeln!(self.output, "{line}")?;
        self.output.flush()
    }

    fn answer(&mut self, command: Command) -> Result<()> {
        match command {
            Command::Uci => self.introduce()?,
            Command::IsReady => self.tell("readyok")?,
            Command::NewGame => self.begin(Chess::default(), Some("startpos")),
            Command::SetOption { name, value } => self.set(&name, &value)?,
            Command::Position { start, moves } => {
                if let Err(reason) = self.position(&start, moves) {
                    self.tell(&format!("info string error: {}", reason.replace(['\n', '\r'], " ")))?;
                }
            }
            Command::Go(go) => self.go(&go)?,
            Command::Quit => self.is_quitting = true,
            Command::Stop | Command::Ignored => {}
            Command::Unknown(line) => self.tell(&format!("info string error: unknown command: {line}"))?,
        }
        Ok(())
    }

    fn introduce(&mut self) -> io::Result<()> {
        let names: Vec<String> = Recipe::all().map(|recipe| format!("var {recipe}")).collect();
        let Settings { recipe, simulations, .. } = self.settings;
        self.tell(&format!("id name Autodidact {}", env!("CARGO_PKG_VERSION")))?;
        self.tell("id author The Autodidact developers")?;
        self.tell(&format!("option name {RECIPE} type combo default {recipe} {}", names.join(" ")))?;
        self.tell(&format!(
            "option name {SIMULATIONS} type spin default {simulations} min 1 max 1000000000"
        ))?;
        self.tell("uciok")
    }

    fn begin(&mut self, game: Chess, start: Option<&str>) {
        self.session = Session::new(game, self.settings.recipe, self.settings.seed);
        self.start = start.map(str::to_owned);
        self.moves.clear();
    }

    fn set(&mut self, name: &str, value: &str) -> io::Result<()> {
        let wrong = if name.eq_ignore_ascii_case(RECIPE) {
            match value.parse() {
                Ok(recipe) => {
                    self.settings.recipe = recipe;
                    // A tree of another recipe is not gone on with.
                    let game = self.session.game().clone();
                    self.begin(game, None);
                    None
                }
                Err(error) => Some(error.to_string()),
            }
        } else if name.eq_ignore_ascii_case(SIMULATIONS) {
            match value.parse() {
                Ok(count @ 1..=1_000_000_000) => {
                    self.settings.simulations = count;
                    None
                }
                _ => Some(format!("{SIMULATIONS} is `{value}`, expected 1 to 1000000000")),
            }
        } else {
            Some(format!("there is no option `{name}`; options are {RECIPE} and {SIMULATIONS}"))
        };
        match wrong {
            Some(reason) => self.tell(&format!("info string error: {reason}")),
            None => Ok(()),
        }
    }

    /// Goes to a position, from the present one if it leads there; all stays as it was if it cannot be.
    fn position(&mut self, start: &str, moves: Vec<String>) -> std::result::Result<(), String> {
        let follows = self.start.as_deref() == Some(start) && moves.starts_with(&self.moves);
        let (mut game, known) = if follows {
            (self.session.game().clone(), self.moves.len())
        } else {
            let game: Chess = start.parse().map_err(|error: autodidact_games::Error| error.to_string())?;
            (game, 0)
        };
        let mut fresh = (!follows).then(|| game.clone());
        let mut actions = Vec::new();
        for (index, name) in moves.iter().enumerate().skip(known) {
            if let Some(again) = after_draw(&game) {
                game = again;
                fresh = Some(game.clone());
                actions.clear();
            }
            let action = read_move(&game, name)
                .map_err(|reason| format!("half-move {}, `{name}`, cannot be played: {reason}", index + 1))?;
            game.play(action);
            actions.push(action);
        }
        if let Some(game) = fresh {
            self.begin(game, Some(start));
        }
        for action in actions {
            self.session.play(action).map_err(|error| error.to_string())?;
        }
        self.moves = moves;
        Ok(())
    }

    fn go(&mut self, go: &Go) -> Result<()> {
        if let Some(again) = after_draw(self.session.game()) {
            self.begin(again, None);
        }
        let game = self.session.game().clone();
        if game.turn() == Turn::Over {
            let score = if self.session.total() == 0.0 { "cp 0" } else { "mate 0" };
            self.tell(&format!("info depth 0 score {score}"))?;
            return Ok(self.tell("bestmove (none)")?);
        }
        let time = go.time(usize::from(game.turn() == Turn::Second));
        let simulations = match go.nodes {
            Some(nodes) if !go.is_infinite => nodes,
            _ if go.is_infinite || go.is_limited() => u32::MAX,
            _ => self.settings.simulations,
        };
        let begun = Instant::now();
        let mut told = begun;
        // The search borrows the session; what comes in is heard by the rest.
        let seed = self.settings.seed;
        let empty = Session::new(Chess::default(), self.settings.recipe, seed);
        let mut session = std::mem::replace(&mut self.session, empty);
        let mut failure = Ok(());
        let mut is_stopped = false;
        let found = session.think_while(Limits { simulations, time }, |output| {
            failure = self.listen(&mut is_stopped).and_then(|()| {
                if told.elapsed() >= TELLS {
                    told = Instant::now();
                    self.tell(&info(&game, output, begun.elapsed()))?;
                }
                Ok(())
            });
            let is_deep = !go.is_infinite && go.depth.is_some_and(|depth| output.depth >= depth);
            if failure.is_err() || is_stopped || is_deep {
                ControlFlow::Break(())
            } else {
                ControlFlow::Continue(())
            }
        });
        self.session = session;
        failure?;
        let found = found?;
        self.tell(&info(&game, &found, begun.elapsed()))?;
        // A search without limits that has found everything still waits to be stopped.
        while go.is_infinite && !is_stopped && self.has_input {
            match self.lines.recv() {
                Ok(line) => self.hear(line, &mut is_stopped)?,
                Err(_) => self.has_input = false,
            }
        }
        Ok(self.tell(&format!("bestmove {}", game.action_name(found.action)))?)
    }

    /// Takes what has come in during a search.
    fn listen(&mut self, is_stopped: &mut bool) -> io::Result<()> {
        loop {
            match self.lines.try_recv() {
                Ok(line) => self.hear(line, is_stopped)?,
                Err(TryRecvError::Empty) => return Ok(()),
                Err(TryRecvError::Disconnected) => {
                    self.has_input = false;
                    return Ok(());
                }
            }
        }
    }

    /// What ends a search ends it, what asks for life is answered, and the rest waits.
    fn hear(&mut self, line: String, is_stopped: &mut bool) -> io::Result<()> {
        match Command::parse(&line) {
            Command::Stop => *is_stopped = true,
            Command::Quit => {
                *is_stopped = true;
                self.is_quitting = true;
            }
            Command::IsReady => return self.tell("readyok"),
            _ => self.queue.push_back(line),
        }
        Ok(())
    }
}

/// How a search goes. The score in hundredths of a pawn is `400 log₁₀(w / (1 − w))` for the expected share of points `w`
/// (<https://www.chessprogramming.org/Pawn_Advantage,_Win_Percentage,_and_Elo>).
fn info(game: &Chess, output: &PolicyOutput, elapsed: Duration) -> String {
    let share = f64::midpoint(output.value.into(), 1.0).clamp(1e-6, 1.0 - 1e-6);
    let score = (400.0 * (share / (1.0 - share)).log10()).round();
    let visits: u32 = output.visits.iter().sum();
    let per_second = f64::from(visits) / elapsed.as_secs_f64().max(1e-3);
    format!(
        "info depth {} nodes {visits} nps {per_second:.0} time {} score cp {score} pv {}",
        output.depth.max(1),
        elapsed.as_millis(),
        game.action_name(output.action)
    )
}

#[cfg(test)]
mod tests {
    use std::sync::mpsc::channel;

    use proptest::prelude::*;

    use super::*;

    /// Sends what is written to whoever waits for it.
    struct Lines(std::sync::mpsc::Sender<Vec<u8>>);
    impl Write for Lines {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            self.0.send(bytes.to_vec()).map_err(io::Error::other)?;
            Ok(bytes.len())
        }
        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    fn answers(lines: &[&str]) -> Vec<String> {
        let (sender, receiver) = channel();
        for line in lines {
            sender.send((*line).to_owned()).expect("it listens");
        }
        drop(sender);
        let settings = Settings { recipe: Recipe::Uct, simulations: 40, seed: 1 };
        let mut output = Vec::new();
        serve(settings, &receiver, &mut output).expect("answers");
        String::from_utf8(output).expect("text").lines().map(str::to_owned).collect()
    }

    fn best_moves(lines: &[&str]) -> Vec<String> {
        let told = answers(lines);
        told.iter().filter_map(|line| line.strip_prefix("bestmove ").map(str::to_owned)).collect()
    }

    #[test]
    fn it_introduces_itself() {
        let told = answers(&["uci", "isready", "quit", "uci"]);
        assert!(told[0].starts_with("id name Autodidact"), "{told:?}");
        assert_eq!(told[told.len() - 2..], ["uciok", "readyok"]);
        assert_eq!(told.iter().filter(|line| *line == "uciok").count(), 1);
    }

    #[test]
    fn a_mate_in_one_is_found() {
        let position = "position startpos moves f2f3 e7e5 g2g4";
        assert_eq!(best_moves(&[position, "go nodes 2000"]), ["d8h4"]);
        let fen = "position fen 6k1/5ppp/8/8/8/8/8/R3K3 w Q - 0 1";
        for recipe in Recipe::all() {
            let option = format!("setoption name Recipe value {recipe}");
            assert_eq!(best_moves(&[&option, fen, "go nodes 1000"]), ["a1a8"], "{recipe}");
        }
    }

    #[test]
    fn every_limit_ends_a_search() {
        for go in [
            "go",
            "go movetime 60",
            "go depth 2",
            "go wtime 900 btime 900 winc 10 binc 10",
            "go wtime 900 movestogo 3",
            "go searchmoves e2e4 nodes 10",
            "go infinite",
            "go wtime -3",
            "go ponder wtime 100",
        ] {
            let moves = best_moves(&["position startpos", go, "stop"]);
            assert_eq!(moves.len(), 1, "{go}");
            assert!(Chess::default().parse_action(&moves[0]).is_ok(), "{go}: {moves:?}");
        }
        // Without `stop`, the end of the input ends what has a limit, after it was made.
        let told = answers(&["position startpos", "go nodes 100"]);
        assert!(told.iter().any(|line| line.contains(" nodes 100 ")), "{told:?}");
    }

    #[test]
    fn a_search_is_stopped_while_it_runs() {
        let (sender, receiver) = channel();
        let (told, heard) = channel();
        let engine = std::thread::spawn(move || {
            let settings = Settings { recipe: Recipe::AlphaZero, simulations: 40, seed: 1 };
            serve(settings, &receiver, &mut Lines(told))
        });
        let mut text = String::new();
        let mut wait_for = |wanted: &str| {
            while !text.contains(wanted) {
                let bytes = heard.recv_timeout(Duration::from_mins(1)).expect(wanted);
                text.push_str(&String::from_utf8_lossy(&bytes));
            }
            text.clone()
        };
        for line in ["position startpos", "go infinite", "isready"] {
            sender.send(line.to_owned()).expect("it listens");
        }
        assert!(!wait_for("readyok").contains("bestmove"));
        sender.send("stop".to_owned()).expect("it listens");
        wait_for("bestmove");
        sender.send("quit".to_owned()).expect("it listens");
        engine.join().expect("no panic").expect("no error");
    }

    #[test]
    fn what_cannot_be_is_told_and_changes_nothing() {
        let told = answers(&[
            "position startpos moves e2e4 e2e4",
            "position fen nonsense",
            "position",
            "castle",
            "position startpos moves",
            "setoption name Recipe value uctt",
            "setoption name Simulations value 0",
            "setoption name X value 1",
            "go nodes 5",
        ]);
        let errors: Vec<&String> =
            told.iter().filter(|line| line.starts_with("info string error: ")).collect();
        assert_eq!(errors.len(), 7, "{told:?}");
        assert!(errors[0].contains("half-move 2, `e2e4`"), "{errors:?}");
        assert!(errors[4].contains("did you mean `uct`?"), "{errors:?}");
        assert!(told.last().is_some_and(|line| line.starts_with("bestmove ")), "{told:?}");
    }

    #[test]
    fn games_that_are_over_or_drawn_by_history_are_answered() {
        let mate = "position startpos moves f2f3 e7e5 g2g4 d8h4";
        assert_eq!(answers(&[mate, "go"]), ["info depth 0 score mate 0", "bestmove (none)"]);
        let stalemate = "position fen 7k/5Q2/6K1/8/8/8/8/8 b - - 0 1";
        assert_eq!(answers(&[stalemate, "go"]), ["info depth 0 score cp 0", "bestmove (none)"]);
        let dance = "position startpos moves g1f3 g8f6 f3g1 f6g8 g1f3 g8f6 f3g1 f6g8 g1f3 g8f6";
        let told = answers(&[dance, "go nodes 20"]);
        assert!(told.last().is_some_and(|line| !line.contains("none")), "{told:?}");
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(64))]

        #[test]
        fn any_lines_are_answered(lines in proptest::collection::vec(any::<String>(), 0..20)) {
            answers(&lines.iter().map(String::as_str).collect::<Vec<_>>());
        }

        #[test]
        fn commands_of_all_kinds_are_answered(lines in proptest::collection::vec(
            "(uci|isready|ucinewgame|stop|debug on|go nodes [0-9]{1,2}|go depth 1|go movetime [0-9]|position startpos( moves( [a-h][1-8][a-h][1-8][qn]?){0,3})?|position fen [rnbqkpRNBQKP1-8/]{1,30} [wb] [KQkq-]{1,4} - [0-9]{1,3} [0-9]|setoption name (Recipe|Simulations|é) value (uct|all|7|é))", 0..20)) {
            let told = answers(&lines.iter().map(String::as_str).collect::<Vec<_>>());
            let gone = lines.iter().filter(|line| line.starts_with("go")).count();
            prop_assert_eq!(told.iter().filter(|line| line.starts_with("bestmove")).count(), gone);
        }
    }
}
