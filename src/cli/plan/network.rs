//! Which network says what positions are worth.

use std::convert::Infallible;
use std::path::PathBuf;
use std::str::FromStr;

use anyhow::{Result, bail};
use autodidact::arena::{Playable, Recipe, Session, Shared};
use autodidact::nn::Precision;
use autodidact::represent::burn::tensor::Device;
use autodidact::selfplay::{NetworkEvaluator, TrainedNetwork, builtin};
use clap::Args;

use crate::cli::exit::WrongUse;

/// Where a network comes from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Source {
    /// The one that comes with the program, where it has one for the game and its board.
    Builtin,
    /// There is none: random games.
    None,
    /// A file of `plan train`.
    File(PathBuf),
}

impl FromStr for Source {
    type Err = Infallible;

    fn from_str(text: &str) -> Result<Self, Infallible> {
        Ok(match text {
            "builtin" => Self::Builtin,
            "none" => Self::None,
            path => Self::File(path.into()),
        })
    }
}

impl Source {
    /// The network as an evaluator, if there is one.
    pub fn evaluator<G: Playable>(&self, start: &G, device: &Device) -> Result<Option<Shared<G>>> {
        let trained = match self {
            Self::None => None,
            Self::Builtin => match builtin(start, device) {
                Some(trained) => Some(trained),
                None => {
                    let game = G::NAME;
                    bail!(WrongUse(format!(
                        "there is no built-in network for {game} on this board; give a file"
                    )))
                }
            },
            Self::File(path) => {
                let trained = TrainedNetwork::read(path, device)?;
                trained.check(start).map_err(|error| WrongUse(error.to_string()))?;
                Some(trained)
            }
        };
        Ok(trained.map(|trained| shared(trained, device)))
    }
}

fn shared<G: Playable>(trained: TrainedNetwork, device: &Device) -> Shared<G> {
    Shared::new(NetworkEvaluator::new(trained.network, device, Precision::F32))
}

/// The flag.
#[derive(Clone, Debug, Args)]
pub struct Network {
    /// Network that says what positions are worth: a FILE of `plan train`, `builtin` or `none` for random games
    /// [default: the built-in one, which connect4 has on 7x6, but for recipe uct]
    #[arg(long, value_name = "FILE")]
    pub network: Option<Source>,
}

/// Who searches.
pub struct Searcher<G> {
    pub recipe: Recipe,
    pub evaluator: Option<Shared<G>>,
}

impl Network {
    /// A recipe, or the usual one, with its evaluator.
    pub fn searcher<G: Playable>(&self, recipe: Option<Recipe>, start: &G) -> Result<Searcher<G>> {
        let device = Device::flex();
        let evaluator = match &self.network {
            Some(source) => source.evaluator(start, &device)?,
            // UCT takes nothing from a policy.
            None if recipe == Some(Recipe::Uct) => None,
            None => builtin(start, &device).map(|trained| shared(trained, &device)),
        };
        let usual = if evaluator.is_some() { Recipe::AlphaZero } else { Recipe::Uct };
        Ok(Searcher { recipe: recipe.unwrap_or(usual), evaluator })
    }
}

impl<G: Playable> Searcher<G> {
    /// What says what positions are worth, for people.
    pub fn judge(&self) -> &'static str {
        if self.evaluator.is_some() { "network" } else { "random games" }
    }

    /// A game from `start`.
    pub fn session(self, start: G, seed: u64) -> Session<G> {
        let evaluator = self.evaluator.unwrap_or_else(|| Shared::new(G::evaluator(1)));
        Session::with_evaluator(start, self.recipe, evaluator, seed)
    }
}
