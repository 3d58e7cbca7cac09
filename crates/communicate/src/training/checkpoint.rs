//! A run's checkpoint: all agents with their optimizers, the baselines, and the place in the run.

use autodidact_experiment::checkpoint::{Checkpoint, CheckpointBuilder};
use serde::{Deserialize, Serialize};

use super::across::PopulationEvaluation;
use super::adam::Adam;
use super::config::TrainConfig;
use super::evaluate::Evaluation;
use super::played::Played;
use super::population::{ListenerState, SpeakerState};
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
    /// Steps of each Adam: the first speaker's, the first listener's, the first speaker's baseline's.
    adam_steps: [u64; 3],
    /// What else is known of a population's agents; of a speaker and a listener it follows from the counts.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    population: Option<Standings>,
    /// Seconds of work so far.
    pub seconds: f64,
    pub evaluations: Vec<Evaluation>,
    /// What was measured last of a population.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub across: Option<PopulationEvaluation>,
}

/// Where the agents of a population stand.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
struct Standings {
    /// Of each speaker: steps of its Adam and of its baseline's, and since which update it is there.
    speakers: Vec<[u64; 3]>,
    /// Of each listener: steps of its Adam, updates, and since which update it is there.
    listeners: Vec<[u64; 3]>,
}

impl Place {
    pub fn new(config: &TrainConfig, features: Option<String>) -> Self {
        Self {
            config: config.clone(),
            features,
            counts: Counts::default(),
            adam_steps: [0; 3],
            population: None,
            seconds: 0.0,
            evaluations: Vec::new(),
            across: None,
        }
    }
}

pub(super) fn save<X: Played, S: Speaker<X>, L: Listener<X::Question>>(
    place: &mut Place,
    learner: &Learner<S, L, X>,
) -> Result<CheckpointBuilder> {
    let (speakers, listeners) = (&learner.speakers, &learner.listeners);
    place.counts = learner.counts;
    place.adam_steps =
        [&speakers[0].adam, &listeners[0].adam, &speakers[0].baseline_adam].map(|adam| adam.steps);
    place.population = place.config.population.is_several().then(|| Standings {
        speakers: speakers
            .iter()
            .map(|speaker| [speaker.adam.steps, speaker.baseline_adam.steps, speaker.since])
            .collect(),
        listeners: listeners
            .iter()
            .map(|listener| [listener.adam.steps, listener.updates, listener.since])
            .collect(),
    });
    let agent = |values: &[f32], adam: &Adam| bytes(&[values, &adam.first, &adam.second].concat());
    let mut builder = CheckpointBuilder::new().json("place", place)?;
    for (number, SpeakerState { agent: speaker, adam, baseline, baseline_adam, .. }) in
        speakers.iter().enumerate()
    {
        builder = builder
            .section(&section("speaker", number), agent(speaker.parameters().values(), adam))
            .section(&section("baseline", number), agent(&baseline.weights, baseline_adam));
    }
    for (number, ListenerState { agent: listener, adam, .. }) in listeners.iter().enumerate() {
        builder = builder.section(&section("listener", number), agent(listener.parameters().values(), adam));
    }
    Ok(builder)
}

/// The section of an agent: the first one's has no number.
fn section(name: &str, number: usize) -> String {
    if number == 0 { name.to_owned() } else { format!("{name} {number}") }
}

/// Restores all but the place.
pub(super) fn restore<X: Played, S: Speaker<X>, L: Listener<X::Question>>(
    checkpoint: &Checkpoint,
    place: &Place,
    learner: &mut Learner<S, L, X>,
) -> Result<()> {
    let read = |name, number, len: usize, steps| -> Result<(Vec<f32>, Adam)> {
        let values = floats(checkpoint.section(&section(name, number))?);
        if values.len() != 3 * len {
            return Err(Error::Agent { name, found: values.len() / 3, expected: len });
        }
        let [values, first, second] = [0, 1, 2].map(|part| values[part * len..(part + 1) * len].to_vec());
        Ok((values, Adam { steps, first, second }))
    };
    let [of_speaker, of_listener, of_baseline] = place.adam_steps;
    let pair = Standings {
        speakers: vec![[of_speaker, of_baseline, 0]],
        listeners: vec![[of_listener, place.counts.updates, 0]],
    };
    let Standings { speakers, listeners } = place.population.as_ref().unwrap_or(&pair);
    for (name, found, expected) in [
        ("number of speakers", speakers.len(), learner.speakers.len()),
        ("number of listeners", listeners.len(), learner.listeners.len()),
    ] {
        if found != expected {
            return Err(Error::Population { name, found, expected });
        }
    }
    for (number, (state, &[steps, baseline_steps, since])) in
        learner.speakers.iter_mut().zip(speakers).enumerate()
    {
        let len = state.agent.parameters().values().len();
        let (weights, adam) = read("speaker", number, len, steps)?;
        let (baseline, baseline_adam) =
            read("baseline", number, state.baseline.weights.len(), baseline_steps)?;
        state.agent.change(&mut |values| values.copy_from_slice(&weights));
        (state.adam, state.baseline.weights, state.baseline_adam) = (adam, baseline, baseline_adam);
        state.since = since;
    }
    for (number, (state, &[steps, updates, since])) in learner.listeners.iter_mut().zip(listeners).enumerate()
    {
        let len = state.agent.parameters().values().len();
        let (weights, adam) = read("listener", number, len, steps)?;
        state.agent.change(&mut |values| values.copy_from_slice(&weights));
        (state.adam, state.updates, state.since) = (adam, updates, since);
    }
    learner.counts = place.counts;
    Ok(())
}

fn bytes(values: &[f32]) -> Vec<u8> {
    values.iter().flat_map(|value| value.to_le_bytes()).collect()
}

fn floats(bytes: &[u8]) -> Vec<f32> {
    bytes.as_chunks().0.iter().map(|&value| f32::from_le_bytes(value)).collect()
}
