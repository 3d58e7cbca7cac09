//! A run of an arm.

use autodidact_communicate::training::{Evaluation, Learner, TrainConfig, evaluate};
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

/// Plays an arm to the end. `done` of `total` updates were made by other arms of the job.
pub(super) fn play(
    (kind, arm): (Kind, Arm),
    config: &TrainConfig,
    context: &JobContext<'_>,
    [done, total]: [u64; 2],
) -> Result<Played, JobError> {
    let (_, split) = config.objects()?;
    let mut learner = Learner::recurrent(config)?;
    let mut evaluations = Vec::new();
    for update in 1..=config.updates {
        let report = learner.step(&split)?;
        if interrupt::requested() {
            return Err(Interrupted.into());
        }
        if update % config.evaluation.every == 0 || update == config.updates {
            evaluations.push(evaluate(
                config,
                &split,
                (learner.speaker(), learner.listener()),
                update as u64,
            )?);
        }
        context.progress(done + update as u64, total, &[("loss", report.loss)]);
    }
    let counts = learner.counts();
    Ok(Played { kind, arm, evaluations, listener_steps: counts.listener_steps, updates: counts.updates })
}
