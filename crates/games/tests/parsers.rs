//! Every parser: no text makes it panic, and what is written is read back.

use autodidact_games::go::{Go, Rules};
use autodidact_games::{
    Action, Chess, ConnectFour, Error, Game, Game2048, Hex, Notation, Othello, TicTacToe, Turn,
};
use proptest::prelude::*;
use proptest::strategy::ValueTree;
use rand::SeedableRng;
use rand_xoshiro::Xoshiro256PlusPlus as Generator;

/// Any text, and texts that look like positions and moves.
fn text() -> impl Strategy<Value = String> {
    prop_oneof![
        ".*",
        "[-XO. \n]{0,80}",
        "[-XO]{64} ?[XO]?",
        "[1-9a-z]{0,50}",
        "[a-tA-T]?[0-9]{0,3}",
        "([a-h][1-8]){1,2}[qrbnkp]?",
        "(up|down|left|right|pass|swap|PASS|[24]@[a-d][1-4])",
        "([0-9]{1,5} ){0,18}",
        "[rnbqkpRNBQKP1-8]{1,8}(/[rnbqkpRNBQKP1-8]{1,8}){0,8} [wb] [KQkqA-Ha-h-]{1,4} (-|[a-h][1-8])( [0-9]{1,3} [0-9]{1,5})?",
        "(position )?(startpos|fen .{0,20})( moves( [a-h][1-8][a-h][1-8][qn]?){0,4})?",
    ]
}

/// The fields of FEN with kings and few other men, so that a good part of them are positions.
fn fen() -> impl Strategy<Value = String> {
    let man =
        prop_oneof![9 => Just('1'), 1 => prop::sample::select("PNBRQpnbrq".chars().collect::<Vec<_>>())];
    let rest = "[wb] (-|-|[KQkqHAha-]{1,2}) (-|-|[a-h][36]) [0-9]{1,2} [1-9][0-9]?";
    (prop::collection::vec(man, 64), 0..64_usize, 0..64_usize, rest).prop_map(
        |(mut men, white, black, rest)| {
            (men[white], men[black]) = ('K', 'k');
            let ranks: Vec<String> = men.chunks(8).map(|rank| rank.iter().collect()).collect();
            format!("{} {rest}", ranks.join("/"))
        },
    )
}

#[test]
fn some_drawn_fields_are_positions_and_some_are_none() {
    let mut runner = proptest::test_runner::TestRunner::deterministic();
    let drawn = (0..500).map(|_| fen().new_tree(&mut runner).expect("a text").current());
    let count = drawn.filter(|fen| fen.parse::<Chess>().is_ok()).count();
    assert!((50..450).contains(&count), "{count} of 500");
}

/// What is no name is refused, and what is one names a legal move.
fn check_names<G: Notation>(game: &G, name: &str) {
    match game.parse_action(name) {
        Ok(action) => {
            assert!(game.turn() == Turn::Chance || game.is_legal(action));
            game.clone().play(action);
            assert_eq!(game.parse_action(&game.action_name(action)), Ok(action));
        }
        Err(error) => assert!(matches!(error, Error::Notation { .. } | Error::IllegalAction { .. })),
    }
}

fn check_read<G: Notation>(read: Result<G, Error>) {
    match read {
        Ok(game) => {
            let mut actions = Vec::new();
            game.legal_actions(&mut actions);
            assert!(!game.to_string().is_empty());
            for action in actions {
                game.clone().play(action);
            }
        }
        Err(error) => assert!(!error.to_string().is_empty()),
    }
}

fn go(size: usize) -> Go {
    Go::new(Rules { size, ..Rules::default() }).expect("rules that can be")
}

/// A position of a random game, and its moves.
fn random_position<G: Notation>(start: &G, seed: u64, plies: usize) -> (G, String) {
    let (mut rng, mut game, mut names) = (Generator::seed_from_u64(seed), start.clone(), String::new());
    let mut outcomes = Vec::new();
    for _ in 0..plies {
        let action: Action = match game.turn() {
            Turn::Over => break,
            Turn::Chance => {
                game.chance_outcomes(&mut outcomes);
                outcomes[seed as usize % outcomes.len()].0
            }
            Turn::First | Turn::Second => game.random_action(&mut rng, &mut Vec::new()),
        };
        names.push_str(&game.action_name(action));
        game.play(action);
    }
    (game, names)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(600))]

    #[test]
    fn no_text_makes_a_parser_panic(text in text(), width in 0_usize..40, height in 0_usize..40, size in 0_usize..22) {
        check_read(text.parse::<TicTacToe>());
        check_read(text.parse::<ConnectFour>());
        check_read(ConnectFour::from_moves(width, height, &text));
        check_read(text.parse::<Othello>());
        check_read(Go::from_board(Rules { size, ..Rules::default() }, &text));
        check_read(text.parse::<Chess>());
        check_read(text.parse::<Game2048>());
        check_names(&TicTacToe::new(), &text);
        check_names(&ConnectFour::default(), &text);
        check_names(&Othello::default(), &text);
        check_names(&Hex::new(11, true).expect("a size that can be"), &text);
        check_names(&go(19), &text);
        check_names(&Chess::default(), &text);
        check_names(&Game2048::new(), &text);
        check_names(&random_position(&Game2048::new(), 5, 2).0, &text);
    }

    #[test]
    fn positions_of_chess_are_read_or_refused(fen in fen()) {
        let read = fen.parse::<Chess>();
        if let Ok(game) = &read {
            let again: Chess = game.fen().parse().expect("what is shown can be read");
            prop_assert_eq!((again.fen(), again.key()), (game.fen(), game.key()));
        }
        check_read(read);
    }

    #[test]
    fn what_is_written_is_read_back(seed: u64, plies in 0_usize..90) {
        let (game, _) = random_position(&TicTacToe::new(), seed, plies);
        prop_assert_eq!(game.to_string().parse(), Ok(game));
        let (game, moves) = random_position(&ConnectFour::default(), seed, plies);
        prop_assert_eq!(moves.parse(), Ok(game));
        let start = ConnectFour::new(16, 3).expect("a size that can be");
        let (game, moves) = random_position(&start, seed, plies);
        prop_assert_eq!(ConnectFour::from_moves(16, 3, &moves), Ok(game));
        let (game, _) = random_position(&Othello::default(), seed, plies);
        prop_assert_eq!(game.to_string().parse(), Ok(game));
        let (game, _) = random_position(&go(5), seed, plies);
        let rules = Rules { size: 5, ..Rules::default() };
        prop_assert_eq!(Go::from_board(rules, &game.to_string()).expect("a position").to_string(), game.to_string());
        let (game, _) = random_position(&Game2048::new(), seed, 2 + 2 * plies);
        if game.turn() != Turn::Chance {
            prop_assert_eq!(game.to_string().parse(), Ok(game));
        }
    }

    #[test]
    fn games_of_chess_are_read_back(seed: u64, plies in 0_usize..120) {
        let (mut rng, mut game, mut names) = (Generator::seed_from_u64(seed), Chess::default(), Vec::new());
        while game.turn() != Turn::Over && names.len() < plies {
            let action = game.random_action(&mut rng, &mut Vec::new());
            names.push(game.action_name(action));
            game.play(action);
        }
        let again: Chess = format!("position startpos moves {}", names.join(" ")).parse().expect("a game");
        prop_assert_eq!((again.fen(), again.key()), (game.fen(), game.key()));
    }
}
