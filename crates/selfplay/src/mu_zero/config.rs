//! What a run is made of.

use autodidact_arena::Recipe;
use autodidact_mcts::{Config, Normalization, Root};
use autodidact_nn::{NormConfig, PrecisionConfig};
use autodidact_optim::{Decay, OptimizerConfig, Schedule};
use serde::{Deserialize, Serialize};

use super::network::NetworkConfig;
use super::support::Support;
use crate::alpha_zero::{OpeningConfig, OptimConfig, learning};
use crate::setting::{ANY, between, count};
use crate::{Error, Result};

/// Settings of MuZero training. The defaults are for games for two; [`MuZeroConfig::control`] has those of tasks for one.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct MuZeroConfig {
    /// Seed of weights, searches, beginnings and batches.
    pub seed: u64,
    /// Rounds of playing, then learning.
    pub iterations: usize,
    /// Episodes that go on at the same time: as many positions are searched at once.
    pub episodes: usize,
    /// Moves of each episode between two rounds of learning.
    pub moves: usize,
    /// Positions that are drawn from, at most: the newest.
    pub window: usize,
    /// Positions before the first update.
    pub warmup_positions: usize,
    /// Positions of an update, each with what followed it.
    pub batch_size: usize,
    /// How often a position is the first of such a sequence on average.
    pub reuse: f64,
    /// Moves that the model is unrolled for, K; 5 in the paper.
    pub unroll_steps: usize,
    /// Moves whose rewards are in a value's target, n; 10 in the paper's Atari, and 0, up to the end, in its board games.
    pub bootstrap_steps: usize,
    /// γ; 0.997 in the paper's Atari, and 1 in its board games.
    pub discount: f32,
    /// Positions of the window that are searched again with the present network, for each that is played: their policies and values to learn
    /// are new ones (Reanalyse; appendix H).
    pub reanalyse: f64,
    /// Learning rate after the warm-up.
    pub learning_rate: f64,
    /// What follows the warm-up.
    pub decay: Decay,
    /// Updates over which the learning rate rises.
    pub warmup_steps: usize,
    /// Weight of the value's loss beside the policy's; 0.25 in the paper's Reanalyse.
    pub value_weight: f64,
    /// Weight of the reward's loss.
    pub reward_weight: f64,
    /// Largest norm of a gradient; 0 for any.
    pub clip_norm: f64,
    /// Iterations between checkpoints.
    pub checkpoint_every: usize,
    /// What convolutions multiply.
    pub precision: PrecisionConfig,
    /// The network.
    pub network: NetworkConfig,
    /// How positions are searched.
    pub search: SearchConfig,
    /// How episodes begin.
    pub opening: OpeningConfig,
    /// How strength is measured on the way.
    pub evaluation: EvaluationConfig,
    /// The update rule.
    pub optimizer: OptimizerConfig,
    /// What finds the learning rate in place of the schedule.
    pub optim: OptimConfig,
}

/// How positions are searched while the network learns.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SearchConfig {
    /// The recipe; what the policy learns is its policy to learn.
    pub recipe: Recipe,
    /// Simulations of a search.
    pub simulations: u32,
    /// c₁ of PUCT, or `c_scale` of Gumbel searches; the recipe's own if it is 0.
    pub exploration: f32,
    /// The share of noise in the root's prior; none where it is 0. Gumbel searches draw their own.
    pub noise_fraction: f32,
    /// Concentration of the noise for each move, times the number of moves.
    pub noise_total: f32,
}

/// How strength is measured on the way, by the search without noise.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct EvaluationConfig {
    /// Iterations between evaluations; 0 for none.
    pub every: usize,
    /// Episodes, or games against each opponent.
    pub games: u32,
    /// Simulations of the network's search.
    pub simulations: u32,
    /// Opponents in games for two: UCT with so many random games a move, and one that moves at random where it is 0.
    pub uct_simulations: Vec<u32>,
    /// The most random moves at the beginning of each game.
    pub opening_plies: u32,
}

impl Default for MuZeroConfig {
    fn default() -> Self {
        Self {
            seed: 1,
            iterations: 200,
            episodes: 256,
            moves: 8,
            window: 200_000,
            warmup_positions: 4096,
            batch_size: 256,
            reuse: 2.5,
            unroll_steps: 5,
            bootstrap_steps: 0,
            discount: 1.0,
            reanalyse: 0.25,
            learning_rate: 4e-3,
            decay: Decay::Cosine,
            warmup_steps: 50,
            value_weight: 1.0,
            reward_weight: 1.0,
            clip_norm: 5.0,
            checkpoint_every: 20,
            precision: PrecisionConfig::Auto,
            network: NetworkConfig::default(),
            search: SearchConfig::default(),
            opening: OpeningConfig { random_moves: 6 },
            evaluation: EvaluationConfig {
                every: 20,
                games: 40,
                simulations: 32,
                uct_simulations: vec![0, 100],
                opening_plies: 2,
            },
            optimizer: OptimizerConfig::adamw(1e-4),
            optim: OptimConfig::default(),
        }
    }
}

impl Default for SearchConfig {
    fn default() -> Self {
        Self {
            recipe: Recipe::Gumbel,
            simulations: 16,
            exploration: 0.0,
            noise_fraction: 0.25,
            noise_total: 10.0,
        }
    }
}

impl SearchConfig {
    /// The search of a task with so many moves, as it is used while the network learns.
    pub fn config(&self, num_actions: usize, is_for_two: bool) -> Config {
        let noise = [self.noise_fraction, self.noise_total];
        let mut config = learning(self.recipe, self.simulations, self.exploration, noise, num_actions);
        if !is_for_two && matches!(config.normalization, Normalization::Fixed { .. }) {
            config.normalization = Normalization::Tree;
        }
        config
    }

    /// The search as it plays: the best move, without noise.
    pub fn playing(&self, simulations: u32, is_for_two: bool) -> Config {
        let mut config = self.recipe.config(simulations, is_for_two);
        config.proven = None;
        if let Root::SequentialHalving { gumbel, .. } = &mut config.root {
            *gumbel = false;
        }
        config
    }
}

impl MuZeroConfig {
    /// Tasks for one: discounted rewards, on a scale that holds sums of some hundreds.
    pub fn control() -> Self {
        let numbers = |limit| Support { limit, is_scaled: true };
        Self {
            iterations: 150,
            episodes: 16,
            moves: 32,
            window: 100_000,
            warmup_positions: 1024,
            batch_size: 128,
            reuse: 4.0,
            bootstrap_steps: 50,
            discount: 0.997,
            reanalyse: 1.0,
            learning_rate: 2e-3,
            value_weight: 0.25,
            network: NetworkConfig {
                width: 64,
                blocks: 1,
                dynamics_blocks: 1,
                norm: NormConfig::LAYER,
                value_support: numbers(16),
                reward_support: numbers(2),
                ..NetworkConfig::default()
            },
            opening: OpeningConfig { random_moves: 0 },
            evaluation: EvaluationConfig {
                games: 20,
                simulations: 16,
                uct_simulations: Vec::new(),
                opening_plies: 0,
                ..Self::default().evaluation
            },
            ..Self::default()
        }
    }

    /// That all settings are in their ranges.
    ///
    /// # Errors
    /// [`Error::Setting`], or that of the search.
    pub fn validate(&self) -> Result<()> {
        for (field, value) in [
            ("iterations", self.iterations),
            ("episodes", self.episodes),
            ("moves", self.moves),
            ("batch_size", self.batch_size),
            ("checkpoint_every", self.checkpoint_every),
            ("search.simulations", self.search.simulations as usize),
            ("evaluation.games", self.evaluation.games as usize),
            ("evaluation.simulations", self.evaluation.simulations as usize),
        ] {
            count(field, value, 1_000_000, "1 to 1000000")?;
        }
        for (field, value) in [
            ("unroll_steps", self.unroll_steps),
            ("network.width", self.network.width),
            ("network.action_channels", self.network.action_channels),
            ("network.head_channels", self.network.head_channels),
            ("network.head_hidden", self.network.head_hidden),
        ] {
            count(field, value, 4096, "1 to 4096")?;
        }
        for (field, value) in [
            ("network.blocks", self.network.blocks),
            ("network.dynamics_blocks", self.network.dynamics_blocks),
        ] {
            count(field, value.saturating_add(1), 257, "256 at most")?;
        }
        count("window", self.window, 1 << 40, "1 or more")?;
        count("warmup_positions", self.warmup_positions, self.window, "1 or more, and `window` at most")?;
        let share = "a share between 0 and 1";
        let rate = "a number of 0 or more";
        between("discount", f64::from(self.discount), [0.0, 1.0], share)?;
        between("search.noise_fraction", f64::from(self.search.noise_fraction), [0.0, 1.0], share)?;
        between("search.noise_total", f64::from(self.search.noise_total), [1e-6, ANY], "a number above 0")?;
        for (field, value) in [
            ("reuse", self.reuse),
            ("reanalyse", self.reanalyse),
            ("learning_rate", self.learning_rate),
            ("value_weight", self.value_weight),
            ("reward_weight", self.reward_weight),
            ("clip_norm", self.clip_norm),
            ("search.exploration", f64::from(self.search.exploration)),
        ] {
            between(field, value, [0.0, ANY], rate)?;
        }
        self.network.value_support.check("network.value_support.limit")?;
        self.network.reward_support.check("network.reward_support.limit")?;
        if self.network.norm.uses_batch_statistics() {
            return Err(Error::Setting {
                field: "network.norm",
                value: "batch".to_owned(),
                expected: "a normalisation of each state by itself: group, layer, affine or none",
            });
        }
        self.optim.tuner.validate()?;
        Ok(self.search.config(2, true).check()?)
    }

    /// Positions that are played in an iteration.
    pub(super) fn positions_per_iteration(&self) -> usize {
        self.episodes * self.moves
    }

    /// Updates of an iteration: so many that each position begins [`MuZeroConfig::reuse`] sequences.
    pub fn steps_per_iteration(&self) -> usize {
        let positions = self.positions_per_iteration() as f64;
        ((positions * self.reuse / self.batch_size as f64).round() as usize).max(1)
    }

    /// The learning rate of every update.
    pub fn schedule(&self) -> Schedule {
        Schedule {
            peak: self.learning_rate,
            warmup_steps: self.warmup_steps,
            total_steps: self.iterations * self.steps_per_iteration(),
            decay: self.decay,
        }
    }
}
