//! The searches that are compared. ACT is not among them: which move is played changes nothing where positions are given.

use autodidact_mcts::{
    Config, Count, Dirichlet, Improvement, Normalization, Regularizer, Unvisited, Variant,
};
use serde::{Deserialize, Serialize};

/// A search, whose exploration is still to be set.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(super) enum Method {
    AlphaZero,
    Search,
    Learn,
    All,
    Gumbel,
}

/// Exploration constants that each method is tried with: c₁ of PUCT, or for Gumbel searches ten times `c_scale`.
pub(super) const EXPLORATIONS: [f32; 3] = [0.3, 1.25, 4.0];

/// A method with its numbers.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Setting {
    pub exploration: f32,
    /// Whether there is noise at the root.
    pub noise: bool,
}

impl Method {
    pub const ALL: [Self; 5] = [Self::AlphaZero, Self::Search, Self::Learn, Self::All, Self::Gumbel];

    pub fn label(self) -> &'static str {
        match self {
            Self::AlphaZero => "AlphaZero",
            Self::Search => "SEARCH",
            Self::Learn => "LEARN",
            Self::All => "ALL",
            Self::Gumbel => "Gumbel",
        }
    }

    /// The settings that it is tried with.
    pub fn settings(self) -> Vec<Setting> {
        let noises: &[bool] = if self == Self::Gumbel { &[true] } else { &[false, true] };
        noises
            .iter()
            .flat_map(|&noise| EXPLORATIONS.map(|exploration| Setting { exploration, noise }))
            .collect()
    }

    pub fn config(
        self,
        Setting { exploration, noise }: Setting,
        num_simulations: u32,
        actions: usize,
    ) -> Config {
        let base = match self {
            Self::AlphaZero => Config::mu_zero(num_simulations),
            Self::Search => Config::regularized(Variant::Search, num_simulations),
            Self::Learn => Config::regularized(Variant::Learn, num_simulations),
            Self::All => Config::regularized(Variant::All, num_simulations),
            Self::Gumbel => {
                let improvement = Improvement { visits: 50.0, scale: 0.1 * exploration, rescale: true };
                return Config { improvement, ..Config::gumbel(num_simulations) };
            }
        };
        Config {
            regularizer: Regularizer::Puct { init: exploration, base: 19652.0, count: Count::Node },
            normalization: Normalization::Tree,
            unvisited: Unvisited::NodeValue,
            noise: noise.then_some(Dirichlet { fraction: 0.25, alpha: 10.0 / actions as f32 }),
            ..base
        }
    }
}
