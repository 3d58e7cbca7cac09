//! The jobs: tables for the identity, and runs of agents.

use autodidact_communicate::training::{Game, TrainConfig};
use autodidact_data::arrays::{NamedArray, write_npz};
use autodidact_experiment::reproduction::{Job, JobContext, JobError, Plan, Scale};
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::arm::{Arm, with_steps};
use super::exact;
use super::play::{Place, Played, play, play_with_features};
use crate::image_arm::{Encoded, ImageArm};
use crate::setting::baseline;

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
    /// A BYOL encoder of pictures, and then the arms of [`Arm::OF_PICTURES`] with its embeddings of others.
    Pictures { encoder: Box<ImageArm>, configs: Vec<TrainConfig> },
}

/// The name of the job of tables.
pub(super) const EXACT: &str = "exact";
/// The name of the job of two arms.
const MATCHED: &str = "matched";
/// The name of the job of pictures.
pub(super) const PICTURES: &str = "pictures";

/// The jobs of a seed.
pub(super) fn jobs(paper: &str, plan: &Plan, seed: u64) -> Vec<Job> {
    let scale = plan.scale;
    let config = |arm: Arm| Box::new(arm.config(scale));
    let exact = (EXACT, Description::Exact { tables: exact::TABLES });
    let (early_stopped, partial) = (config(Arm::EarlyStopped), config(Arm::Partial));
    let matched = (MATCHED, Description::Matched { early_stopped, partial });
    // An encoder as at the quick scale tells pictures apart well enough.
    let of_encoder = if scale == Scale::Full { scale } else { Scale::Quick };
    let encoder = Box::new(baseline(&Plan { scale: of_encoder, ..plan.clone() }));
    let configs = Arm::OF_PICTURES.map(|arm| arm.config_of_pictures(scale)).to_vec();
    let pictures = (PICTURES, Description::Pictures { encoder, configs });
    let alone = Arm::at(scale).filter(|arm| !matches!(arm, Arm::EarlyStopped | Arm::Partial));
    let plays = alone.map(|arm| (arm.name(), Description::Play { arm, config: config(arm) }));
    [exact, matched, pictures]
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
            vec![play(arm, &config, Place { context, done: 0, total: config.updates as u64 })?]
        }
        Description::Matched { early_stopped, partial } => {
            let configs =
                [(Arm::EarlyStopped, with_seed(*early_stopped)), (Arm::Partial, with_seed(*partial))];
            in_turn(configs, play, context, 0)?
        }
        Description::Pictures { encoder, configs } => pictures(job.seed, *encoder, &configs, context)?,
    };
    Ok(serde_json::to_value(played)?)
}

/// Plays arms one after the other, a partial listener with the number of steps of the early-stopped one before it. `done` updates' worth of
/// work is behind them.
fn in_turn(
    configs: impl IntoIterator<Item = (Arm, TrainConfig)>,
    play: impl Fn(Arm, &TrainConfig, Place<'_>) -> Result<Played, JobError>,
    context: &JobContext<'_>,
    done: u64,
) -> Result<Vec<Played>, JobError> {
    let configs: Vec<(Arm, TrainConfig)> = configs.into_iter().collect();
    let total = done + configs.iter().map(|(_, config)| config.updates as u64).sum::<u64>();
    let mut place = Place { context, done, total };
    let mut played: Vec<Played> = Vec::new();
    for (arm, mut config) in configs {
        if arm == Arm::Partial {
            let before = played.iter().find(|played| played.arm == Arm::EarlyStopped);
            let steps = before.expect("the early-stopped listener is before it").steps_per_update();
            config = with_steps(config, steps);
        }
        played.push(play(arm, &config, place)?);
        place.done += config.updates as u64;
    }
    Ok(played)
}

/// Trains an encoder, embeds pictures that it has not seen, and plays with them.
fn pictures(
    seed: u64,
    mut encoder: ImageArm,
    configs: &[TrainConfig],
    context: &JobContext<'_>,
) -> Result<Vec<Played>, JobError> {
    encoder.config.seed = seed;
    // The encoder counts as one of the arms.
    let updates = configs.first().map_or(0, |config| config.updates as u64);
    let total = updates * (1 + configs.len() as u64);
    let Encoded { sets, steps, .. } = encoder.encode(context, |step, of, shown| {
        context.progress(step * updates / of, total, shown);
    })?;
    let Some([_, unseen]) = sets else {
        return Err(format!("the training of the encoder diverged at step {steps}").into());
    };
    let path = context.scratch.join("embeddings.npz");
    let rows = unseen.values.len() / unseen.width;
    write_npz(&path, &[NamedArray::f32("embeddings", &[rows, unseen.width], unseen.values)?])?;
    let configs = Arm::OF_PICTURES.into_iter().zip(configs).map(|(arm, config)| {
        let mut config = TrainConfig { seed, ..config.clone() };
        if let Game::Discrimination(game) = &mut config.game {
            game.features.clone_from(&path);
        }
        (arm, config)
    });
    in_turn(configs, play_with_features, context, updates)
}
