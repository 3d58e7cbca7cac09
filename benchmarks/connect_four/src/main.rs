//! Simulations per second of single-threaded searches of connect four: ours, and those of the crates `treant` and `simple-mcts`.
//!
//! `cargo run --release --manifest-path benchmarks/connect_four/Cargo.toml [SIMULATIONS] [ROUNDS]`
//!
//! All search the same type of game from the first position, without a transposition table and without proven results, and end where
//! they have made as many simulations. `null` says 0 of every position, `rollout` what one random game from it says. Searches are
//! interleaved; a table of medians and ratios is printed. `simple-mcts` has no UCT of its own.

mod ours;
mod simple_mcts;
mod treant;

use std::time::Instant;

use autodidact_games::{ConnectFour, Game, Turn};
use rand::SeedableRng;
use rand_xoshiro::Xoshiro256PlusPlus;

/// How a position is evaluated.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Evaluation {
    Null,
    Rollout,
}

/// How an action is chosen.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Rule {
    Puct,
    Uct,
}

impl Evaluation {
    /// What a position that is not over is worth to the player whose turn it is; the seed is its own, as in our rollouts.
    fn value(self, game: &ConnectFour) -> f32 {
        if self == Self::Null {
            return 0.0;
        }
        let mut game = *game;
        let mut rng = Xoshiro256PlusPlus::seed_from_u64(game.key());
        let (side, mut mover) = (game.turn(), game.turn());
        let (mut reward, mut scratch) = (0.0, Vec::new());
        while game.turn() != Turn::Over {
            mover = game.turn();
            let action = game.random_action(&mut rng, &mut scratch);
            reward = game.play(action);
        }
        if mover == side { reward } else { -reward }
    }
}

/// Visits of the seven columns.
type Visits = [u32; 7];

/// A search with so many simulations; none if the crate has no such rule.
type Search = fn(Rule, Evaluation, u32) -> Option<Visits>;

const SEARCHES: [(&str, Search); 3] =
    [("ours", ours::search), ("treant 0.4.0", treant::search), ("simple-mcts 0.2.0", simple_mcts::search)];

fn main() {
    let mut numbers = std::env::args().skip(1).map(|text| text.parse::<u32>().expect("a number"));
    let (simulations, rounds) = (numbers.next().unwrap_or(10_000), numbers.next().unwrap_or(15));
    println!("| rule | evaluation | search | simulations/s | ours over it | root visits, column by column |");
    println!("|---|---|---|---|---|---|");
    for rule in [Rule::Puct, Rule::Uct] {
        for evaluation in [Evaluation::Null, Evaluation::Rollout] {
            compare(rule, evaluation, simulations, rounds);
        }
    }
}

fn compare(rule: Rule, evaluation: Evaluation, simulations: u32, rounds: u32) {
    let mut rates = [const { Vec::new() }; SEARCHES.len()];
    let mut found = [Visits::default(); SEARCHES.len()];
    for _ in 0..rounds {
        for (index, (_, search)) in SEARCHES.iter().enumerate() {
            let begun = Instant::now();
            let Some(visits) = search(rule, evaluation, simulations) else { continue };
            rates[index].push(f64::from(simulations) / begun.elapsed().as_secs_f64());
            found[index] = visits;
        }
    }
    let medians = rates.map(|mut rates| {
        rates.sort_by(f64::total_cmp);
        rates.get(rates.len() / 2).copied()
    });
    for (((name, _), median), visits) in SEARCHES.iter().zip(medians).zip(found) {
        if let (Some(own), Some(median)) = (medians[0], median) {
            let ratio = own / median;
            println!("| {rule:?} | {evaluation:?} | {name} | {median:.0} | {ratio:.2} | {visits:?} |");
        }
    }
}
