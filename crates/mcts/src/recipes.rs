//! The searches of the literature, as configurations.

use serde::{Deserialize, Serialize};

use crate::config::{
    Act, Config, Count, Dirichlet, Improvement, Interior, Learn, Normalization, Regularizer, Root, Sampled,
    Unvisited,
};

/// Where π̄ takes the place of AlphaZero's choices (Grill et al. 2020, section 4).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Variant {
    /// The move that is played is drawn from it.
    Act,
    /// Actions in the tree, at every node, are drawn from it.
    Search,
    /// The network learns it.
    Learn,
    /// All three.
    All,
}

/// The depth that nobody reaches.
const ANY_DEPTH: u32 = u32::MAX;

/// Constants of MuZero's appendix B. At a fresh node the prior decides, as in its pseudo-code, where a node counts its own visit.
const PUCT: Regularizer = Regularizer::Puct { init: 1.25, base: 19652.0, count: Count::Node };

impl Config {
    /// AlphaZero for games of two players whose values lie between −1 and 1 (Silver et al. 2018): PUCT, moves in proportion to visits,
    /// noise on the root's prior. An action without a visit counts what its node does.
    pub fn alpha_zero(num_simulations: u32) -> Self {
        Self {
            num_simulations,
            regularizer: PUCT,
            interior: Interior::Argmax,
            root: Root::Interior,
            act: Act::Visits { temperature: 1.0 },
            learn: Learn::Visits,
            normalization: Normalization::Fixed { low: -1.0, high: 1.0 },
            unvisited: Unvisited::NodeValue,
            noise: Some(Dirichlet { fraction: 0.25, alpha: 0.3 }),
            improvement: Improvement { visits: 50.0, scale: 0.1, rescale: true },
            max_depth: ANY_DEPTH,
            proven: None,
            sampled: None,
            transpositions: false,
        }
    }

    /// MuZero (Schrittwieser et al. 2020): the same on values of any scale, which is that of the tree.
    pub fn mu_zero(num_simulations: u32) -> Self {
        Self { normalization: Normalization::Tree, ..Self::alpha_zero(num_simulations) }
    }

    /// MuZero as `muzero_policy` of mctx 0.0.71 does it by default: scale and value of unvisited actions are the node's.
    pub fn mctx_mu_zero(num_simulations: u32) -> Self {
        Self {
            normalization: Normalization::Node,
            unvisited: Unvisited::NodeMinimum,
            ..Self::alpha_zero(num_simulations)
        }
    }

    /// UCT (Kocsis and Szepesvári 2006) for values between −1 and 1, with every action visited once first and the most visited played.
    pub fn uct(num_simulations: u32, exploration: f32) -> Self {
        Self {
            regularizer: Regularizer::Uct { exploration, count: Count::Actions },
            act: Act::Visits { temperature: 0.0 },
            unvisited: Unvisited::Normalized { value: 1e6 },
            noise: None,
            ..Self::alpha_zero(num_simulations)
        }
    }

    /// Regularized policy optimization (Grill et al. 2020) in one of its forms, on MuZero's search. ALL and SEARCH need no noise on
    /// the root, for they draw.
    pub fn regularized(variant: Variant, num_simulations: u32) -> Self {
        let plain = Self::mu_zero(num_simulations);
        let act = Act::Regularized { temperature: 1.0 };
        match variant {
            Variant::Act => Self { act, ..plain },
            Variant::Search => Self { interior: Interior::Sample, ..plain },
            Variant::Learn => Self { learn: Learn::Regularized, ..plain },
            Variant::All => Self { act, interior: Interior::Sample, learn: Learn::Regularized, ..plain },
        }
    }

    /// Sampled MuZero (Hubert et al. 2021): of each position K drawn actions are searched. For continuous actions a [`Model`](crate::Model)
    /// draws them itself: its states hold K actions each, of which the search knows the numbers.
    pub fn sampled(num_simulations: u32, actions: u32) -> Self {
        Self { sampled: Some(Sampled { actions, temperature: 1.0 }), ..Self::mu_zero(num_simulations) }
    }

    /// Gumbel AlphaZero and MuZero (Danihelka et al. 2022) as `gumbel_muzero_policy` of mctx 0.0.71 does it by default: sequential
    /// halving at the root, the deterministic rule below it, the improved policy to learn.
    pub fn gumbel(num_simulations: u32) -> Self {
        Self {
            interior: Interior::Improved,
            root: Root::SequentialHalving { considered: 16, gumbel: true },
            act: Act::Halving,
            learn: Learn::Improved,
            normalization: Normalization::Node,
            unvisited: Unvisited::Mixed,
            noise: None,
            ..Self::alpha_zero(num_simulations)
        }
    }
}
