//! How easily a language is learnt.

use autodidact_experiment::rng::Seeds;
use serde::{Deserialize, Serialize};

use super::fit::learn;
use super::language::{fresh_listener, rows};
use crate::agents::{AgentConfig, Listener};
use crate::measures::usage;
use crate::setting::{between, count};
use crate::training::adam::Adam;
use crate::training::evaluate::accuracies;
use crate::training::step::mean;
use crate::{Language, Result};

/// How a fresh listener learns a language.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct EaseConfig {
    /// The share of objects that have to be told with all their attributes.
    pub accuracy: f64,
    /// Adam's learning rate.
    pub learning_rate: f64,
    /// Rows of a step; 0 for all.
    pub batch_size: usize,
    /// Steps at most.
    pub max_steps: usize,
    /// Steps between measurements.
    pub every: usize,
    /// Seed of weights and batches.
    pub seed: u64,
}

impl Default for EaseConfig {
    fn default() -> Self {
        Self { accuracy: 0.99, learning_rate: 1e-3, batch_size: 0, max_steps: 5000, every: 10, seed: 0 }
    }
}

impl EaseConfig {
    /// That all settings are in their ranges.
    ///
    /// # Errors
    /// [`Error::Setting`](crate::Error::Setting) names the first that is not.
    pub fn validate(&self) -> Result<()> {
        between("accuracy", self.accuracy, [0.0, 1.0])?;
        between("learning_rate", self.learning_rate, [0.0, 1e6])?;
        count("max_steps", self.max_steps, 1 << 40)?;
        count("every", self.every, 1 << 30)
    }
}

/// How easily a fresh listener learnt a language.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Ease {
    /// The accuracy that was asked for.
    pub accuracy: f64,
    /// Steps until it was reached; none if it was not.
    pub steps: Option<u64>,
    /// What a listener that knows the language by heart gets right: if this is less than `accuracy`, no listener reaches that.
    pub best_accuracy: f64,
    /// What was measured on the way, on all rows; the first point is before the first step.
    pub curve: Vec<EasePoint>,
}

/// What a listener understands after some steps.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct EasePoint {
    /// Steps made.
    pub step: u64,
    /// Its loss in nats.
    pub loss: f64,
    /// Share of objects all of whose attributes are told.
    pub accuracy: f64,
    /// Share of attributes that are told.
    pub attribute_accuracy: f64,
}

/// Trains a fresh recurrent listener on objects and their messages, whoever made them, until it tells as many objects as asked for.
///
/// Only steps of listeners of the same kind with the same settings compare. `tell` gets each point of the curve.
///
/// # Errors
/// [`Error::Setting`](crate::Error::Setting) if a setting or the listener's sizes are out of range,
/// [`Error::Diverged`](crate::Error::Diverged) if a gradient is no number, and that of an interrupt.
///
/// ```
/// use autodidact_communicate::agents::AgentConfig;
/// use autodidact_communicate::training::probe::{EaseConfig, ease_of_learning};
/// use autodidact_communicate::{Language, Messages, Objects};
///
/// let objects = Objects::from_rows(&[[0, 0], [0, 1], [1, 0], [1, 1]])?;
/// let language = Language::new(objects, Messages::from_rows(&[[1, 3], [1, 4], [2, 3], [2, 4]])?)?;
/// let listener = AgentConfig { hidden: 16, embedding: 16, ..AgentConfig::default() };
/// let config = EaseConfig { learning_rate: 1e-2, ..EaseConfig::default() };
/// let ease = ease_of_learning(&language, &listener, &config, &mut |_| {})?;
/// assert!(ease.steps.is_some_and(|steps| steps > 0 && steps < 500));
/// # Ok::<(), autodidact_communicate::Error>(())
/// ```
pub fn ease_of_learning(
    language: &Language,
    listener: &AgentConfig,
    config: &EaseConfig,
    tell: &mut dyn FnMut(&EasePoint),
) -> Result<Ease> {
    config.validate()?;
    let seeds = Seeds::new(config.seed).child("ease of learning");
    let mut fresh = fresh_listener(language, listener, seeds)?;
    let mut adam = Adam::new(fresh.parameters().values().len());
    let mut draw = |step| rows(language, config.batch_size, seeds, step);
    let mut ease = Ease {
        accuracy: config.accuracy,
        steps: None,
        best_accuracy: usage::best_accuracy(language),
        curve: Vec::new(),
    };
    for step in 0..=config.max_steps as u64 {
        if step.is_multiple_of(config.every as u64) || step == config.max_steps as u64 {
            let (objects, messages) = (language.objects(), language.messages());
            let attributes = objects.num_attributes();
            let (accuracy, of_attributes) = accuracies(&fresh.right(objects, messages), Some(attributes));
            let attribute_accuracy = of_attributes.unwrap_or(accuracy);
            let loss = -mean(fresh.log_likelihood(objects, messages));
            let point = EasePoint { step, loss, accuracy, attribute_accuracy };
            tell(&point);
            ease.curve.push(point);
            if accuracy >= config.accuracy {
                ease.steps = Some(step);
                break;
            }
        }
        if step < config.max_steps as u64 {
            learn(&mut fresh, &mut adam, config.learning_rate, step, &mut draw)?;
        }
    }
    Ok(ease)
}
