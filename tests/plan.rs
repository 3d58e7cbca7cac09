//! `autodidact plan`: each verb once, wrong use, and the protocols driven over pipes.

use std::fs;
use std::io::{BufRead, BufReader, Write};
use std::process::{Child, ChildStdin, Command, Output, Stdio};
use std::sync::mpsc::{Receiver, channel};
use std::time::Duration;

fn plan(arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_autodidact"));
    command.arg("plan").args(arguments).stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    command
}

/// What comes of a command that is typed this.
fn typed(arguments: &[&str], input: &str) -> Output {
    let mut child = plan(arguments).spawn().expect("the program starts");
    child.stdin.take().expect("a pipe").write_all(input.as_bytes()).expect("it reads");
    child.wait_with_output().expect("it ends")
}

fn stdout(output: &Output) -> String {
    assert_eq!(output.status.code(), Some(0), "{}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout.clone()).expect("text")
}

fn json(arguments: &[&str]) -> serde_json::Value {
    let text = stdout(&typed(&[arguments, &["--json", "--quiet"]].concat(), ""));
    serde_json::from_str(&text).unwrap_or_else(|error| panic!("{error}: {text}"))
}

/// A program that answers lines while it runs.
struct Talk {
    child: Child,
    input: Option<ChildStdin>,
    lines: Receiver<String>,
}

impl Talk {
    fn with(arguments: &[&str]) -> Self {
        let mut child = plan(arguments).spawn().expect("the program starts");
        let (sender, lines) = channel();
        let output = BufReader::new(child.stdout.take().expect("a pipe"));
        std::thread::spawn(move || {
            for line in output.lines().map_while(Result::ok) {
                if sender.send(line).is_err() {
                    break;
                }
            }
        });
        let input = child.stdin.take();
        Self { child, input, lines }
    }

    fn say(&mut self, line: &str) {
        let input = self.input.as_mut().expect("it is open");
        writeln!(input, "{line}").expect("it reads");
    }

    fn next(&self) -> String {
        self.lines.recv_timeout(Duration::from_mins(2)).expect("an answer")
    }

    /// Lines up to the first that begins so.
    fn hear(&self, start: &str) -> Vec<String> {
        let mut heard = vec![self.next()];
        while !heard[heard.len() - 1].starts_with(start) {
            heard.push(self.next());
        }
        heard
    }

    /// The first line of an answer over GTP, which ends with an empty one.
    fn ask(&mut self, line: &str) -> String {
        self.say(line);
        let first = self.next();
        let mut last = first.clone();
        while !last.is_empty() {
            last = self.next();
        }
        first
    }

    fn end(mut self) -> Option<i32> {
        self.input = None;
        self.child.wait().expect("it ends").code()
    }
}

#[test]
fn a_position_is_searched() {
    let game = ["search", "--game", "connect4", "--moves", "4453", "--simulations", "300"];
    for recipe in ["uct", "alpha-zero", "act", "search", "learn", "all", "gumbel"] {
        let found = json(&[&game[..], &["--recipe", recipe]].concat());
        assert_eq!(found["version"], 1);
        let actions = found["actions"].as_array().expect("actions");
        assert_eq!(actions.len(), 7);
        for share in ["prior", "pi_hat", "pi_bar"] {
            let sum: f64 = actions.iter().map(|action| action[share].as_f64().expect("a share")).sum();
            assert!((sum - 1.0).abs() < 1e-4, "{recipe} {share} {sum}");
        }
        let visits: u64 = actions.iter().map(|action| action["visits"].as_u64().expect("a count")).sum();
        assert_eq!(visits, 300, "{recipe}");
        assert!(actions.iter().any(|action| action["action"] == found["best"]), "{found}");
    }
    let again = [&game[..], &["--seed", "5"]].concat();
    let strip = |mut found: serde_json::Value| {
        found["seconds"] = serde_json::Value::Null;
        found
    };
    assert_eq!(strip(json(&again)), strip(json(&again)));
    let text = stdout(&typed(&game, ""));
    assert!(text.contains("X to move") && text.contains("..OXX..") && text.contains("pi_bar"), "{text}");
}

#[test]
fn every_game_is_searched() {
    for game in ["tic-tac-toe", "connect4", "othello", "hex", "go", "chess", "2048"] {
        let found = json(&["search", "--game", game, "--simulations", "20"]);
        assert_eq!(found["game"], game);
        assert!(found["best"].is_string(), "{found}");
    }
    let mate = json(&["search", "--game", "chess", "--moves", "f2f3 e7e5 g2g4", "--simulations", "2000"]);
    assert_eq!((&mate["best"], &mate["ended"]), (&"d8h4".into(), &"decided".into()), "{mate}");
    let fen = "6k1/5ppp/8/8/8/8/8/R3K3 w Q - 0 1";
    let timed = json(&["search", "--game", "chess", "--position", fen, "--time", "20"]);
    assert_eq!(timed["best"], "a1a8", "{timed}");
}

#[test]
fn a_network_is_trained_and_used() {
    let folder = tempfile::tempdir().expect("a scratch folder");
    let run = folder.path().join("run");
    let run = run.to_str().expect("text");
    let start = ["train", "--game", "tic-tac-toe", "--out", run];
    let short = [
        "iterations=4",
        "games=8",
        "moves=4",
        "warmup_positions=16",
        "network.width=8",
        "evaluation.every=2",
    ];
    let settings = short.iter().flat_map(|setting| ["--set", setting]);
    let start: Vec<&str> = start.into_iter().chain(settings).collect();
    let summary = json(&[&start[..], &["--set", "evaluation.games=4"]].concat());
    assert_eq!((&summary["game"], &summary["iterations"]), (&"tic-tac-toe".into(), &4.into()), "{summary}");
    assert_eq!(summary["ratings"].as_array().map(Vec::len), Some(2), "{summary}");
    let within = |name: &str| folder.path().join("run").join(name);
    for name in [
        "network.safetensors",
        "pool/000002.safetensors",
        "ratings.json",
        "figures/strength.png",
        "game.json",
    ] {
        assert!(within(name).is_file(), "{name}");
    }
    // All is done: a continuation changes nothing.
    let again = json(&["train", "--out", run, "--resume"]);
    assert_eq!((&again["games"], &again["steps"]), (&summary["games"], &summary["steps"]));

    let network = within("network.safetensors");
    let network = network.to_str().expect("text");
    let found = json(&["search", "--game", "tic-tac-toe", "--network", network, "--simulations", "30"]);
    assert_eq!((&found["recipe"], &found["evaluator"]), (&"alpha-zero".into(), &"network".into()), "{found}");
    let outcome = json(&[
        "match",
        "--game",
        "tic-tac-toe",
        "--first-recipe",
        "gumbel",
        "--second-recipe",
        "uct",
        "--first-network",
        network,
        "--games",
        "2",
        "--simulations",
        "20",
    ]);
    assert_eq!((&outcome["first"]["network"], &outcome["second"]["network"]), (&true.into(), &false.into()));
    for (arguments, code, told) in [
        (&["search", "--game", "hex", "--network", network][..], 2, "the network is for tic-tac-toe"),
        (&["search", "--game", "hex", "--network", "nothing.safetensors"], 1, "nothing.safetensors"),
        (&["search", "--game", "hex", "--network", "Cargo.toml"], 1, "is no network of a game"),
        (&["train", "--game", "2048"], 2, "a game for one"),
        (&["train", "--game", "hex", "--set", "iteration=5"], 2, "did you mean `iterations`?"),
        (&["train", "--game", "hex", "--set", "games=0"], 2, "`games` is 0"),
        (&["train", "--game", "hex", "--preset", "quik"], 2, "did you mean `quick`?"),
        (&["train", "--out", run, "--game", "hex"], 2, "already exists"),
        (&["train", "--out", run, "--resume", "--swap"], 2, "cannot be used with"),
        (&["train", "--game", "2048", "--dry-run"], 2, "a game for one"),
        (&["search", "--game", "hex", "--network", "builtin"], 2, "no built-in network for hex"),
        (
            &[
                "match",
                "--game",
                "hex",
                "--first-recipe",
                "uct",
                "--second-recipe",
                "all",
                "--first-network",
                "builtin",
            ],
            2,
            "no built-in network for hex",
        ),
    ] {
        let output = typed(arguments, "");
        let stderr = String::from_utf8_lossy(&output.stderr);
        assert_eq!(output.status.code(), Some(code), "{arguments:?}: {stderr}");
        assert!(stderr.contains(told), "{arguments:?}: {stderr}");
    }
}

/// X wins with column 4, and O, who is to move, has to stop it there.
#[test]
fn connect_four_has_a_network_of_its_own() {
    let game = ["search", "--game", "connect4", "--moves", "11223", "--simulations", "64"];
    let found = json(&game);
    assert_eq!((&found["best"], &found["evaluator"]), (&"4".into(), &"network".into()), "{found}");
    let plain = json(&[&game[..], &["--network", "none"]].concat());
    assert_eq!((&plain["recipe"], &plain["evaluator"]), (&"uct".into(), &"random games".into()), "{plain}");

    let folder = tempfile::tempdir().expect("a scratch folder");
    let path = folder.path().join("positions.txt");
    fs::write(&path, "11223 -1\n112233 18\n2252576253462244111563365343671351441 -1\n").expect("written");
    let path = path.to_str().expect("text");
    let marks = json(&["evaluate", "--positions", path]);
    let total = &marks["total"];
    assert_eq!(
        (&total["search"]["positions"], &total["raw"]["positions"]),
        (&3.into(), &3.into()),
        "{marks}"
    );
    assert_eq!(total["search"]["outcome_kept"], 3, "{marks}");
    let plain = json(&["evaluate", "--positions", path, "--network", "none", "--recipe", "uct"]);
    assert!(plain["total"]["raw"].is_null(), "{plain}");
    fs::write(path, "49 1\n").expect("written");
    let output = typed(&["evaluate", "--positions", path], "");
    assert_eq!(output.status.code(), Some(2));
    assert!(String::from_utf8_lossy(&output.stderr).contains("line 1 is no solved position"));
}

#[test]
fn the_tree_is_written() {
    let folder = tempfile::tempdir().expect("a scratch folder");
    for (name, start) in [("tree.dot", "digraph tree {"), ("tree.json", "{\"nodes\":[{")] {
        let path = folder.path().join(name);
        let path = path.to_str().expect("text");
        let arguments = ["search", "--game", "tic-tac-toe", "--simulations", "50", "--tree", path];
        stdout(&typed(&arguments, ""));
        assert!(fs::read_to_string(path).expect("the tree").starts_with(start), "{name}");
        let taken = typed(&arguments, "");
        assert_eq!(taken.status.code(), Some(2), "the place is taken");
    }
}

#[test]
fn wrong_use_is_told_with_code_2() {
    for (arguments, told) in [
        (&["search", "--game", "conect4"][..], "did you mean `connect4`?"),
        (&["search", "--game", "go", "--recipe", "utc"], "did you mean `uct`?"),
        (&["search", "--game", "connect4", "--moves", "4459"], "move 4, `9`"),
        (&["search", "--game", "chess", "--moves", "e2e4 e2e4"], "move 2, `e2e4`"),
        (&["search", "--game", "connect4", "--moves", "1212121"], "the game is over (X wins)"),
        (&["search", "--game", "connect4", "--size", "99x99"], "99 × 99"),
        (&["search", "--game", "connect4", "--size", "big"], "no size of a board"),
        (&["search", "--game", "chess", "--size", "9"], "chess has no other size"),
        (&["search", "--game", "chess", "--position", "8/8"], "cannot read"),
        (&["search", "--game", "go", "--simulations", "0"], "--simulations"),
        (&["search", "--game", "go", "--time", "nan"], "expected seconds"),
        (&["search", "--game", "hex", "--tree", "tree.png"], "has to end in .dot or .json"),
        (&["match", "--game", "2048", "--first-recipe", "uct", "--second-recipe", "all"], "a game for one"),
        (&["play", "--game", "hex", "--komi", "1"], "hex has no komi"),
        (&["gtp", "--game", "chess"], "invalid value 'chess'"),
        (&["gtp", "--game", "go", "--size", "30"], "2 to 19"),
        (&["uci", "--recipe", "x"], "choose one of"),
        (&["bench", "--game", "go", "--repeats", "0"], "--repeats"),
    ] {
        let output = typed(arguments, "");
        let stderr = String::from_utf8_lossy(&output.stderr);
        assert_eq!(output.status.code(), Some(2), "{arguments:?}: {stderr}");
        assert!(stderr.contains(told), "{arguments:?}: {stderr}");
        assert!(output.stdout.is_empty(), "{arguments:?}");
    }
}

#[test]
fn a_game_is_played_in_the_terminal() {
    let game = ["play", "--game", "tic-tac-toe", "--position", "XX- OO- ---"];
    let text = stdout(&typed(&game, "b1\nhint\nc1\n"));
    assert!(text.contains("`b1` cannot be played: it is not legal here; legal are c1 c2"), "{text}");
    assert!(
        text.contains("The search would play c1.") && text.ends_with("The game is over: X wins.\n"),
        "{text}"
    );
    let text = stdout(&typed(
        &["play", "--game", "connect4", "--first", "search", "--simulations", "50"],
        "4\nundo\nquit\n",
    ));
    assert!(text.contains("The search plays") && text.contains("Stopped after 1 moves."), "{text}");
}

#[test]
fn a_match_is_held() {
    let game =
        ["match", "--game", "connect4", "--first-recipe", "uct", "--second-recipe", "all", "--games", "6"];
    let strong = ["--first-simulations", "300", "--second-simulations", "3"];
    let outcome = json(&[&game[..], &strong, &["--jobs", "2"]].concat());
    let count = |name: &str| outcome[name].as_u64().expect("a count");
    assert_eq!(count("wins") + count("draws") + count("losses"), 6);
    assert!(count("wins") >= 5, "{outcome}");
    assert!(outcome["elo"]["low"].as_f64().is_some_and(|low| low > 0.0), "{outcome}");
    assert_eq!(outcome["games"].as_array().map(Vec::len), Some(6));
    assert_eq!(outcome, json(&[&game[..], &strong, &["--jobs", "1"]].concat()));
    let text = stdout(&typed(&[&game[..], &strong, &["--quiet"]].concat(), ""));
    assert!(text.contains("95 %") && text.contains("Wilson"), "{text}");
}

#[test]
fn speeds_are_measured() {
    let speeds = json(&["bench", "--game", "connect4", "--simulations", "100", "--repeats", "1"]);
    assert!(speeds["playouts_per_second"].as_f64().is_some_and(|speed| speed > 0.0), "{speeds}");
    assert_eq!(speeds["recipes"].as_array().map(Vec::len), Some(7));
}

#[test]
fn go_is_played_over_gtp() {
    let mut talk = Talk::with(&["gtp", "--game", "go", "--size", "5", "--simulations", "60"]);
    assert_eq!(talk.ask("1 protocol_version"), "=1 2");
    assert_eq!(talk.ask("play b C3"), "=");
    assert_eq!(talk.ask("2 play w C3"), "?2 illegal move");
    let mut passes = 0;
    for index in 0..200 {
        let answer = talk.ask(if index % 2 == 0 { "genmove w" } else { "genmove b" });
        let vertex = answer.strip_prefix("= ").unwrap_or_else(|| panic!("{answer}"));
        passes = if vertex == "pass" { passes + 1 } else { 0 };
        if passes == 2 {
            break;
        }
    }
    assert_eq!(passes, 2, "the game ends by passes");
    let score = talk.ask("final_score");
    assert!(score.starts_with("= B+") || score.starts_with("= W+"), "{score}");
    assert_eq!(talk.ask("fly"), "? unknown command");
    assert_eq!(talk.ask("quit"), "=");
    assert_eq!(talk.end(), Some(0));
}

#[test]
fn hex_is_played_over_gtp() {
    let mut talk = Talk::with(&["gtp", "--game", "hex", "--size", "4", "--swap", "--simulations", "60"]);
    assert_eq!(talk.ask("play b b2"), "=");
    assert_eq!(talk.ask("play w swap-pieces"), "=");
    for index in 0..16 {
        assert!(talk.ask(if index % 2 == 0 { "genmove b" } else { "genmove w" }).starts_with("= "));
        if talk.ask("final_score").starts_with('=') {
            break;
        }
    }
    assert!(talk.ask("final_score").starts_with("= "));
    assert_eq!(talk.end(), Some(0), "the end of the input ends it");
}

#[test]
fn chess_is_played_over_uci() {
    let mut talk = Talk::with(&["uci"]);
    talk.say("uci");
    assert!(talk.hear("uciok")[0].starts_with("id name Autodidact"));
    talk.say("position startpos moves f2f3 e7e5 g2g4");
    talk.say("go nodes 2000");
    assert_eq!(talk.hear("bestmove").pop().as_deref(), Some("bestmove d8h4"));
    talk.say("ucinewgame");
    talk.say("position startpos");
    talk.say("go infinite");
    talk.say("isready");
    assert!(talk.hear("readyok").iter().all(|line| !line.starts_with("bestmove")));
    talk.say("stop");
    talk.hear("bestmove");
    talk.say("position fen nonsense");
    talk.hear("info string error");
    talk.say("quit");
    assert_eq!(talk.end(), Some(0));
}
