//! UCT with one random game for each simulation, on one thread: `cargo run --release -p autodidact-mcts --example uct [SIMULATIONS]`
//! prints simulations per second from the first position of some games, the median of several searches.

use std::time::Instant;

use autodidact_games::go::{Go, Rules};
use autodidact_games::{ConnectFour, Game, Hex, Othello, TicTacToe};
use autodidact_mcts::{Budget, Config, Planner, Rollouts};

const REPEATS: u64 = 5;

fn measure<G: Game>(name: &str, start: &G, simulations: u32) -> Result<(), Box<dyn std::error::Error>> {
    let mut rates = Vec::new();
    for seed in 0..REPEATS {
        let begun = Instant::now();
        let rollouts = Rollouts::default();
        let mut planner = Planner::new(Config::uct(simulations, 1.4), start.clone(), &rollouts, seed)?;
        planner.search(&rollouts, Budget::default())?;
        rates.push(f64::from(simulations) / begun.elapsed().as_secs_f64());
    }
    rates.sort_by(f64::total_cmp);
    println!("{name} {simulations} {:.0}", rates[rates.len() / 2]);
    Ok(())
}

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let simulations = std::env::args().nth(1).map_or(20_000, |text| text.parse().expect("a number"));
    println!("game simulations per-second");
    measure("tic_tac_toe", &TicTacToe::new(), simulations)?;
    measure("connect_four", &ConnectFour::default(), simulations)?;
    measure("othello", &Othello::default(), simulations)?;
    measure("hex_7", &Hex::new(7, false)?, simulations)?;
    let go = Go::new(Rules { size: 9, ..Rules::default() })?;
    measure("go_9", &go, simulations)
}
