//! A run's checkpoint: network, optimizer, episodes, and the place in the run.

use autodidact_experiment::checkpoint::{Checkpoint, CheckpointBuilder};
use autodidact_games::Observe;
use serde::{Deserialize, Serialize};

use super::config::MuZeroConfig;
use super::environments::{Environments, EnvironmentsState};
use super::run::Measurement;
use super::step::Learner;
use super::task::Task;
use super::trajectory::Trajectory;
use crate::packed::{packed, unpacked};
use crate::replay::Replay;
use crate::{Error, Result};

/// Where a run stands.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(super) struct Place {
    pub config: MuZeroConfig,
    pub task: String,
    /// Seconds of work so far.
    pub seconds: f64,
    /// Hidden states that the network made.
    pub evaluations: u64,
    /// Episodes that ended.
    pub episodes: u64,
    pub measured: Vec<Measurement>,
}

impl Place {
    pub fn new(config: &MuZeroConfig, task: String) -> Self {
        Self { config: config.clone(), task, seconds: 0.0, evaluations: 0, episodes: 0, measured: Vec::new() }
    }
}

pub(super) fn save<G: Observe>(
    place: &Place,
    learner: &Learner,
    environments: &Environments<G>,
    replay: &Replay<Trajectory>,
) -> Result<CheckpointBuilder> {
    let episodes: Vec<&Trajectory> = replay.episodes().collect();
    let checkpoint = CheckpointBuilder::new()
        .json("place", place)?
        .section("environments", packed(&environments.state()))
        .section("replay", packed(&(episodes, replay.num_pushed())));
    learner.save(checkpoint)
}

/// Restores everything but the place.
pub(super) fn restore<G: Observe>(
    checkpoint: &Checkpoint,
    (config, task): (&MuZeroConfig, &Task<G>),
    learner: &mut Learner,
    environments: &mut Environments<G>,
) -> Result<Replay<Trajectory>> {
    let state: EnvironmentsState = unpacked(checkpoint.section("environments")?)?;
    environments.restore(state)?;
    let (episodes, num_pushed): (Vec<Trajectory>, u64) = unpacked(checkpoint.section("replay")?)?;
    let length = task.start.observation_shape().iter().product();
    for episode in &episodes {
        episode.check(length, task.start.num_actions()).map_err(|reason| Error::Games { reason })?;
    }
    learner.restore(checkpoint)?;
    Ok(Replay::restore(config.window, episodes, num_pushed))
}
