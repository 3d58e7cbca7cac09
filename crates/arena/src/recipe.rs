//! The recipes of the search by name, as they are used to play.

use std::fmt;
use std::str::FromStr;

use autodidact_mcts::{Act, Config, Normalization, Root, Variant};
use serde::{Deserialize, Deserializer, Serialize, Serializer, de};

use crate::nearest::named;
use crate::{Error, Result};

/// A way to search.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Recipe {
    /// UCT (Kocsis and Szepesvári 2006).
    Uct,
    /// PUCT with moves by visits (Silver et al. 2018).
    AlphaZero,
    /// Moves by the regularized policy (Grill et al. 2020).
    Act,
    /// Actions in the tree drawn from it.
    Search,
    /// What a network would learn is it; plays as `alpha-zero` on the scale of the tree.
    Learn,
    /// All three.
    All,
    /// Sequential halving with Gumbel noise (Danihelka et al. 2022).
    Gumbel,
}

const ALL: [(&str, Recipe); 7] = [
    ("uct", Recipe::Uct),
    ("alpha-zero", Recipe::AlphaZero),
    ("act", Recipe::Act),
    ("search", Recipe::Search),
    ("learn", Recipe::Learn),
    ("all", Recipe::All),
    ("gumbel", Recipe::Gumbel),
];

/// UCT's constant on values brought to `[0, 1]`: √2, as in UCB1 (Auer, Cesa-Bianchi and Fischer 2002).
const EXPLORATION: f32 = std::f32::consts::SQRT_2;

impl Recipe {
    /// Every recipe.
    pub fn all() -> impl Iterator<Item = Self> {
        ALL.into_iter().map(|(_, recipe)| recipe)
    }

    /// The name that is typed.
    pub fn name(self) -> &'static str {
        ALL.into_iter().find(|(_, recipe)| *recipe == self).expect("every recipe has a name").0
    }

    /// The search as the literature has it, to learn from.
    pub fn learning(self, simulations: u32) -> Config {
        match self {
            Self::Uct => Config::uct(simulations, EXPLORATION),
            Self::AlphaZero => Config::alpha_zero(simulations),
            Self::Act => Config::regularized(Variant::Act, simulations),
            Self::Search => Config::regularized(Variant::Search, simulations),
            Self::Learn => Config::regularized(Variant::Learn, simulations),
            Self::All => Config::regularized(Variant::All, simulations),
            Self::Gumbel => Config::gumbel(simulations),
        }
    }

    /// The search as it plays: without noise on the root's prior, the best move rather than a drawn one; Gumbel searches still draw which actions
    /// they consider. With two players results are
    /// between −1 and 1 and proven ones count as such; with one, values are brought to the scale of the tree.
    pub fn config(self, simulations: u32, has_two_players: bool) -> Config {
        let mut config = self.learning(simulations);
        config.noise = None;
        match &mut config.act {
            Act::Visits { temperature } | Act::Regularized { temperature } => *temperature = 0.0,
            Act::Halving => {}
        }
        if has_two_players {
            config.proven = Some([-1.0, 1.0]);
        } else if matches!(config.normalization, Normalization::Fixed { .. }) {
            config.normalization = Normalization::Tree;
        }
        config
    }

    /// Whether the simulations are planned ahead, so that a search has to know their number.
    pub fn plans_ahead(self) -> bool {
        matches!(self.config(1, true).root, Root::SequentialHalving { .. })
    }
}

impl fmt::Display for Recipe {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl FromStr for Recipe {
    type Err = Error;

    fn from_str(name: &str) -> Result<Self> {
        named("recipe", name, &ALL)
    }
}

impl Serialize for Recipe {
    fn serialize<S: Serializer>(&self, serializer: S) -> std::result::Result<S::Ok, S::Error> {
        serializer.serialize_str(self.name())
    }
}

impl<'de> Deserialize<'de> for Recipe {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> std::result::Result<Self, D::Error> {
        String::deserialize(deserializer)?.parse().map_err(de::Error::custom)
    }
}
