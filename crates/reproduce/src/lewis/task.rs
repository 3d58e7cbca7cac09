//! The jobs: tables for the identity, and runs of agents.

use autodidact_communicate::training::TrainConfig;
use autodidact_experiment::reproduction::{Job, JobContext, JobError, Scale};
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::arm::{Arm, Kind, with_steps};
use super::exact;
use super::play::play;

/// All that a result depends on beside the seed.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(tag = "task", rename_all = "kebab-case")]
enum Description {
    /// Random tables of a small game.
    Exact { tables: usize },
    /// An arm.
    Play { arm: Arm, config: Box<TrainConfig> },
    /// An early-stopped listener, and then a partial one that makes its mean number of steps.
    Matched { early_stopped: Box<TrainConfig>, partial: Box<TrainConfig> },
}

/// The name of the job of tables.
pub(super) const EXACT: &str = "exact";
/// The name of the job of two arms.
const MATCHED: &str = "matched";

/// The jobs of a seed.
pub(super) fn jobs(paper: &str, scale: Scale, seed: u64) -> Vec<Job> {
    let config = |arm: Arm| Box::new(arm.config(scale));
    let exact = (EXACT, Description::Exact { tables: exact::TABLES });
    let (early_stopped, partial) = (config(Arm::EarlyStopped), config(Arm::Partial));
    let matched = (MATCHED, Description::Matched { early_stopped, partial });
    let alone = Arm::at(scale).filter(|arm| !matches!(arm, Arm::EarlyStopped | Arm::Partial));
    let plays = alone.map(|arm| (arm.name(), Description::Play { arm, config: config(arm) }));
    [exact, matched]
        .into_iter()
        .chain(plays)
        .map(|(name, description)| {
            let description = serde_json::to_value(description).expect("a description is plain data");
            Job::new(paper, scale, name, seed, description)
        })
        .collect()
}

/// The result of a job: what was found of tables, or a list of runs.
pub(super) fn run(job: &Job, context: &JobContext<'_>) -> Result<Value, JobError> {
    let with_seed = |config: TrainConfig| TrainConfig { seed: job.seed, ..config };
    let played = match serde_json::from_value(job.description.clone())? {
        Description::Exact { tables } => {
            return Ok(serde_json::to_value(exact::check(tables, job.seed, context)?)?);
        }
        Description::Play { arm, config } => {
            let config = with_seed(*config);
            vec![play((Kind::Attributes, arm), &config, context, [0, config.updates as u64])?]
        }
        Description::Matched { early_stopped, partial } => {
            let (early_stopped, partial) = (with_seed(*early_stopped), with_seed(*partial));
            let updates = [early_stopped.updates as u64, partial.updates as u64];
            let total = updates[0] + updates[1];
            let first = play((Kind::Attributes, Arm::EarlyStopped), &early_stopped, context, [0, total])?;
            let steps = first.steps_per_update().round().max(1.0) as usize;
            let second = play(
                (Kind::Attributes, Arm::Partial),
                &with_steps(partial, steps),
                context,
                [updates[0], total],
            )?;
            vec![first, second]
        }
    };
    Ok(serde_json::to_value(played)?)
}
