//! What a simulation costs by itself: searches in a model that is a table.
//!
//! `cargo run --release -p autodidact-mcts --example own_time [ACTIONS] [TREES] [THREADS]` prints one line for each table, recipe and
//! number of simulations: microseconds for a simulation of one tree, the median of several runs. The table `null` says 0 and no
//! preference of every state, `random` says what random numbers do: then searches go deep.

use std::time::Instant;

use autodidact_mcts::{Config, Model, Prediction, Predictions, Result, Variant, search_model};
use rand::{RngExt, SeedableRng};
use rand_xoshiro::Xoshiro256PlusPlus;

const STATES: usize = 499;
const REPEATS: usize = 9;

struct Table {
    actions: usize,
    logits: Vec<f32>,
    values: Vec<f32>,
}

impl Model for Table {
    type State = usize;

    fn num_actions(&self) -> usize {
        self.actions
    }

    fn recurrent(&self, steps: &[(&usize, u32)], predictions: &mut Predictions<usize>) -> Result<()> {
        for &(&state, action) in steps {
            let next = (state * self.actions + action as usize + 1) % STATES;
            predictions.states.push(next);
            predictions.rewards.push(0.0);
            predictions.discounts.push(-1.0);
            predictions.values.push(self.values[next]);
            predictions.logits.extend_from_slice(&self.logits[next * self.actions..][..self.actions]);
        }
        Ok(())
    }
}

fn main() -> Result<()> {
    let mut numbers = std::env::args().skip(1).map(|text| text.parse().expect("a number"));
    let actions = numbers.next().unwrap_or(82);
    let trees = numbers.next().unwrap_or(64);
    let threads = numbers.next().unwrap_or(1);
    rayon::ThreadPoolBuilder::new().num_threads(threads).build_global().expect("the first pool");
    let mut rng = Xoshiro256PlusPlus::seed_from_u64(1);
    println!("table recipe simulations microseconds");
    for (name, spread) in [("null", 0.0), ("random", 1.0)] {
        let table = Table {
            actions,
            logits: (0..STATES * actions).map(|_| spread * 2.0 * rng.random::<f32>()).collect(),
            values: (0..STATES).map(|_| spread * (2.0 * rng.random::<f32>() - 1.0)).collect(),
        };
        measure(name, &table, trees, threads)?;
    }
    Ok(())
}

fn measure(table_name: &str, table: &Table, trees: usize, threads: usize) -> Result<()> {
    let actions = table.actions;
    let roots: Vec<Prediction<usize>> = (0..trees)
        .map(|state| Prediction {
            state,
            value: table.values[state],
            actions: (0..actions as u32).collect(),
            logits: table.logits[state * actions..][..actions].to_vec(),
        })
        .collect();
    for simulations in [32, 200, 800] {
        let recipes = [
            ("mctx-muzero", Config::mctx_mu_zero(simulations)),
            ("muzero", Config::mu_zero(simulations)),
            ("search", Config::regularized(Variant::Search, simulations)),
            ("all", Config::regularized(Variant::All, simulations)),
            ("uct", Config::uct(simulations, 1.4)),
            ("gumbel", Config::gumbel(simulations)),
        ];
        let mut times = vec![Vec::new(); recipes.len()];
        for _ in 0..REPEATS {
            for ((_, config), times) in recipes.iter().zip(&mut times) {
                let roots = roots.clone();
                let begun = Instant::now();
                search_model(config, table, roots, 1, threads)?;
                times.push(1e6 * begun.elapsed().as_secs_f64() / (trees as f64 * f64::from(simulations)));
            }
        }
        for ((name, _), times) in recipes.iter().zip(&mut times) {
            times.sort_by(f64::total_cmp);
            println!("{table_name} {name} {simulations} {:.4}", times[REPEATS / 2]);
        }
    }
    Ok(())
}
