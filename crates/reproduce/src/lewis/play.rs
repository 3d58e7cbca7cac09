//! A run of an arm.

use autodidact_communicate::agents::{Listener, Speaker};
use autodidact_communicate::game::Split;
use autodidact_communicate::training::{Evaluation, Learner, Played as Objects, TrainConfig, evaluate};
use autodidact_experiment::interrupt;
use autodidact_experiment::reproduction::{Interrupted, JobContext, JobError};
use serde::{Deserialize, Serialize};

use super::arm::{Arm, Kind};

/// What came of a run.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(super) struct Played {
    pub kind: Kind,
    pub arm: Arm,
    /// Measured on the way; the last is after the last update.
    pub evaluations: Vec<Evaluation>,
    /// Steps of the listener, in updates of both and alone.
    pub listener_steps: u64,
    /// Updates of the speaker.
    pub updates: u64,
}

impl Played {
    /// At the end.
    pub fn last(&self) -> &Evaluation {
        self.evaluations.last().expect("a run is measured at its end")
    }

    /// Steps of the listener for each of the speaker's.
    pub fn steps_per_update(&self) -> f64 {
        self.listener_steps as f64 / self.updates as f64
    }

    /// At the first measurement at which so many objects that train are told.
    pub fn when_train_accuracy_is(&self, level: f64) -> &Evaluation {
        self.evaluations.iter().find(|evaluation| evaluation.train.accuracy >= level).unwrap_or(self.last())
    }
}

/// Where a run is in its job.
#[derive(Clone, Copy)]
pub(super) struct Place<'a> {
    pub context: &'a JobContext<'a>,
    /// Updates before it, and of the whole job.
    pub done: u64,
    pub total: u64,
}

/// Plays an arm of objects with attributes to the end.
pub(super) fn play(arm: Arm, config: &TrainConfig, place: Place<'_>) -> Result<Played, JobError> {
    let (_, split) = config.objects()?;
    to_the_end((Kind::Attributes, arm), config, Learner::recurrent(config)?, &split, place)
}

/// Plays an arm of features to the end.
pub(super) fn play_with_features(
    arm: Arm,
    config: &TrainConfig,
    place: Place<'_>,
) -> Result<Played, JobError> {
    let (features, split) = config.features()?;
    let learner = Learner::discriminating(config, features.width())?;
    to_the_end((Kind::Pictures, arm), config, learner, &split, place)
}

fn to_the_end<X: Objects, S: Speaker<X>, L: Listener<X::Question>>(
    (kind, arm): (Kind, Arm),
    config: &TrainConfig,
    mut learner: Learner<S, L, X>,
    split: &Split<X>,
    place: Place<'_>,
) -> Result<Played, JobError> {
    let mut evaluations = Vec::new();
    for update in 1..=config.updates {
        let report = learner.step(split)?;
        if interrupt::requested() {
            return Err(Interrupted.into());
        }
        if update % config.evaluation.every == 0 || update == config.updates {
            let agents = (learner.speaker(), learner.listener());
            evaluations.push(evaluate(config, split, agents, update as u64)?);
        }
        place.context.progress(place.done + update as u64, place.total, &[("loss", report.loss)]);
    }
    let counts = learner.counts();
    let (listener_steps, updates) = (counts.listener_steps, counts.updates);
    Ok(Played { kind, arm, evaluations, listener_steps, updates })
}
