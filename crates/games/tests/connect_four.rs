//! The referee beside P. Pons's test sets (see the data's README); each line is a game and its score.

use std::path::Path;
use std::time::Instant;

use autodidact_games::connect_four::{ConnectFour, Solver};

fn assert_scores(set: &str) {
    let path = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("../../../shared/data/games/connect4")
        .join(set)
        .with_extension("txt");
    let Ok(text) = std::fs::read_to_string(&path) else {
        println!("skipped: there is no {}", path.display());
        return;
    };
    let (mut solver, start) = (Solver::default(), Instant::now());
    let mut count = 0;
    for line in text.lines() {
        let (moves, score) = line.split_once(' ').expect("moves and a score");
        let (game, score): (ConnectFour, i32) =
            (moves.parse().expect("a game"), score.parse().expect("a number"));
        assert_eq!(solver.score(&game), score, "{moves}");
        assert_eq!(solver.outcome(&game), score.signum(), "{moves}");
        count += 1;
        if count % 100 == 0 && start.elapsed().as_secs() > 10 {
            println!("{set}: {count} positions so far, {:?}", start.elapsed());
        }
    }
    println!("{set}: {count} positions in {:?}", start.elapsed());
}

#[test]
fn scores_at_the_end_are_those_published() {
    assert_scores("end-easy");
}

#[test]
fn scores_in_the_middle_are_those_published() {
    assert_scores("middle-easy");
}

#[test]
fn easy_scores_at_the_beginning_are_those_published() {
    assert_scores("begin-easy");
}

#[test]
#[ignore = "takes a minute in release"]
fn medium_scores_at_the_beginning_are_those_published() {
    assert_scores("begin-medium");
}

#[test]
#[ignore = "takes an hour or more in release"]
fn hard_scores_at_the_beginning_are_those_published() {
    assert_scores("begin-hard");
}
