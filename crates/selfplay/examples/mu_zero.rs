//! MuZero on a game whose rules it is not told: connect four on five columns and four rows, or a pole to be balanced on a cart.
//!
//! ```text
//! cargo run --release -p autodidact-selfplay --example mu_zero -- connect4 200
//! cargo run --release -p autodidact-selfplay --example mu_zero -- balance 150 runs/balance
//! ```
//!
//! The arguments are the game, iterations, and a folder for the run, which is continued if it is there; without one the run is in a temporary
//! folder.

use std::error::Error;
use std::path::PathBuf;

use autodidact_experiment::interrupt;
use autodidact_experiment::run::RunDirectory;
use autodidact_games::connect_four::Solver;
use autodidact_games::{ConnectFour, Game, Observe, Turn};
use autodidact_selfplay::OpeningConfig;
use autodidact_selfplay::burn::tensor::Device;
use autodidact_selfplay::mu_zero::{Measured, MuZeroConfig, NetworkModel, Outcome, Task, Telling, train};
use rand::{RngExt, SeedableRng};
use rand_xoshiro::Xoshiro256PlusPlus;

/// Random positions that the referee marks.
const PROBLEMS: usize = 500;

fn main() -> Result<(), Box<dyn Error>> {
    let mut arguments = std::env::args().skip(1);
    let game = arguments.next().unwrap_or_else(|| "connect4".to_owned());
    let iterations = arguments.next().map_or(Ok(100), |text| text.parse())?;
    let scratch = tempfile::tempdir()?;
    let folder = arguments.next().map_or_else(|| scratch.path().join("run"), PathBuf::from);
    let run = if folder.exists() { RunDirectory::open(folder)? } else { RunDirectory::create(folder)? };
    interrupt::install()?;
    match game.as_str() {
        "connect4" => {
            let mut referee = Referee::new()?;
            let config = MuZeroConfig {
                iterations,
                // For fewer moves than by default, an update takes half of the time.
                unroll_steps: 3,
                // Random openings end in positions of all kinds, as those that the referee marks are.
                opening: OpeningConfig { random_moves: 10 },
                ..MuZeroConfig::default()
            };
            let task = Task::game(ConnectFour::new(5, 4)?);
            learn(&config, &task, &run, |model| referee.mark(&config, model))
        }
        "balance" => {
            let config = MuZeroConfig { iterations, ..MuZeroConfig::control() };
            learn(&config, &Task::balance(), &run, |_| Ok(String::new()))
        }
        _ => Err(format!("there is no `{game}` here; there are `connect4` and `balance`").into()),
    }
}

/// Trains, and prints what is measured on the way.
fn learn<G: Observe>(
    config: &MuZeroConfig,
    task: &Task<G>,
    run: &RunDirectory,
    mut mark: impl FnMut(&NetworkModel) -> Result<String, Box<dyn Error>>,
) -> Result<(), Box<dyn Error>> {
    let mut losses = String::new();
    let mut marked = (0, String::new());
    let outcome = train(config, task, &Device::flex(), run, &mut |telling| match telling {
        Telling::Iteration { metrics, .. } => {
            let shown =
                metrics.iter().filter(|(name, _)| name.starts_with("loss/") || name.starts_with("selfplay/"));
            losses = shown.map(|(name, value)| format!("{name} {value:.3}")).collect::<Vec<_>>().join(" ");
        }
        Telling::Measured { measurement, model } => {
            if marked.0 != measurement.iteration {
                let text = mark(model).unwrap_or_else(|error| error.to_string());
                marked = (measurement.iteration, text);
                println!("{:4} {:5.0} s {losses}{}", measurement.iteration, measurement.seconds, marked.1);
            }
            match &measurement.measured {
                Measured::Returns { returns, mean } => {
                    let least = returns.iter().copied().fold(f32::INFINITY, f32::min);
                    println!("     returns: mean {mean:.1}, least {least:.0} of {} episodes", returns.len());
                }
                Measured::Match { uct_simulations, tally, .. } => {
                    let opponent = match uct_simulations {
                        0 => "random moves".to_owned(),
                        simulations => format!("UCT with {simulations}"),
                    };
                    println!(
                        "     against {opponent}: {} won, {} drawn, {} lost",
                        tally.wins, tally.draws, tally.losses
                    );
                }
            }
        }
        Telling::Note(note) => println!("{note}"),
    })?;
    match outcome {
        Outcome::Finished(trained) => println!(
            "{} iterations, {} updates, {} episodes, {} positions, {} evaluations in {:.0} s",
            trained.iterations,
            trained.steps,
            trained.episodes,
            trained.positions,
            trained.evaluations,
            trained.seconds
        ),
        Outcome::Interrupted { iteration } => println!("stopped after iteration {iteration}"),
    }
    Ok(())
}

/// Random positions in which a move can spoil the result, with the moves that keep it.
struct Referee {
    games: Vec<ConnectFour>,
    right: Vec<Vec<u32>>,
    /// The share of random moves that keep the result.
    by_chance: f64,
}

impl Referee {
    fn new() -> Result<Self, Box<dyn Error>> {
        let mut solver = Solver::default();
        let mut rng = Xoshiro256PlusPlus::seed_from_u64(7);
        let (mut scratch, mut legal) = (Vec::new(), Vec::new());
        let mut referee = Self { games: Vec::new(), right: Vec::new(), by_chance: 0.0 };
        while referee.games.len() < PROBLEMS {
            let mut game = ConnectFour::new(5, 4)?;
            for _ in 0..rng.random_range(0..16) {
                if game.turn() != Turn::Over {
                    game.play(game.random_action(&mut rng, &mut scratch));
                }
            }
            let right = solver.optimal_outcome_actions(&game);
            game.legal_actions(&mut legal);
            if right.len() < legal.len() {
                referee.by_chance += right.len() as f64 / legal.len() as f64 / PROBLEMS as f64;
                referee.games.push(game);
                referee.right.push(right);
            }
        }
        Ok(referee)
    }

    /// The shares of right moves by the search, and by the network's policy alone.
    fn mark(&mut self, config: &MuZeroConfig, model: &NetworkModel) -> Result<String, Box<dyn Error>> {
        let search = config.search.playing(config.evaluation.simulations, true);
        let outputs = model.search(&search, &self.games, 1)?;
        let share = |is_right: &dyn Fn(usize) -> bool| {
            (0..PROBLEMS).filter(|place| is_right(*place)).count() as f64 / PROBLEMS as f64
        };
        let searched = share(&|place| self.right[place].contains(&outputs[place].action));
        let raw = share(&|place| {
            let output = &outputs[place];
            let best = (0..output.prior.len()).max_by(|a, b| output.prior[*a].total_cmp(&output.prior[*b]));
            best.is_some_and(|best| self.right[place].contains(&output.actions[best]))
        });
        Ok(format!(
            "\n     right moves where a result can be spoilt: {searched:.3} searched, {raw:.3} by the policy, {:.3} by chance",
            self.by_chance
        ))
    }
}
