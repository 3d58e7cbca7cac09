//! The loop: play, learn, measure, save.

use std::time::Instant;

use autodidact_arena::{Contest, Playable, Shared};
use autodidact_experiment::metrics::Metrics;
use autodidact_experiment::rng::Seeds;
use autodidact_experiment::run::RunDirectory;
use autodidact_experiment::{file, interrupt};
use burn::tensor::Device;
use serde::{Deserialize, Serialize};

use super::checkpoint::{self, Place};
use super::config::AlphaZeroConfig;
use super::step::Learner;
use crate::actors::{Actors, Play};
use crate::continued::{check_same, nothing_learnt};
use crate::evaluator::NetworkEvaluator;
use crate::file::TrainedNetwork;
use crate::learnt::Learnt;
use crate::rating::{Opponent, Rating, rate};
use crate::replay::Replay;
use crate::samples::Samples;
use crate::{Error, Result};

/// The file of a run that holds the network.
const NETWORK: &str = "network.safetensors";
/// The file of a run that tells how its networks played.
const RATINGS: &str = "ratings.json";
/// The folder of a run that holds the networks that were rated.
const POOL: &str = "pool";

/// A trained network and how training went.
#[derive(Clone, Debug, Serialize)]
pub struct Trained {
    /// Iterations made.
    pub iterations: u64,
    /// Updates made.
    pub steps: u64,
    /// Games played to their end.
    pub games: u64,
    /// Positions that were searched and came into the window.
    pub positions: u64,
    /// Positions that searches asked for, and those of them that the network evaluated.
    pub evaluations: [u64; 2],
    /// Seconds of work.
    pub seconds: f64,
    /// How it played on the way.
    pub ratings: Vec<Rated>,
}

/// How a call of [`train`] ended.
#[derive(Clone, Debug)]
pub enum Outcome {
    /// All iterations are done.
    Finished(Trained),
    /// Stopped on request after this iteration, after a clean save; [`train`] on the same run continues.
    Interrupted {
        /// Iterations made.
        iteration: u64,
    },
}

/// What the loop tells whoever watches.
#[derive(Debug)]
pub enum Telling<'a> {
    /// An iteration is done.
    Iteration {
        /// Iterations made.
        iteration: u64,
        /// All iterations.
        total: u64,
        /// Metrics.
        metrics: &'a [(&'static str, f64)],
    },
    /// A match was played.
    Rated(&'a Rated),
    /// Something worth a line.
    Note(String),
}

/// A rating and its place in the run.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Rated {
    /// Iterations made.
    pub iteration: u64,
    /// Seconds of work before it.
    pub seconds: f64,
    /// What came of the match.
    #[serde(flatten)]
    pub rating: Rating,
}

/// Trains a network on the game that begins at `start`, writing metrics, checkpoints and networks into `run`; continues from the run's last
/// checkpoint if there is one.
///
/// A run's network is `network.safetensors` (see [`TrainedNetwork`]), written with every checkpoint; networks that were rated are kept in `pool`, and
/// `ratings.json` says how they played.
///
/// # Errors
/// [`Error::Setting`] for a configuration out of range, [`Error::ForOne`] for games for one, [`Error::Diverged`] if loss or gradient stop being
/// numbers, [`Error::ForeignCheckpoint`] if the run was made with another configuration; those of searching and of writing the run. What was saved
/// before stays.
pub fn train<G: Playable>(
    config: &AlphaZeroConfig,
    start: &G,
    device: &Device,
    run: &RunDirectory,
    tell: &mut dyn FnMut(Telling<'_>),
) -> Result<Outcome> {
    check(config, start)?;
    let _lock = run.lock()?;
    let seeds = Seeds::new(config.seed);
    let mut learner = Learner::new(config, start, device);
    let mut actors = Actors::new(start.clone(), play(config, start), config.games, seeds.child("games"));
    let mut replay = Replay::new(config.window);
    let mut place = Place::new(config, format!("{} {:?}", G::NAME.name(), start.observation_shape()));

    let checkpoints = run.checkpoints();
    let (mut iteration, mut metrics) = match checkpoints.latest()? {
        Some(latest) => {
            for damage in &latest.skipped {
                tell(Telling::Note(format!("{damage}; continuing from the checkpoint before it")));
            }
            let checkpoint = &latest.checkpoint;
            let stored: Place = checkpoint.json("place")?;
            check_same(run, [&stored.game, &place.game], stored.config == place.config)?;
            replay = checkpoint::restore(checkpoint, (config, start), &mut learner, &mut actors)?;
            place = stored;
            let iteration = checkpoint.step();
            tell(Telling::Note(format!("continuing after iteration {iteration} of {}", config.iterations)));
            (iteration, Metrics::resume(run, iteration)?)
        }
        None => (0, Metrics::create(run)?),
    };
    let total = config.iterations as u64;
    let mut clock = Instant::now();
    while iteration < total {
        // 1. Play with the network as it is.
        let share = (replay.num_pushed() as f64 * config.window_share) as usize;
        replay.set_capacity(config.window.min(share.max(config.warmup_positions)));
        let precision = config.precision.on(device);
        let evaluator = NetworkEvaluator::new(learner.network(), device, precision);
        let mut played = Played::default();
        for _ in 0..config.moves {
            for episode in actors.advance(&evaluator)? {
                played.add(episode.actions.len(), episode.result);
                replay.push(episode);
            }
        }
        place.games += played.games;
        for (sum, count) in place.evaluations.iter_mut().zip(evaluator.counts()) {
            *sum += count;
        }

        // 2. Learn from the last games.
        let learnt = learn(config, start, seeds, &replay, &mut learner)?;
        iteration += 1;

        // 3. Tell.
        let mut observed = played.metrics();
        observed.extend(learnt.metrics());
        observed.push(("replay/positions", replay.len() as f64));
        metrics.log(iteration, &observed);
        tell(Telling::Iteration { iteration, total, metrics: &observed });

        // 4. Measure.
        let every = config.evaluation.every;
        if every > 0 && (iteration.is_multiple_of(every as u64) || iteration == total) {
            place.seconds += std::mem::replace(&mut clock, Instant::now()).elapsed().as_secs_f64();
            let network = TrainedNetwork::new(start, config.network, learner.network());
            let pool = run.path().join(POOL);
            file::create_folder(&pool)?;
            network.write(&pool.join(format!("{iteration:06}.safetensors")))?;
            for rating in measure(config, start, network, device)? {
                let rated = Rated { iteration, seconds: place.seconds, rating };
                tell(Telling::Rated(&rated));
                place.ratings.push(rated);
            }
            run.write_json(RATINGS, &place.ratings)?;
            // Matches are no part of the work.
            clock = Instant::now();
        }

        // 5. Save.
        let stop = interrupt::requested() && iteration < total;
        if stop || iteration == total || iteration.is_multiple_of(config.checkpoint_every as u64) {
            place.seconds += std::mem::replace(&mut clock, Instant::now()).elapsed().as_secs_f64();
            write_network(config, start, &learner, run)?;
            checkpoints.save(iteration, &checkpoint::save(&place, &learner, &actors, &replay)?)?;
        }
        if stop {
            return Ok(Outcome::Interrupted { iteration });
        }
    }
    if !run.path().join(NETWORK).exists() {
        write_network(config, start, &learner, run)?;
    }
    if learner.steps() == 0 {
        tell(Telling::Note(nothing_learnt(config.warmup_positions)));
    }
    Ok(Outcome::Finished(Trained {
        iterations: iteration,
        steps: learner.steps(),
        games: place.games,
        positions: replay.num_pushed(),
        evaluations: place.evaluations,
        seconds: place.seconds,
        ratings: place.ratings,
    }))
}

fn write_network<G: Playable>(
    config: &AlphaZeroConfig,
    start: &G,
    learner: &Learner,
    run: &RunDirectory,
) -> Result<()> {
    TrainedNetwork::new(start, config.network, learner.network()).write(&run.path().join(NETWORK))
}

/// That the game can be learnt with these settings.
fn check<G: Playable>(config: &AlphaZeroConfig, start: &G) -> Result<()> {
    config.validate()?;
    if !G::IS_FOR_TWO {
        return Err(Error::ForOne { game: G::NAME.name() });
    }
    if config.evaluation.every > 0 && contest(config).check(start).is_err() {
        let value = config.evaluation.opening_plies.to_string();
        let expected = "fewer random moves, after which the game is not over";
        return Err(Error::Setting { field: "evaluation.opening_plies", value, expected });
    }
    Ok(())
}

/// The updates of an iteration; none while there are few positions.
fn learn<G: Playable>(
    config: &AlphaZeroConfig,
    start: &G,
    seeds: Seeds,
    replay: &Replay,
    learner: &mut Learner,
) -> Result<Learnt> {
    let mut learnt = Learnt::default();
    if replay.len() < config.warmup_positions.max(1) {
        return Ok(learnt);
    }
    for _ in 0..config.steps_per_iteration() {
        let mut rng = seeds.keyed("batch", [learner.steps()]);
        let samples = Samples::draw(replay, start, config.batch_size, config.value_mix, &mut rng);
        learnt.add(learner.step(&samples)?);
    }
    Ok(learnt)
}

fn play<G: Playable>(config: &AlphaZeroConfig, start: &G) -> Play {
    let search = &config.search;
    let of = |simulations| search.config(simulations, start.num_actions());
    Play {
        full: of(search.simulations),
        quick: of(search.quick_simulations),
        full_share: search.full_share,
        sampled_moves: search.sampled_moves,
        random_moves: config.opening.random_moves,
    }
}

fn contest(config: &AlphaZeroConfig) -> Contest {
    Contest {
        games: config.evaluation.games,
        opening_plies: config.evaluation.opening_plies,
        seed: config.seed,
        jobs: rayon::current_num_threads(),
    }
}

fn measure<G: Playable>(
    config: &AlphaZeroConfig,
    start: &G,
    network: TrainedNetwork,
    device: &Device,
) -> Result<Vec<Rating>> {
    let evaluation = &config.evaluation;
    let precision = config.precision.on(device);
    let evaluator = Shared::new(NetworkEvaluator::new(network.network, device, precision));
    let settings = contest(config);
    let opponents = evaluation.uct_simulations.iter();
    opponents
        .map(|&uct_simulations| {
            rate(start, &evaluator, evaluation.simulations, Opponent { uct_simulations }, &settings)
        })
        .collect()
}

/// What was played in an iteration.
#[derive(Default)]
struct Played {
    games: u64,
    moves: usize,
    first: u64,
    draws: u64,
}

impl Played {
    fn add(&mut self, moves: usize, result: f32) {
        self.games += 1;
        self.moves += moves;
        self.first += u64::from(result > 0.0);
        self.draws += u64::from(result == 0.0);
    }

    fn metrics(&self) -> Vec<(&'static str, f64)> {
        let games = self.games as f64;
        let mut metrics = vec![("selfplay/games", games)];
        if self.games > 0 {
            metrics.push(("selfplay/length", self.moves as f64 / games));
            metrics.push(("selfplay/first_wins", self.first as f64 / games));
            metrics.push(("selfplay/draws", self.draws as f64 / games));
        }
        metrics
    }
}
