//! A run's checkpoint: both agents with their optimizers, the baseline, and the place in the run.

use autodidact_experiment::checkpoint::{Checkpoint, CheckpointBuilder};
use serde::{Deserialize, Serialize};

use super::adam::Adam;
use super::config::TrainConfig;
use super::evaluate::Evaluation;
use super::played::Played;
use super::step::{Counts, Learner};
use crate::agents::{Listener, Speaker};
use crate::{Error, Result};

/// Where a run stands.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(super) struct Place {
    pub config: TrainConfig,
    /// Fingerprint of the features of a discrimination game, which are not in the run.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub features: Option<String>,
    pub counts: Counts,
    /// Steps of each Adam: the speaker's, the listener's, the baseline's.
    adam_steps: [u64; 3],
    /// Seconds of work so far.
    pub seconds: f64,
    pub evaluations: Vec<Evaluation>,
}

impl Place {
    pub fn new(config: &TrainConfig, features: Option<String>) -> Self {
        Self {
            config: config.clone(),
            features,
            counts: Counts::default(),
            adam_steps: [0; 3],
            seconds: 0.0,
            evaluations: Vec::new(),
        }
    }
}

pub(super) fn save<X: Played, S: Speaker<X>, L: Listener<X::Question>>(
    place: &mut Place,
    learner: &Learner<S, L, X>,
) -> Result<CheckpointBuilder> {
    place.counts = learner.counts;
    place.adam_steps =
        [&learner.speaker_adam, &learner.listener_adam, &learner.baseline_adam].map(|adam| adam.steps);
    let agent = |values: &[f32], adam: &Adam| bytes(&[values, &adam.first, &adam.second].concat());
    Ok(CheckpointBuilder::new()
        .json("place", place)?
        .section("speaker", agent(learner.speaker.parameters().values(), &learner.speaker_adam))
        .section("listener", agent(learner.listener.parameters().values(), &learner.listener_adam))
        .section("baseline", agent(&learner.baseline.weights, &learner.baseline_adam)))
}

/// Restores all but the place.
pub(super) fn restore<X: Played, S: Speaker<X>, L: Listener<X::Question>>(
    checkpoint: &Checkpoint,
    place: &Place,
    learner: &mut Learner<S, L, X>,
) -> Result<()> {
    let [of_speaker, of_listener, of_baseline] = place.adam_steps;
    let read = |name, len: usize, steps| -> Result<(Vec<f32>, Adam)> {
        let values = floats(checkpoint.section(name)?);
        if values.len() != 3 * len {
            return Err(Error::Agent { name, found: values.len() / 3, expected: len });
        }
        let [values, first, second] = [0, 1, 2].map(|part| values[part * len..(part + 1) * len].to_vec());
        Ok((values, Adam { steps, first, second }))
    };
    let (speaker, speaker_adam) = read("speaker", learner.speaker.parameters().values().len(), of_speaker)?;
    let (listener, listener_adam) =
        read("listener", learner.listener.parameters().values().len(), of_listener)?;
    let (baseline, baseline_adam) = read("baseline", learner.baseline.weights.len(), of_baseline)?;
    learner.speaker.change(&mut |values| values.copy_from_slice(&speaker));
    learner.listener.change(&mut |values| values.copy_from_slice(&listener));
    learner.baseline.weights = baseline;
    learner.speaker_adam = speaker_adam;
    learner.listener_adam = listener_adam;
    learner.baseline_adam = baseline_adam;
    learner.counts = place.counts;
    Ok(())
}

fn bytes(values: &[f32]) -> Vec<u8> {
    values.iter().flat_map(|value| value.to_le_bytes()).collect()
}

fn floats(bytes: &[u8]) -> Vec<f32> {
    bytes.as_chunks().0.iter().map(|&value| f32::from_le_bytes(value)).collect()
}
