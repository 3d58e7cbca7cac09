//! The searches that are compared.

use autodidact_games::Observe;
use autodidact_mcts::{
    Batch, Config, Count, Dirichlet, Evaluator, Improvement, Normalization, Regularizer, Result, Variant,
};
use autodidact_selfplay::NetworkEvaluator;
use rand::{RngExt, SeedableRng};
use rand_xoshiro::Xoshiro256PlusPlus;
use serde::{Deserialize, Serialize};

/// A search, whose exploration is still to be set.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(super) enum Method {
    AlphaZero,
    /// AlphaZero's search with a prior that prefers no move.
    Uniform,
    Act,
    Learn,
    Search,
    All,
    Gumbel,
}

/// Exploration constants that each method is tried with: c₁ of PUCT, or for Gumbel searches ten times `c_scale`.
pub(super) const EXPLORATIONS: [f32; 3] = [0.3, 1.25, 4.0];

/// How far probabilities of a prior that prefers no move are apart at most, as a share: what is equal otherwise is then drawn.
const JITTER: f32 = 1e-3;

impl Method {
    pub const ALL: [Self; 7] =
        [Self::AlphaZero, Self::Uniform, Self::Act, Self::Learn, Self::Search, Self::All, Self::Gumbel];

    /// Its part of a job's name.
    pub fn name(self) -> &'static str {
        match self {
            Self::AlphaZero => "alpha-zero",
            Self::Uniform => "uniform",
            Self::Act => "act",
            Self::Learn => "learn",
            Self::Search => "search",
            Self::All => "all",
            Self::Gumbel => "gumbel",
        }
    }

    pub fn label(self) -> &'static str {
        match self {
            Self::AlphaZero => "AlphaZero",
            Self::Uniform => "uniform prior",
            Self::Act => "ACT",
            Self::Learn => "LEARN",
            Self::Search => "SEARCH",
            Self::All => "ALL",
            Self::Gumbel => "Gumbel",
        }
    }

    /// The search of a game with so many actions whose results lie between −1 and 1, as it plays against itself.
    pub fn config(self, exploration: f32, simulations: u32, actions: usize) -> Config {
        let base = match self {
            Self::AlphaZero | Self::Uniform => Config::alpha_zero(simulations),
            Self::Act => Config::regularized(Variant::Act, simulations),
            Self::Learn => Config::regularized(Variant::Learn, simulations),
            Self::Search => Config::regularized(Variant::Search, simulations),
            Self::All => Config::regularized(Variant::All, simulations),
            Self::Gumbel => {
                let improvement = Improvement { visits: 50.0, scale: 0.1 * exploration, rescale: false };
                return Config { improvement, ..Config::gumbel(simulations) };
            }
        };
        Config {
            regularizer: Regularizer::Puct { init: exploration, base: 19652.0, count: Count::Node },
            normalization: Normalization::Fixed { low: -1.0, high: 1.0 },
            noise: Some(Dirichlet { fraction: 0.25, alpha: 10.0 / actions as f32 }),
            ..base
        }
    }
}

/// What a network says of positions, with or without its policy.
pub(super) struct Opinion<'a> {
    pub network: &'a NetworkEvaluator,
    pub has_prior: bool,
}

impl<G: Observe> Evaluator<G> for Opinion<'_> {
    fn evaluate(&self, batch: &mut Batch<G>) -> Result<()> {
        self.network.evaluate(batch)?;
        if self.has_prior {
            return Ok(());
        }
        for index in 0..batch.len() {
            let mut rng = Xoshiro256PlusPlus::seed_from_u64(batch.seed(index));
            let shares: Vec<f32> =
                batch.policy(index).iter().map(|_| 1.0 + JITTER * rng.random::<f32>()).collect();
            let sum: f32 = shares.iter().sum();
            let policy: Vec<f32> = shares.iter().map(|share| share / sum).collect();
            batch.set(index, batch.value(index), &policy);
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use autodidact_experiment::rng::Seeds;
    use autodidact_games::ConnectFour;
    use autodidact_nn::Precision;
    use autodidact_selfplay::NetworkConfig;
    use autodidact_selfplay::burn::tensor::Device;

    /// The network's values remain, and its policy does not.
    #[test]
    fn a_prior_can_be_left_out() {
        let device = Device::flex();
        let config = NetworkConfig { width: 8, blocks: 1, ..NetworkConfig::default() };
        let network = config.init([2, 6, 7], 7, &mut Seeds::new(1).stream("weights"), &device);
        let network = NetworkEvaluator::new(network, &device, Precision::F32);
        let [with, without] = [true, false].map(|has_prior| {
            let mut batch =
                Batch::of(["4453", "4"].map(|moves| moves.parse::<ConnectFour>().expect("moves")));
            Opinion { network: &network, has_prior }.evaluate(&mut batch).expect("an opinion");
            batch
        });
        for index in 0..2 {
            assert_eq!(with.value(index), without.value(index));
            let farthest = |batch: &Batch<ConnectFour>| {
                let from_uniform = batch.policy(index).iter().map(|share| (7.0 * share - 1.0).abs());
                from_uniform.fold(0.0, f32::max)
            };
            assert!(farthest(&with) > 0.01, "{:?}", with.policy(index));
            assert!(farthest(&without) <= JITTER, "{:?}", without.policy(index));
            assert!((without.policy(index).iter().sum::<f32>() - 1.0).abs() < 1e-5);
        }
        // Which move comes first is drawn for each position.
        assert_ne!(without.policy(0), without.policy(1));
    }
}
