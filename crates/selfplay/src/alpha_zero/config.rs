//! What a run is made of.

use autodidact_arena::Recipe;
use autodidact_mcts::{Act, Config, Dirichlet, Regularizer};
use autodidact_nn::PrecisionConfig;
use autodidact_optim::{Decay, OptimizerConfig, Schedule, TunerConfig};
use serde::{Deserialize, Serialize};

use super::network::NetworkConfig;
use crate::Result;
use crate::setting::{ANY, between, count};

/// Settings of AlphaZero training.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct AlphaZeroConfig {
    /// Seed of weights, searches, openings and batches.
    pub seed: u64,
    /// Rounds of playing, then learning.
    pub iterations: usize,
    /// Games that go on at the same time: as many positions are evaluated at once.
    pub games: usize,
    /// Moves of each game between two rounds of learning.
    pub moves: usize,
    /// Positions that are drawn from, at most: the newest.
    pub window: usize,
    /// The share of all positions so far that are drawn from, where that is fewer; the first games, which were bad, leave early.
    pub window_share: f64,
    /// Positions before the first update.
    pub warmup_positions: usize,
    /// Positions of an update.
    pub batch_size: usize,
    /// How often a position is learnt from on average.
    pub reuse: f64,
    /// Learning rate after the warm-up.
    pub learning_rate: f64,
    /// What follows the warm-up.
    pub decay: Decay,
    /// Updates over which the learning rate rises.
    pub warmup_steps: usize,
    /// Weight of the value's loss beside the policy's.
    pub value_weight: f64,
    /// The share of what the search expected in what the value learns; the rest is the game's result.
    pub value_mix: f32,
    /// Largest norm of a gradient; 0 for any.
    pub clip_norm: f64,
    /// Iterations between checkpoints.
    pub checkpoint_every: usize,
    /// What convolutions multiply.
    pub precision: PrecisionConfig,
    /// The network.
    pub network: NetworkConfig,
    /// How games are searched.
    pub search: SearchConfig,
    /// How games begin.
    pub opening: OpeningConfig,
    /// How strength is measured on the way.
    pub evaluation: EvaluationConfig,
    /// The update rule.
    pub optimizer: OptimizerConfig,
    /// What finds the learning rate in place of the schedule.
    pub optim: OptimConfig,
}

/// Where the learning rate comes from.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct OptimConfig {
    /// The tuner, or the schedule.
    pub tuner: TunerConfig,
}

/// How games are searched while the network learns.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SearchConfig {
    /// The recipe; what the policy learns is its policy to learn.
    pub recipe: Recipe,
    /// Simulations of a search.
    pub simulations: u32,
    /// The share of searches whose policy is learnt; the others are quick and only choose the move (playout cap randomization; Wu 2019,
    /// section 3.1). 1 for all.
    pub full_share: f64,
    /// Simulations of quick searches.
    pub quick_simulations: u32,
    /// c₁ of PUCT, or `c_scale` of Gumbel searches; the recipe's own if it is 0.
    pub exploration: f32,
    /// The share of noise in the root's prior; none where it is 0. Gumbel searches draw their own.
    pub noise_fraction: f32,
    /// Concentration of the noise for each move, times the number of moves; 10 in Silver et al. 2018, about.
    pub noise_total: f32,
    /// Moves from the beginning of a game that are drawn from the policy; later ones are the search's best.
    pub sampled_moves: u32,
    /// Whether positions whose result is proven in the tree count as such.
    pub proven: bool,
}

/// How games begin.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct OpeningConfig {
    /// The most random moves before the first search; their number is drawn from 0 to this. More of them show the network more
    /// positions that good players would not reach.
    pub random_moves: u32,
}

/// How strength is measured on the way.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct EvaluationConfig {
    /// Iterations between evaluations; 0 for none.
    pub every: usize,
    /// Games against each opponent.
    pub games: u32,
    /// Simulations of the network's search; with 1 it plays its prior's best move.
    pub simulations: u32,
    /// Opponents: UCT with so many random games a move.
    pub uct_simulations: Vec<u32>,
    /// Random moves at the beginning of each game.
    pub opening_plies: u32,
}

impl Default for AlphaZeroConfig {
    fn default() -> Self {
        Self {
            seed: 1,
            iterations: 100,
            games: 256,
            moves: 16,
            window: 500_000,
            window_share: 0.5,
            warmup_positions: 4096,
            batch_size: 512,
            reuse: 4.0,
            learning_rate: 2e-3,
            decay: Decay::Cosine,
            warmup_steps: 100,
            value_weight: 1.0,
            value_mix: 0.0,
            clip_norm: 0.0,
            checkpoint_every: 5,
            precision: PrecisionConfig::Auto,
            network: NetworkConfig::default(),
            search: SearchConfig::default(),
            opening: OpeningConfig { random_moves: 0 },
            evaluation: EvaluationConfig {
                every: 10,
                games: 40,
                simulations: 64,
                uct_simulations: vec![1000],
                opening_plies: 4,
            },
            optimizer: OptimizerConfig::adamw(1e-2),
            optim: OptimConfig::default(),
        }
    }
}

impl Default for SearchConfig {
    fn default() -> Self {
        Self {
            recipe: Recipe::Gumbel,
            simulations: 32,
            full_share: 1.0,
            quick_simulations: 8,
            exploration: 0.0,
            noise_fraction: 0.25,
            noise_total: 10.0,
            sampled_moves: 0,
            proven: true,
        }
    }
}

impl SearchConfig {
    /// The search of a game with so many moves, as it is used while the network learns.
    pub fn config(&self, simulations: u32, num_actions: usize) -> Config {
        let noise = [self.noise_fraction, self.noise_total];
        let mut config = learning(self.recipe, simulations, self.exploration, noise, num_actions);
        // Moves that are to be drawn are drawn from the policy to learn; others are the search's best.
        match &mut config.act {
            Act::Visits { temperature } | Act::Regularized { temperature } => *temperature = 0.0,
            Act::Halving => {}
        }
        config.proven = self.proven.then_some([-1.0, 1.0]);
        config
    }
}

/// A recipe with its exploration constant, its own one where that is 0, and noise on the root's prior: the share, and the concentration for each move
/// times the number of moves. Gumbel searches draw their own noise.
pub(crate) fn learning(
    recipe: Recipe,
    simulations: u32,
    exploration: f32,
    [noise_fraction, noise_total]: [f32; 2],
    num_actions: usize,
) -> Config {
    let mut config = recipe.learning(simulations);
    if exploration > 0.0 {
        match &mut config.regularizer {
            Regularizer::Puct { init: constant, .. } | Regularizer::Uct { exploration: constant, .. } => {
                *constant = exploration;
            }
        }
        config.improvement.scale = exploration;
    }
    let noise = Dirichlet { fraction: noise_fraction, alpha: noise_total / num_actions as f32 };
    config.noise = (noise_fraction > 0.0 && !recipe.plans_ahead()).then_some(noise);
    config
}

impl AlphaZeroConfig {
    /// That all settings are in their ranges.
    ///
    /// # Errors
    /// [`Error::Setting`](crate::Error::Setting), or that of the search.
    pub fn validate(&self) -> Result<()> {
        for (field, value) in [
            ("iterations", self.iterations),
            ("games", self.games),
            ("moves", self.moves),
            ("batch_size", self.batch_size),
            ("checkpoint_every", self.checkpoint_every),
            ("search.simulations", self.search.simulations as usize),
            ("search.quick_simulations", self.search.quick_simulations as usize),
            ("evaluation.games", self.evaluation.games as usize),
            ("evaluation.simulations", self.evaluation.simulations as usize),
        ] {
            count(field, value, 1_000_000, "1 to 1000000")?;
        }
        for (field, value) in [
            ("network.width", self.network.width),
            ("network.policy_channels", self.network.policy_channels),
            ("network.value_channels", self.network.value_channels),
            ("network.value_hidden", self.network.value_hidden),
        ] {
            count(field, value, 4096, "1 to 4096")?;
        }
        count("network.blocks", self.network.blocks + 1, 257, "256 at most")?;
        count("window", self.window, 1 << 40, "1 or more")?;
        count("warmup_positions", self.warmup_positions, self.window, "1 or more, and `window` at most")?;
        for simulations in &self.evaluation.uct_simulations {
            count("evaluation.uct_simulations", *simulations as usize, usize::MAX, "1 or more each")?;
        }
        let share = "a share between 0 and 1";
        let rate = "a number of 0 or more";
        between("window_share", self.window_share, [1e-3, 1.0], "a share between 0.001 and 1")?;
        between("reuse", self.reuse, [0.0, ANY], rate)?;
        between("learning_rate", self.learning_rate, [0.0, ANY], rate)?;
        between("value_weight", self.value_weight, [0.0, ANY], rate)?;
        between("value_mix", f64::from(self.value_mix), [0.0, 1.0], share)?;
        between("clip_norm", self.clip_norm, [0.0, ANY], rate)?;
        between("search.full_share", self.search.full_share, [1e-3, 1.0], "a share between 0.001 and 1")?;
        between("search.exploration", f64::from(self.search.exploration), [0.0, ANY], rate)?;
        between("search.noise_fraction", f64::from(self.search.noise_fraction), [0.0, 1.0], share)?;
        between("search.noise_total", f64::from(self.search.noise_total), [1e-6, ANY], "a number above 0")?;
        self.optim.tuner.validate()?;
        Ok(self.search.config(self.search.simulations, 2).check()?)
    }

    /// Updates of an iteration: so many that each position is learnt from [`AlphaZeroConfig::reuse`] times.
    pub fn steps_per_iteration(&self) -> usize {
        let positions = (self.games * self.moves) as f64 * self.search.full_share;
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
