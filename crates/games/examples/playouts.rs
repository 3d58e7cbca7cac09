//! Random games and moves per second, on one thread: `cargo run --release -p autodidact-games --example playouts`.

use std::time::{Duration, Instant};

use autodidact_games::go::{Go, Rules};
use autodidact_games::{
    Action, CartPole, Chess, ConnectFour, Game, Game2048, Hex, Othello, Result, TicTacToe, Turn,
};
use rand::SeedableRng;
use rand_xoshiro::Xoshiro256PlusPlus as Generator;

/// Plays random games of at most so many moves for half a second and prints how many it were.
fn measure<G: Game>(
    name: &str,
    start: &G,
    most: usize,
    choose: impl Fn(&G, &mut Generator, &mut Vec<Action>) -> Action,
) {
    let (mut rng, mut scratch) = (Generator::seed_from_u64(1), Vec::new());
    let (mut games, mut moves) = (0_u32, 0_u64);
    let begin = Instant::now();
    while begin.elapsed() < Duration::from_millis(500) {
        let mut game = start.clone();
        let mut played = 0;
        while game.turn() != Turn::Over && played < most {
            let action = choose(&game, &mut rng, &mut scratch);
            game.play(action);
            played += 1;
        }
        games += 1;
        moves += played as u64;
    }
    let seconds = begin.elapsed().as_secs_f64();
    let (games, moves) = (f64::from(games), moves as f64);
    println!("{name:24}{:12.0}{:14.0}{:10.1}", games / seconds, moves / seconds, moves / games);
}

fn uniform<G: Game>(game: &G, rng: &mut Generator, scratch: &mut Vec<Action>) -> Action {
    game.random_action(rng, scratch)
}

fn main() -> Result<()> {
    println!("{:24}{:>12}{:>14}{:>10}", "game", "games/s", "moves/s", "length");
    measure("tic-tac-toe", &TicTacToe::new(), 9, uniform);
    measure("connect four 7 × 6", &ConnectFour::default(), 42, uniform);
    measure("Othello", &Othello::default(), 128, uniform);
    for size in [7, 11, 19] {
        measure(&format!("Hex {size} × {size}"), &Hex::new(size, false)?, size * size, uniform);
    }
    measure("chess", &Chess::default(), 10_000, uniform);
    for size in [9, 19] {
        let game = Go::new(Rules { size, ..Rules::default() })?;
        let most = 3 * size * size;
        measure(&format!("Go {size} × {size}"), &game, most, uniform);
        measure(&format!("Go {size} × {size}, eyes kept"), &game, most, |game, rng, _| {
            game.random_action_outside_eyes(rng)
        });
    }
    measure("2048, and its tiles", &Game2048::new(), 100_000, |game, rng, scratch| match game.turn() {
        Turn::Chance => game.random_outcome(rng),
        _ => game.random_action(rng, scratch),
    });
    measure("cart-pole, five forces", &CartPole::new(5)?, 500, uniform);
    Ok(())
}
