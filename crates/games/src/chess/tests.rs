//! Counts of move sequences by others, and the rules that end games.

use std::collections::BTreeSet;
use std::io::Read;
use std::path::Path;

use proptest::prelude::*;
use rand::SeedableRng;
use rand_xoshiro::Xoshiro256PlusPlus;

use super::*;

/// Sequences of so many moves, each through its number and back, regardless of draws.
fn perft(board: &Board, depth: u32) -> u64 {
    let mut count = 0;
    board.generate_moves(|moves| {
        for legal in moves {
            let action = moves::encode(legal, board.side_to_move());
            assert_eq!(moves::decode(action, board), Some(legal));
            count += if depth == 1 {
                1
            } else {
                let mut next = board.clone();
                next.play_unchecked(legal);
                perft(&next, depth - 1)
            };
        }
        false
    });
    count
}

fn assert_perft(fen: &str, depth: u32, expected: u64) {
    let game: Chess = fen.parse().unwrap_or_else(|error| panic!("{error}"));
    assert_eq!(perft(&game.board, depth), expected, "{fen}, depth {depth}");
}

const KIWIPETE: &str = "r3k2r/p1ppqpb1/bn2pnp1/3PN3/1p2P3/2N2Q1p/PPPBBPPP/R3K2R w KQkq -";

/// <https://www.chessprogramming.org/Perft_Results>.
#[test]
fn move_sequences_are_as_many_as_published() {
    assert_perft("startpos", 5, 4_865_609);
    assert_perft(KIWIPETE, 4, 4_085_603);
    assert_perft("8/2p5/3p4/KP5r/1R3p1k/8/4P1P1/8 w - -", 5, 674_624);
    assert_perft("r3k2r/Pppp1ppp/1b3nbN/nP6/BBP1P3/q4N2/Pp1P2PP/R2Q1RK1 w kq - 0 1", 4, 422_333);
    assert_perft("rnbq1k1r/pp1Pbppp/2p5/8/2B5/8/PPP1NnPP/RNBQK2R w KQ - 1 8", 4, 2_103_487);
    assert_perft("r4rk1/1pp1qppp/p1np1n2/2b1p1B1/2B1P1b1/P1NP1N2/1PP1QPPP/R4RK1 w - - 0 10", 4, 3_894_594);
}

#[test]
#[ignore = "takes seconds in release"]
fn deeper_move_sequences_are_as_many_as_published() {
    assert_perft(KIWIPETE, 5, 193_690_690);
    assert_perft("r3k2r/Pppp1ppp/1b3nbN/nP6/BBP1P3/q4N2/Pp1P2PP/R2Q1RK1 w kq - 0 1", 5, 15_833_292);
    assert_perft("rnbq1k1r/pp1Pbppp/2p5/8/2B5/8/PPP1NnPP/RNBQK2R w KQ - 1 8", 5, 89_941_194);
    assert_perft("r4rk1/1pp1qppp/p1np1n2/2b1p1B1/2B1P1b1/P1NP1N2/1PP1QPPP/R4RK1 w - - 0 10", 5, 164_075_551);
}

fn data(file: &str) -> Option<String> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared/data/games/chess").join(file);
    let Ok(bytes) = std::fs::read(&path) else {
        println!("skipped: there is no {}", path.display());
        return None;
    };
    let mut text = String::new();
    if path.extension().is_some_and(|extension| extension == "gz") {
        flate2::read::GzDecoder::new(&bytes[..]).read_to_string(&mut text).expect("a compressed text");
    } else {
        text = String::from_utf8(bytes).expect("a text");
    }
    Some(text)
}

/// Every so-manieth position of a file of counts, as deep as there are few sequences. Castling rights as `KQkq` of rooks that
/// are not in the corners are not read.
fn assert_perfts(file: &str, every: usize, most: u64) {
    let Some(text) = data(file) else { return };
    let (mut fen, mut index, mut checked) = ("", 0, 0);
    for line in text.lines() {
        match line.split_once(' ') {
            Some(("id", id)) => {
                index += 1;
                fen = if id.starts_with("xfen") { "" } else { fen };
            }
            Some(("epd", epd)) => fen = epd,
            Some(("perft", counts)) if index % every == 0 => {
                let (depth, count) = counts.split_once(' ').expect("a depth and a count");
                let [depth, count] =
                    [depth, count].map(|number| number.trim().parse::<u64>().expect("a number"));
                if count <= most && fen.parse::<Chess>().is_ok() {
                    assert_perft(fen, depth as u32, count);
                    checked += 1;
                }
            }
            _ => {}
        }
    }
    assert!(checked > 10, "{checked} counts");
}

#[test]
fn move_sequences_of_many_positions_are_as_many_as_published() {
    assert_perfts("tricky.perft", 1, 100_000);
    assert_perfts("random.perft.gz", 60, 30_000);
    assert_perfts("chess960.perft.gz", 20, 30_000);
}

/// The half-moves to mate, if whose turn it is mates within so many; odd ones.
fn mate_in(game: &Chess, most: u32) -> Option<u32> {
    let mut actions = Vec::new();
    game.legal_actions(&mut actions);
    let after = |action: &Action| {
        let mut next = game.clone();
        (next.play(*action), next)
    };
    let value = |(reward, next): (f32, Chess)| {
        if reward == 1.0 { Some(1) } else { mated_in(&next, most.checked_sub(1)?).map(|plies| plies + 1) }
    };
    actions.iter().map(after).filter_map(value).min()
}

/// The half-moves until whose turn it is is mated, if within so many; even ones.
fn mated_in(game: &Chess, most: u32) -> Option<u32> {
    let mut actions = Vec::new();
    game.legal_actions(&mut actions);
    let mut longest = None;
    for action in actions {
        let mut next = game.clone();
        next.play(action);
        longest = longest.max(Some(mate_in(&next, most.checked_sub(1)?)? + 1));
    }
    longest
}

/// Tablebases know the moves that keep the result: they are legal. They know how far the mate is where that was probed.
#[test]
fn moves_and_mates_of_tablebases_are_found() {
    let Some(text) = data("endgames-3-4-men.csv.gz") else { return };
    let mut mates = 0;
    for line in text.lines().skip(1) {
        let fields: Vec<&str> = line.split(',').collect();
        let game: Chess = fields[0].parse().expect("a position");
        if game.is_over {
            // Too few men to mate, or no move.
            assert!(["0", "-2"].contains(&fields[2]), "{line}");
            continue;
        }
        for name in fields[5].split(' ') {
            game.parse_action(name).unwrap_or_else(|error| panic!("{line}: {error}"));
        }
        if let Ok(plies @ (-4..=-1 | 1..=3)) = fields[4].parse::<i32>() {
            let found = if plies > 0 { mate_in(&game, 3) } else { mated_in(&game, 4) };
            assert_eq!(found, Some(plies.unsigned_abs()), "{line}");
            mates += 1;
        }
    }
    assert!(mates > 5, "{mates}");
}

fn play(text: &str) -> Chess {
    text.parse().unwrap_or_else(|error| panic!("{error}"))
}

#[test]
fn games_end_as_the_rules_say() {
    // Stalemate; mate, though the fifty moves are over; fifty moves.
    assert_eq!(play("7k/5Q2/6K1/8/8/8/8/8 b - -").turn(), Turn::Over);
    let mut mate = play("7k/8/6K1/8/8/8/8/R7 w - - 99 80");
    assert_eq!(mate.play(mate.parse_action("a1a8").expect("legal")), 1.0);
    let mut quiet = play("7k/8/6K1/8/8/8/8/R7 w - - 99 80");
    assert_eq!(quiet.play(quiet.parse_action("a1a2").expect("legal")), 0.0);
    assert_eq!(quiet.turn(), Turn::Over);
    // Too few men, and just enough.
    for (men, turn) in [
        ("8/8/4k3/8/8/3K4/8/8", Turn::Over),
        ("8/8/4k3/8/8/3KN3/8/8", Turn::Over),
        ("8/8/4k3/8/8/3KB3/8/8", Turn::Over),
        ("8/8/4kb2/8/8/3KB3/8/8", Turn::Over),
        ("8/8/4k1b1/8/8/3KB3/8/8", Turn::First),
        ("8/8/4k1n1/8/8/3KB3/8/8", Turn::First),
        ("8/8/4k3/8/8/3KNN2/8/8", Turn::First),
        ("8/8/4k3/8/8/3KP3/8/8", Turn::First),
    ] {
        assert_eq!(play(&format!("{men} w - -")).turn(), turn, "{men}");
    }
}

#[test]
fn a_position_that_is_there_for_the_third_time_ends_the_game() {
    let around = "g1f3 g8f6 f3g1 f6g8";
    assert_eq!(play(&format!("startpos moves {around} g1f3 g8f6 f3g1")).turn(), Turn::Second);
    assert_eq!(play(&format!("startpos moves {around} {around}")).turn(), Turn::Over);
    // The double step could not be captured, so that the position after it is the same as without.
    let around = "g8f6 g1f3 f6g8 f3g1";
    assert_eq!(play(&format!("startpos moves e2e4 {around} {around}")).turn(), Turn::Over);
    // Here it could, so that it is another one, and comes back once less.
    let start = "4k1n1/8/8/8/3p4/8/4P3/4K1N1 w - - moves e2e4";
    assert_eq!(play(&format!("{start} {around} {around}")).turn(), Turn::Second);
    assert_eq!(play(&format!("{start} {around} {around} g8f6")).turn(), Turn::Over);
}

#[test]
fn castling_is_named_as_in_uci() {
    let game = play("r3k2r/8/8/8/8/8/8/R3K2R w KQkq -");
    for (name, file) in [("e1g1", 7), ("e1c1", 0)] {
        let action = game.parse_action(name).expect("legal");
        assert_eq!(game.action_name(action), name);
        assert_eq!(moves::decode(action, &game.board).expect("a move").to as usize, file);
    }
    assert_eq!(game.parse_action("e1h1"), game.parse_action("e1g1"));
    assert_eq!(game.fen(), "r3k2r/8/8/8/8/8/8/R3K2R w KQkq - 0 1");
    let other = play("4k3/8/8/8/8/8/8/1R2K1R1 w GB -");
    assert_eq!(other.action_name(other.parse_action("e1g1").expect("legal")), "e1g1");
    assert_eq!(other.fen(), "4k3/8/8/8/8/8/8/1R2K1R1 w GB - 0 1");
}

/// Both players see the board from their own side.
#[test]
fn what_is_seen_and_played_is_the_same_for_both_colours() {
    let white = play("r3k2r/pp3ppp/8/3pP3/8/8/PPP2PPP/R3K2R w KQkq d6 3 20");
    let black = play("r3k2r/ppp2ppp/8/8/3Pp3/8/PP3PPP/R3K2R b KQkq d3 3 20");
    let [mut ours, mut theirs] = [vec![0.0; CHANNELS * SQUARES], vec![1.0; CHANNELS * SQUARES]];
    white.observe(&mut ours);
    black.observe(&mut theirs);
    assert_eq!(ours, theirs);
    let (mut ours, mut theirs) = (Vec::new(), Vec::new());
    white.legal_actions(&mut ours);
    black.legal_actions(&mut theirs);
    assert_eq!(ours, theirs);
    assert_eq!(white.parse_action("e5d6"), black.parse_action("e4d3"));
    // e5 to the left ahead: direction 7, distance 1.
    assert_eq!(white.parse_action("e5d6"), Ok(73 * 36 + 7 * 7));
}

#[test]
fn what_is_no_game_is_refused() {
    for (text, part) in [
        ("", "found 0 words"),
        ("startpos e2e4", "found 2 words"),
        ("startpos moves e2e5", "half-move 1, `e2e5`, is not legal"),
        ("startpos moves e2e4 e7e5x", "half-move 2, `e7e5x`: expected two squares"),
        ("startpos moves e2e4k", "expected two squares"),
        ("position startpos moves f2f3 e7e5 g2g4 d8h4 a2a3", "the game ended before half-move 5"),
        ("8/8/8/8 w - -", "expected eight ranks"),
        ("8/8/8/8/8/8/8/8 w - -", "The board is invalid."),
        ("8/4K3/3k4/8/8/8/8/8 w - - 0 1", "the kings stand beside each other"),
        ("4k3/8/8/8/8/8/8/4K3 w KQ - 0 1", "The castling rights are invalid."),
    ] {
        let error = text.parse::<Chess>().expect_err(text);
        assert!(error.to_string().contains(part), "{error}");
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(40))]

    /// Along random games: every legal move has a number of its own, and FEN gives the position back.
    #[test]
    fn moves_and_numbers_are_one_to_one(seed: u64, scharnagl in 0_u32..960) {
        let mut rng = Xoshiro256PlusPlus::seed_from_u64(seed);
        let mut game = Chess::new(Board::chess960_startpos(scharnagl));
        let mut actions = Vec::new();
        while !game.is_over {
            game.legal_actions(&mut actions);
            let mut legal = BTreeSet::new();
            game.board.generate_moves(|moves| {
                legal.extend(moves.into_iter().map(|legal| legal.to_string()));
                false
            });
            let decoded = actions.iter().map(|action| moves::decode(*action, &game.board).expect("a move").to_string());
            prop_assert_eq!(decoded.collect::<BTreeSet<_>>(), legal);
            let read: Chess = game.fen().parse().expect("what is shown can be read");
            prop_assert_eq!(&read.board, &game.board);
            game.play(game.random_action(&mut rng, &mut Vec::new()));
        }
    }
}
