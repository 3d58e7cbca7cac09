//! The loop: play, learn, measure, save.

use std::time::Instant;

use autodidact_experiment::interrupt;
use autodidact_experiment::metrics::Metrics;
use autodidact_experiment::rng::Seeds;
use autodidact_experiment::run::RunDirectory;
use autodidact_games::Observe;
use burn::tensor::Device;
use serde::{Deserialize, Serialize};

use super::checkpoint::{self, Place};
use super::config::MuZeroConfig;
use super::environments::Environments;
use super::file::TrainedNetwork;
use super::measure::{Measured, compete, returns};
use super::model::NetworkModel;
use super::reanalyse::reanalyse;
use super::samples::{Samples, Unrolling};
use super::step::Learner;
use super::task::Task;
use super::trajectory::Trajectory;
use crate::Result;
use crate::continued::{check_same, nothing_learnt};
use crate::learnt::Learnt;
use crate::replay::Replay;

/// The file of a run that holds the network.
const NETWORK: &str = "network.safetensors";
/// The file of a run that tells how its networks played.
const MEASURED: &str = "measured.json";

/// A trained network and how training went.
#[derive(Clone, Debug, Serialize)]
pub struct Trained {
    /// Iterations made.
    pub iterations: u64,
    /// Updates made.
    pub steps: u64,
    /// Episodes played to their end.
    pub episodes: u64,
    /// Positions of these.
    pub positions: u64,
    /// Hidden states that the network made while playing and searching again.
    pub evaluations: u64,
    /// Seconds of work.
    pub seconds: f64,
    /// How it played on the way.
    pub measured: Vec<Measurement>,
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
    /// The network played.
    Measured {
        /// How.
        measurement: &'a Measurement,
        /// The network as a model, to measure it in other ways too.
        model: &'a NetworkModel,
    },
    /// Something worth a line.
    Note(String),
}

/// What was measured and its place in the run.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Measurement {
    /// Iterations made.
    pub iteration: u64,
    /// Seconds of work before it.
    pub seconds: f64,
    /// What came of it.
    #[serde(flatten)]
    pub measured: Measured,
}

/// Trains a network on a task, writing metrics, checkpoints and the network into `run`; continues from the run's last checkpoint if there is one.
///
/// A run's network is `network.safetensors` (see [`TrainedNetwork`]), written with every checkpoint, and `measured.json` says how it played on the way.
///
/// # Errors
/// [`Error::Setting`](crate::Error::Setting) for a configuration out of range, [`Error::Diverged`](crate::Error::Diverged) if loss or gradient stop being numbers, [`Error::ForeignCheckpoint`](crate::Error::ForeignCheckpoint) if
/// the run was made with another configuration; those of searching and of writing the run. What was saved before stays.
pub fn train<G: Observe>(
    config: &MuZeroConfig,
    task: &Task<G>,
    device: &Device,
    run: &RunDirectory,
    tell: &mut dyn FnMut(Telling<'_>),
) -> Result<Outcome> {
    config.validate()?;
    let _lock = run.lock()?;
    let seeds = Seeds::new(config.seed);
    let search = config.search.config(task.start.num_actions(), task.is_for_two);
    let mut learner = Learner::new(config, &task.start, device);
    let random_moves = config.opening.random_moves;
    let episodes = seeds.child("episodes");
    let mut environments = Environments::new(task.clone(), search, random_moves, config.episodes, episodes);
    let mut replay = Replay::new(config.window);
    let mut place = Place::new(config, task.full_name());

    let checkpoints = run.checkpoints();
    let (mut iteration, mut metrics) = match checkpoints.latest()? {
        Some(latest) => {
            for damage in &latest.skipped {
                tell(Telling::Note(format!("{damage}; continuing from the checkpoint before it")));
            }
            let checkpoint = &latest.checkpoint;
            let stored: Place = checkpoint.json("place")?;
            check_same(run, [&stored.task, &place.task], stored.config == place.config)?;
            replay = checkpoint::restore(checkpoint, (config, task), &mut learner, &mut environments)?;
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
        // 1. Play with the network as it is, and search old positions again with it.
        let model = model(config, task, &learner, device);
        let mut played = Played::default();
        for _ in 0..config.moves {
            for episode in environments.advance(&model)? {
                played.add(&episode, task.is_for_two);
                replay.push(episode);
            }
        }
        let has_enough = replay.len() >= config.warmup_positions.max(1);
        if has_enough {
            let count = (config.positions_per_iteration() as f64 * config.reanalyse).round() as usize;
            let mut rng = seeds.keyed("reanalyse", [iteration]);
            reanalyse(&mut replay, &model, &search, [count, config.episodes], &mut rng)?;
        }
        place.episodes += played.episodes;
        place.evaluations += model.evaluations();

        // 2. Learn from the last episodes.
        let learnt =
            if has_enough { learn(config, task, seeds, &replay, &mut learner)? } else { Learnt::default() };
        iteration += 1;

        // 3. Tell.
        let mut observed = played.metrics(task.is_for_two);
        observed.extend(learnt.metrics());
        observed.push(("replay/positions", replay.len() as f64));
        metrics.log(iteration, &observed);
        tell(Telling::Iteration { iteration, total, metrics: &observed });

        // 4. Measure.
        let every = config.evaluation.every;
        if every > 0 && (iteration.is_multiple_of(every as u64) || iteration == total) {
            place.seconds += std::mem::replace(&mut clock, Instant::now()).elapsed().as_secs_f64();
            let model = self::model(config, task, &learner, device);
            for measured in measure(config, task, &model)? {
                let measurement = Measurement { iteration, seconds: place.seconds, measured };
                tell(Telling::Measured { measurement: &measurement, model: &model });
                place.measured.push(measurement);
            }
            run.write_json(MEASURED, &place.measured)?;
            // That is no part of the work.
            clock = Instant::now();
        }

        // 5. Save.
        let stop = interrupt::requested() && iteration < total;
        if stop || iteration == total || iteration.is_multiple_of(config.checkpoint_every as u64) {
            place.seconds += std::mem::replace(&mut clock, Instant::now()).elapsed().as_secs_f64();
            write_network(config, task, &learner, run)?;
            checkpoints.save(iteration, &checkpoint::save(&place, &learner, &environments, &replay)?)?;
        }
        if stop {
            return Ok(Outcome::Interrupted { iteration });
        }
    }
    if !run.path().join(NETWORK).exists() {
        write_network(config, task, &learner, run)?;
    }
    if learner.steps() == 0 {
        tell(Telling::Note(nothing_learnt(config.warmup_positions)));
    }
    Ok(Outcome::Finished(Trained {
        iterations: iteration,
        steps: learner.steps(),
        episodes: place.episodes,
        positions: replay.num_pushed(),
        evaluations: place.evaluations,
        seconds: place.seconds,
        measured: place.measured,
    }))
}

fn write_network<G: Observe>(
    config: &MuZeroConfig,
    task: &Task<G>,
    learner: &Learner,
    run: &RunDirectory,
) -> Result<()> {
    let network = TrainedNetwork::new(task, config.discount, config.network, learner.network());
    network.write(&run.path().join(NETWORK))
}

/// The network as it is, to search in.
fn model<G: Observe>(
    config: &MuZeroConfig,
    task: &Task<G>,
    learner: &Learner,
    device: &Device,
) -> NetworkModel {
    let discount = task.signed_discount(config.discount);
    let place = (device, config.precision.on(device));
    NetworkModel::new(learner.network(), config.network, &task.start, discount, place)
}

/// The updates of an iteration.
fn learn<G: Observe>(
    config: &MuZeroConfig,
    task: &Task<G>,
    seeds: Seeds,
    replay: &Replay<Trajectory>,
    learner: &mut Learner,
) -> Result<Learnt> {
    let unrolling = Unrolling {
        steps: config.unroll_steps,
        bootstrap_steps: config.bootstrap_steps,
        discount: task.signed_discount(config.discount),
        num_actions: task.start.num_actions(),
    };
    let mut learnt = Learnt::default();
    for _ in 0..config.steps_per_iteration() {
        let mut rng = seeds.keyed("batch", [learner.steps()]);
        let samples = Samples::draw(replay, config.batch_size, &unrolling, &config.network, &mut rng);
        learnt.add(learner.step(&samples)?);
    }
    Ok(learnt)
}

fn measure<G: Observe>(config: &MuZeroConfig, task: &Task<G>, model: &NetworkModel) -> Result<Vec<Measured>> {
    let evaluation = &config.evaluation;
    let search = config.search.playing(evaluation.simulations, task.is_for_two);
    let games = (evaluation.games, evaluation.opening_plies);
    let seeds = Seeds::new(config.seed).child("evaluation");
    if !task.is_for_two {
        return Ok(vec![returns(task, model, &search, games, seeds)?]);
    }
    let opponents = evaluation.uct_simulations.iter();
    opponents.map(|&opponent| compete(task, model, &search, opponent, games, seeds)).collect()
}

/// What was played in an iteration.
#[derive(Default)]
struct Played {
    episodes: u64,
    moves: usize,
    earned: f64,
    first: u64,
    draws: u64,
}

impl Played {
    fn add(&mut self, episode: &Trajectory, is_for_two: bool) {
        let earned = episode.earned(is_for_two);
        self.episodes += 1;
        self.moves += episode.len();
        self.earned += f64::from(earned);
        self.first += u64::from(earned > 0.0);
        self.draws += u64::from(earned == 0.0);
    }

    fn metrics(&self, is_for_two: bool) -> Vec<(&'static str, f64)> {
        let episodes = self.episodes as f64;
        let mut metrics = vec![("selfplay/games", episodes)];
        if self.episodes > 0 {
            metrics.push(("selfplay/length", self.moves as f64 / episodes));
            if is_for_two {
                metrics.push(("selfplay/first_wins", self.first as f64 / episodes));
                metrics.push(("selfplay/draws", self.draws as f64 / episodes));
            } else {
                metrics.push(("selfplay/return", self.earned / episodes));
            }
        }
        metrics
    }
}
