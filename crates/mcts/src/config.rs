//! The parts of a search, each named, to be combined freely.

use serde::{Deserialize, Serialize};

use crate::{Error, Result};

/// How a tree is searched, how a move is chosen from it and what a network is to learn from it.
///
/// The recipes of the literature are functions ([`Config::alpha_zero`], [`Config::regularized`], …); a part that is another one is set
/// afterwards:
///
/// ```
/// use autodidact_mcts::{Config, Dirichlet, Variant};
///
/// let config = Config {
///     noise: Some(Dirichlet { fraction: 0.25, alpha: 1.0 }),
///     ..Config::regularized(Variant::All, 50)
/// };
/// config.check()?;
/// # Ok::<(), autodidact_mcts::Error>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct Config {
    /// Simulations of a search.
    pub num_simulations: u32,
    /// The trade-off between values and prior, of which all forms of regularized policies are made.
    pub regularizer: Regularizer,
    /// How an action is chosen below the root.
    pub interior: Interior,
    /// How an action is chosen at the root.
    pub root: Root,
    /// How the move is chosen that is played.
    pub act: Act,
    /// The policy that a network is to learn.
    pub learn: Learn,
    /// The scale that values are brought to before they meet the prior.
    pub normalization: Normalization,
    /// The value of an action without a visit.
    pub unvisited: Unvisited,
    /// Noise on the root's prior.
    pub noise: Option<Dirichlet>,
    /// How the improved policy of Gumbel searches weighs values.
    pub improvement: Improvement,
    /// Edges from the root to a leaf, at most.
    pub max_depth: u32,
    /// The least and the largest value of a game, from the side of the first player, whose proven results count as such: a move that is known to win, lose or draw is
    /// no longer estimated (score bounds; Cazenave and Saffidine 2010).
    pub proven: Option<[f32; 2]>,
    /// Searches a sample of the actions of each position; all where it is none.
    pub sampled: Option<Sampled>,
    /// Whether positions that are reached in different ways after as many moves are one node.
    pub transpositions: bool,
}

/// The trade-off between values and prior at a node with `A` actions, n(a) visits of each and N of all.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "kebab-case", deny_unknown_fields)]
pub enum Regularizer {
    /// AlphaZero's and MuZero's rule (Schrittwieser et al. 2020, appendix B): the action of the largest
    /// `q + c(N) π √N / (1 + n)`, with `c(N) = init + ln((N + base + 1) / base)`. As a distance, `KL[π ‖ y]` with
    /// `λ = c(N) √N / (A + N)` (Grill et al. 2020, eq. 4).
    Puct {
        /// c₁.
        init: f32,
        /// c₂.
        base: f32,
        /// What N is.
        count: Count,
    },
    /// UCT (Kocsis and Szepesvári 2006): the action of the largest `q + c √(ln N / (1 + n))`, whatever the prior. As a distance,
    /// the Hellinger type with `λ = c √(A ln N / (A + N))`.
    Uct {
        /// c.
        exploration: f32,
        /// What N is.
        count: Count,
    },
}

/// What the visits of a node are.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Count {
    /// Those of the node: one when it was evaluated, and one for each of an action. Never 0; mctx counts so.
    Node,
    /// Those of its actions, as the papers write. At a fresh node they are 0 and values alone decide.
    Actions,
}

/// How an action is chosen below the root.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Interior {
    /// The largest score of the [`Regularizer`], which follows the regularized policy one visit at a time.
    Argmax,
    /// Drawn from the regularized policy π̄ itself: SEARCH of Grill et al. 2020.
    Sample,
    /// The largest `π′ − n / (1 + N)` for the improved policy π′: the deterministic rule of Danihelka et al. 2022, section 5.
    Improved,
}

/// How an action is chosen at the root.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "kebab-case", deny_unknown_fields)]
pub enum Root {
    /// As below it.
    Interior,
    /// Sequential halving of actions drawn without replacement (Danihelka et al. 2022, section 3).
    SequentialHalving {
        /// Actions that are considered at first; 16 in the paper.
        considered: u32,
        /// Whether Gumbel noise draws them; without, they are those of the largest prior.
        gumbel: bool,
    },
}

/// How the move is chosen that is played.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "kebab-case", deny_unknown_fields)]
pub enum Act {
    /// In proportion to `visits^(1/T)`; of equally visited ones the best if T is 0.
    Visits {
        /// T, 0 or more.
        temperature: f32,
    },
    /// In proportion to `π̄^(1/T)`: ACT of Grill et al. 2020.
    Regularized {
        /// T, 0 or more.
        temperature: f32,
    },
    /// The largest `g + ln π + σ(q)` among the most visited (Danihelka et al. 2022).
    Halving,
}

/// The policy that a network is to learn.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Learn {
    /// The share of visits of each action.
    Visits,
    /// The regularized policy π̄: LEARN of Grill et al. 2020.
    Regularized,
    /// The improved policy `π′ = softmax(ln π + σ(q))` (Danihelka et al. 2022).
    Improved,
}

/// The scale that values are brought to: 0 for the least and 1 for the largest.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "kebab-case", deny_unknown_fields)]
pub enum Normalization {
    /// The least and largest value of an action anywhere in the tree so far: MuZero's. With a single value all are 0.
    Tree,
    /// Those of the node's own value and of its visited actions: mctx's.
    Node,
    /// These.
    Fixed {
        /// The value that counts 0.
        low: f32,
        /// The value that counts 1.
        high: f32,
    },
}

/// The value of an action without a visit, on which π̄ depends more than PUCT does.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "kebab-case", deny_unknown_fields)]
pub enum Unvisited {
    /// The mean value of the node.
    NodeValue,
    /// The least value of the node and its visited actions: mctx's for PUCT.
    NodeMinimum,
    /// `(v + N Σ π q / Σ π) / (1 + N)` with the network's value v, over visited actions: `v_mix` of Danihelka et al. 2022, appendix D.
    Mixed,
    /// 0 on the normalized scale, the worst.
    Zero,
    /// A number on the normalized scale; above 1 every action is visited once before one is visited twice.
    Normalized {
        /// The number.
        value: f32,
    },
}

/// `fraction` of the root's prior is replaced by a draw from a Dirichlet distribution.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct Dirichlet {
    /// The share of noise, 0 to 1.
    pub fraction: f32,
    /// The concentration for each action, above 0; 0.3 in chess, 0.03 in Go.
    pub alpha: f32,
}

/// Actions are drawn, with replacement, from `π^(1/T)` (Sampled MuZero; Hubert et al. 2021).
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct Sampled {
    /// Draws, K.
    pub actions: u32,
    /// T, above 0.
    pub temperature: f32,
}

/// `σ(q) = (visits + max n) scale q`, with values completed by `v_mix` and brought to `[0, 1]` within the node.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct Improvement {
    /// `c_visit`.
    pub visits: f32,
    /// `c_scale`.
    pub scale: f32,
    /// Whether values are brought to `[0, 1]` by those of the node; else they are taken as they are.
    pub rescale: bool,
}

impl Config {
    /// That all numbers are in their ranges.
    ///
    /// # Errors
    /// [`Error::Setting`].
    pub fn check(&self) -> Result<()> {
        let setting = |is_right, name, value: f32, expected| {
            if is_right { Ok(()) } else { Err(Error::Setting { name, value: f64::from(value), expected }) }
        };
        let positive =
            |name, value: f32| setting(value > 0.0 && value.is_finite(), name, value, "a number above 0");
        let not_negative = |name, value: f32| {
            setting(value >= 0.0 && value.is_finite(), name, value, "a number of 0 or more")
        };
        setting(self.num_simulations > 0, "num-simulations", 0.0, "one or more")?;
        setting(self.max_depth > 0, "max-depth", 0.0, "one or more")?;
        match self.regularizer {
            Regularizer::Puct { init, base, .. } => not_negative("init", init).and(positive("base", base))?,
            Regularizer::Uct { exploration, .. } => not_negative("exploration", exploration)?,
        }
        if let Root::SequentialHalving { considered, .. } = self.root {
            setting(considered > 0, "considered", 0.0, "one or more")?;
        }
        match self.act {
            Act::Visits { temperature } | Act::Regularized { temperature } => {
                not_negative("temperature", temperature)?;
            }
            Act::Halving => {}
        }
        if let Normalization::Fixed { low, high } = self.normalization {
            setting(low < high && (high - low).is_finite(), "high", high, "a number above `low`")?;
        }
        if let Unvisited::Normalized { value } = self.unvisited {
            setting(value.is_finite(), "unvisited", value, "a finite number")?;
        }
        if let Some(Dirichlet { fraction, alpha }) = self.noise {
            setting((0.0..=1.0).contains(&fraction), "fraction", fraction, "a share between 0 and 1")?;
            positive("alpha", alpha)?;
        }
        if let Some(Sampled { actions, temperature }) = self.sampled {
            setting(actions > 0, "actions", 0.0, "one or more")?;
            positive("temperature", temperature)?;
        }
        not_negative("visits", self.improvement.visits)?;
        not_negative("scale", self.improvement.scale)?;
        // The best of some actions is not the best of all.
        setting(self.proven.is_none() || self.sampled.is_none(), "sampled", 1.0, "none beside `proven`")?;
        if let Some([low, high]) = self.proven {
            setting(
                low < high && (high - low).is_finite(),
                "proven",
                high,
                "a number above the least value",
            )?;
        }
        Ok(())
    }
}
