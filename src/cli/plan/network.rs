//! Which network says what positions are worth.

use std::path::PathBuf;

use anyhow::Result;
use autodidact::arena::{Playable, Shared};
use autodidact::nn::Precision;
use autodidact::represent::burn::tensor::Device;
use autodidact::selfplay::{NetworkEvaluator, TrainedNetwork};
use clap::Args;

use crate::cli::exit::WrongUse;

/// The network.
#[derive(Clone, Debug, Args)]
pub struct Network {
    /// Network that says what positions are worth, of `plan train`; without one, random games do
    #[arg(long, value_name = "FILE")]
    network: Option<PathBuf>,
}

impl Network {
    /// The network as an evaluator for a game, if there is one.
    pub fn evaluator<G: Playable>(&self, start: &G, device: &Device) -> Result<Option<Shared<G>>> {
        let Some(path) = &self.network else { return Ok(None) };
        let trained = TrainedNetwork::read(path, device)?;
        trained.check(start).map_err(|error| WrongUse(error.to_string()))?;
        Ok(Some(Shared::new(NetworkEvaluator::new(trained.network, device, Precision::F32))))
    }
}
