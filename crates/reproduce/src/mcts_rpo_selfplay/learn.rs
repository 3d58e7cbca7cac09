//! Self-play and learning, the same for every search.

use std::time::Instant;

use autodidact_experiment::interrupt;
use autodidact_experiment::reproduction::{Interrupted, JobContext, JobError};
use autodidact_experiment::rng::Seeds;
use autodidact_games::Observe;
use autodidact_mcts::Config;
use autodidact_nn::{Precision, PrecisionConfig};
use autodidact_optim::{Decay, OptimizerConfig};
use autodidact_selfplay::burn::tensor::Device;
use autodidact_selfplay::{
    Actors, AlphaZeroConfig, Learner, Network, NetworkConfig, NetworkEvaluator, Play, Replay, Samples,
};
use serde::{Deserialize, Serialize};

use super::method::Opinion;

/// How a network is trained.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub(super) struct Training {
    /// Evaluations that searches may ask for: one of each root and one for each simulation.
    pub evaluations: u64,
    /// Games at the same time.
    pub games: usize,
    /// Moves of each between updates.
    pub moves: usize,
    /// Positions that are drawn from, at most.
    pub window: usize,
    /// Positions before the first update.
    pub warmup_positions: usize,
    pub batch_size: usize,
    /// How often a position is learnt from on average.
    pub reuse: f64,
    pub learning_rate: f64,
    pub warmup_steps: usize,
    pub weight_decay: f64,
    pub network: NetworkConfig,
}

/// A network and what it took.
pub(super) struct Trained {
    pub network: Network,
    /// Positions that were searched, games that ended, updates.
    pub positions: u64,
    pub games: u64,
    pub updates: u64,
    /// Positions that searches asked for: fewer than there were to be where games ended in the tree.
    pub evaluations: u64,
    pub seconds: f64,
}

impl Training {
    /// The setting of all scales but for the evaluations.
    pub fn new(evaluations: u64) -> Self {
        Self {
            evaluations,
            games: 16,
            moves: 4,
            window: 20_000,
            warmup_positions: 128,
            batch_size: 64,
            reuse: 4.0,
            learning_rate: 2e-3,
            warmup_steps: 20,
            weight_decay: 1e-2,
            network: NetworkConfig {
                width: 16,
                blocks: 2,
                policy_channels: 4,
                value_channels: 2,
                value_hidden: 32,
            },
        }
    }

    /// Rounds of playing and learning that spend the evaluations.
    pub fn iterations(&self, simulations: u32) -> usize {
        let positions = self.evaluations as f64 / f64::from(simulations + 1);
        ((positions / (self.games * self.moves) as f64).round() as usize).max(1)
    }

    /// The learner's part as its own settings.
    fn config(&self, simulations: u32, seed: u64) -> AlphaZeroConfig {
        AlphaZeroConfig {
            seed,
            iterations: self.iterations(simulations),
            games: self.games,
            moves: self.moves,
            window: self.window,
            warmup_positions: self.warmup_positions,
            batch_size: self.batch_size,
            reuse: self.reuse,
            learning_rate: self.learning_rate,
            decay: Decay::Cosine,
            warmup_steps: self.warmup_steps,
            value_weight: 1.0,
            value_mix: 0.0,
            clip_norm: 0.0,
            precision: PrecisionConfig::F32,
            network: self.network,
            optimizer: OptimizerConfig::adamw(self.weight_decay),
            ..AlphaZeroConfig::default()
        }
    }

    /// Trains a network on the game that begins at `start`. Moves are drawn as the search says, from the first to the last.
    pub fn run<G: Observe>(
        &self,
        start: &G,
        (search, has_prior): (Config, bool),
        seed: u64,
        device: &Device,
        context: &JobContext<'_>,
    ) -> Result<Trained, JobError> {
        let begun = Instant::now();
        let config = self.config(search.num_simulations, seed);
        let seeds = Seeds::new(seed);
        let mut learner = Learner::new(&config, start, device);
        let play = Play { full: search, quick: search, full_share: 1.0, sampled_moves: 0, random_moves: 0 };
        let mut actors = Actors::new(start.clone(), play, self.games, seeds.child("games"));
        let mut replay = Replay::new(self.window);
        let (mut games, mut evaluations) = (0, 0);
        for iteration in 0..config.iterations {
            if interrupt::requested() {
                return Err(Interrupted.into());
            }
            let network = NetworkEvaluator::new(learner.network(), device, Precision::F32);
            let opinion = Opinion { network: &network, has_prior };
            for _ in 0..self.moves {
                for episode in actors.advance(&opinion)? {
                    games += 1;
                    replay.push(episode);
                }
            }
            evaluations += network.counts()[0];
            let mut losses = [0.0; 2];
            if replay.len() >= self.warmup_positions {
                for _ in 0..config.steps_per_iteration() {
                    let mut rng = seeds.keyed("batch", [learner.steps()]);
                    let samples = Samples::draw(&replay, start, self.batch_size, config.value_mix, &mut rng);
                    let report = learner.step(&samples)?;
                    losses = [report.losses.policy, report.losses.value];
                }
            }
            let [policy, value] = losses;
            context.progress(
                iteration as u64 + 1,
                config.iterations as u64,
                &[("loss/policy", policy), ("loss/value", value)],
            );
        }
        Ok(Trained {
            network: learner.network(),
            positions: (config.iterations * self.games * self.moves) as u64,
            games,
            updates: learner.steps(),
            evaluations,
            seconds: begun.elapsed().as_secs_f64(),
        })
    }
}
