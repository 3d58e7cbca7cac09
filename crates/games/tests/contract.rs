//! What the traits promise, of every game, along random games.

use autodidact_games::go::{Go, Rules};
use autodidact_games::{
    Action, Balance, CartPole, Chess, ConnectFour, Error, Game, Game2048, Hex, Notation, Observe, Othello,
    TicTacToe, Turn,
};
use rand::{RngExt, SeedableRng};
use rand_xoshiro::Xoshiro256PlusPlus as Generator;

/// Something legal: a player's move or an outcome of chance.
fn any_action<G: Game>(game: &G, rng: &mut Generator) -> Option<Action> {
    match game.turn() {
        Turn::Over => None,
        Turn::Chance => {
            let mut outcomes = Vec::new();
            game.chance_outcomes(&mut outcomes);
            Some(outcomes[rng.random_range(0..outcomes.len())].0)
        }
        Turn::First | Turn::Second => Some(game.random_action(rng, &mut Vec::new())),
    }
}

/// Calls `check` on every position of some random games.
fn walk<G: Game>(start: &G, games: u64, plies: usize, mut check: impl FnMut(&G, &mut Generator)) {
    for seed in 0..games {
        let mut rng = Generator::seed_from_u64(seed);
        let mut game = start.clone();
        check(&game, &mut rng);
        for _ in 0..plies {
            let Some(action) = any_action(&game, &mut rng) else { break };
            game.play(action);
            check(&game, &mut rng);
        }
    }
}

fn legal<G: Game>(game: &G) -> Vec<Action> {
    let mut actions = vec![77];
    game.legal_actions(&mut actions);
    actions
}

fn keeps_the_rules_of_games<G: Game>(start: &G, games: u64, plies: usize) {
    walk(start, games, plies, |game, rng| {
        let actions = legal(game);
        assert!(actions.is_sorted_by(|a, b| a < b), "{actions:?}");
        let is_players = matches!(game.turn(), Turn::First | Turn::Second);
        assert_eq!(actions.is_empty(), !is_players);
        for action in 0..=game.num_actions() as Action {
            assert_eq!(game.is_legal(action), actions.contains(&action), "move {action}");
        }
        assert!(actions.iter().all(|action| (*action as usize) < game.num_actions()));
        if is_players {
            assert!(actions.contains(&game.random_action(rng, &mut Vec::new())));
        }
        let illegal = rng.random_range(0..game.num_actions() as Action + 1);
        if !actions.contains(&illegal) {
            let mut same = game.clone();
            assert_eq!(same.try_play(illegal), Err(Error::IllegalAction { action: illegal }));
            assert_eq!((same.key(), same.turn()), (game.key(), game.turn()));
        }
        let mut outcomes = vec![(3, 0.5)];
        game.chance_outcomes(&mut outcomes);
        assert_eq!(outcomes.is_empty(), game.turn() != Turn::Chance);
        let sum: f32 = outcomes.iter().map(|outcome| outcome.1).sum();
        assert!(outcomes.is_empty() || (sum - 1.0).abs() < 1e-5, "{sum}");
    });
}

/// That each legal move comes as often as the others, within five standard deviations.
fn draws_moves_evenly<G: Game>(start: &G, plies: usize) {
    let mut rng = Generator::seed_from_u64(9);
    let mut game = start.clone();
    for _ in 0..plies {
        match any_action(&game, &mut rng) {
            Some(action) => game.play(action),
            None => break,
        };
        let actions = legal(&game);
        if actions.is_empty() {
            continue;
        }
        let draws = 300 * actions.len();
        let mut counts = vec![0_u32; game.num_actions()];
        for _ in 0..draws {
            counts[game.random_action(&mut rng, &mut Vec::new()) as usize] += 1;
        }
        for action in &actions {
            let count = f64::from(counts[*action as usize]);
            assert!(
                (count - 300.0).abs() < 6.0 * 300_f64.sqrt(),
                "{count} of move {action} of {}",
                actions.len()
            );
        }
        assert_eq!(actions.iter().map(|action| counts[*action as usize]).sum::<u32>() as usize, draws);
    }
}

fn names_its_moves<G: Notation>(start: &G, games: u64, plies: usize) {
    walk(start, games, plies, |game, _| {
        assert!(!game.to_string().is_empty());
        for action in legal(game) {
            let name = game.action_name(action);
            assert_eq!(game.parse_action(&name), Ok(action), "`{name}` in\n{game}");
        }
        assert!(matches!(game.parse_action("no move"), Err(Error::Notation { .. })));
    });
}

/// That a symmetry, move by move, of a game from a start and from its image is one of the legal moves and of what is seen.
fn is_symmetric<G: Observe>(start: &G, image_of_start: fn(&G, usize) -> G, games: u64, plies: usize) {
    let [channels, height, width] = start.observation_shape();
    let observe = |game: &G| {
        let mut planes = vec![f32::NAN; channels * height * width];
        game.observe(&mut planes);
        assert!(planes.iter().all(|value| value.is_finite()));
        planes
    };
    for symmetry in 0..start.num_symmetries() {
        for seed in 0..games {
            let mut rng = Generator::seed_from_u64(seed);
            let (mut game, mut image) = (start.clone(), image_of_start(start, symmetry));
            for _ in 0..plies {
                let mapped: Vec<Action> =
                    legal(&game).iter().map(|a| game.map_action(symmetry, *a)).collect();
                let mut sorted = mapped.clone();
                sorted.sort_unstable();
                assert_eq!(sorted, legal(&image), "symmetry {symmetry}");
                assert!(symmetry > 0 || mapped == sorted, "symmetry 0 leaves all as it is");
                let (planes, seen) = (observe(&game), observe(&image));
                for channel in 0..channels {
                    for cell in 0..height * width {
                        let to = game.map_cell(symmetry, cell);
                        let at = channel * height * width;
                        assert_eq!(planes[at + cell], seen[at + to], "plane {channel}, symmetry {symmetry}");
                    }
                }
                let Some(action) = any_action(&game, &mut rng) else { break };
                let image_of_action = game.map_action(symmetry, action);
                assert_eq!(game.play(action), image.play(image_of_action));
                assert_eq!(game.turn(), image.turn());
            }
        }
    }
}

/// The checks of one game.
macro_rules! contract {
    ($name:ident, $start:expr, $games:expr, $plies:expr) => {
        contract!($name, $start, $games, $plies, |start, _| start.clone());
    };
    ($name:ident, $start:expr, $games:expr, $plies:expr, $image:expr) => {
        mod $name {
            use super::*;

            #[test]
            fn keeps_the_rules() {
                keeps_the_rules_of_games(&$start, $games, $plies);
            }

            #[test]
            fn draws_evenly() {
                draws_moves_evenly(&$start, $plies.min(60));
            }

            #[test]
            fn names_moves() {
                names_its_moves(&$start, $games, $plies);
            }

            #[test]
            fn has_its_symmetries() {
                is_symmetric(&$start, $image, $games.min(5), $plies);
            }
        }
    };
}

fn connect_four(width: usize, height: usize) -> ConnectFour {
    ConnectFour::new(width, height).expect("a size that can be")
}

fn go(size: usize) -> Go {
    Go::new(Rules { size, ..Rules::default() }).expect("rules that can be")
}

fn hex(size: usize, has_swap: bool) -> Hex {
    Hex::new(size, has_swap).expect("a size that can be")
}

/// The start, in which the colours change places under half of the symmetries.
fn image_of_othello(start: &Othello, symmetry: usize) -> Othello {
    let text: Vec<char> = start.to_string().chars().filter(|character| !character.is_whitespace()).collect();
    let mut image = text.clone();
    (0..64).for_each(|cell| image[start.map_cell(symmetry, cell)] = text[cell]);
    image.into_iter().collect::<String>().parse().expect("a position")
}

contract!(tic_tac_toe, TicTacToe::new(), 100, 9_usize);
contract!(connect_four_7x6, ConnectFour::default(), 50, 42_usize);
contract!(connect_four_5x4, connect_four(5, 4), 50, 20_usize);
contract!(othello, Othello::default(), 20, 70_usize, image_of_othello);
contract!(hex_11, hex(11, false), 5, 121_usize);
contract!(hex_5_swap, hex(5, true), 30, 26_usize);
contract!(go_9, go(9), 3, 250_usize);
contract!(go_3, go(3), 20, 60_usize);
contract!(chess, Chess::default(), 3, 200_usize);
contract!(game_2048, Game2048::new(), 3, 300_usize);

#[test]
fn poles_keep_the_rules_too() {
    fn keeps_them<G: Observe + Copy>(pole: G) {
        keeps_the_rules_of_games(&pole, 5, 600);
        draws_moves_evenly(&pole, 3);
        is_symmetric(&pole, |start, _| *start, 3, 100);
    }
    keeps_them(CartPole::new(5).expect("a task"));
    keeps_them(Balance::drawn(&mut Generator::seed_from_u64(1)));
}
