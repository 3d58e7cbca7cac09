//! A run's checkpoint: network, optimizer, games, and the place in the run.

use autodidact_experiment::checkpoint::{Checkpoint, CheckpointBuilder};
use autodidact_games::Game;
use serde::{Deserialize, Serialize};

use super::config::AlphaZeroConfig;
use super::run::Rated;
use super::step::Learner;
use crate::actors::{Actors, ActorsState};
use crate::episode::Episode;
use crate::packed::{packed, unpacked};
use crate::replay::Replay;
use crate::{Error, Result};

/// Where a run stands.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(super) struct Place {
    pub config: AlphaZeroConfig,
    pub game: String,
    /// Seconds of work so far.
    pub seconds: f64,
    /// Positions that searches asked for, and evaluations of the network.
    pub evaluations: [u64; 2],
    /// Games that ended.
    pub games: u64,
    pub ratings: Vec<Rated>,
}

impl Place {
    pub fn new(config: &AlphaZeroConfig, game: String) -> Self {
        Self {
            config: config.clone(),
            game,
            seconds: 0.0,
            evaluations: [0; 2],
            games: 0,
            ratings: Vec::new(),
        }
    }
}

pub(super) fn save<G: Game>(
    place: &Place,
    learner: &Learner,
    actors: &Actors<G>,
    replay: &Replay,
) -> Result<CheckpointBuilder> {
    let episodes: Vec<&Episode> = replay.episodes().collect();
    let checkpoint = CheckpointBuilder::new()
        .json("place", place)?
        .section("actors", packed(&actors.state()))
        .section("replay", packed(&(episodes, replay.num_pushed())));
    learner.save(checkpoint)
}

/// Restores everything but the place.
pub(super) fn restore<G: Game>(
    checkpoint: &Checkpoint,
    (config, start): (&AlphaZeroConfig, &G),
    learner: &mut Learner,
    actors: &mut Actors<G>,
) -> Result<Replay> {
    let state: ActorsState = unpacked(checkpoint.section("actors")?)?;
    actors.restore(state)?;
    let (episodes, num_pushed): (Vec<Episode>, u64) = unpacked(checkpoint.section("replay")?)?;
    for episode in &episodes {
        episode.check(start).map_err(|reason| Error::Games { reason })?;
    }
    learner.restore(checkpoint)?;
    Ok(Replay::restore(config.window, episodes, num_pushed))
}
