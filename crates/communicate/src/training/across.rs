//! What the pairs of a population understand of each other, and how alike its speakers speak.

use serde::{Deserialize, Serialize};

use autodidact_experiment::rng::Seeds;

use super::config::TrainConfig;
use super::evaluate::{accuracies, asked_of};
use super::played::{Played, Question};
use super::step::{Learner, mean, numbers};
use crate::agents::{Choice, Listener, Speaker};
use crate::game::Split;
use crate::measures::language_similarities;
use crate::{Messages, Result};

/// All pairs of a population on one part: the objects and messages of [`Measured`](super::Measured), whose numbers are those of the first pair.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct AcrossPairs {
    /// L in the mean over all pairs, in nats.
    pub loss: f64,
    /// Share of objects that are told or found in the mean over all pairs.
    pub accuracy: f64,
    /// That of the pair that understands each other least.
    pub least_accuracy: f64,
    /// How alike two speakers' most likely messages are, in the mean over pairs of speakers:
    /// [`language_similarities`]. Not defined for one speaker.
    pub similarity: Option<f64>,
    /// The same for messages that are dealt out to objects by chance.
    pub similarity_by_chance: Option<f64>,
}

impl AcrossPairs {
    /// Names and values, in the order of the fields; what is not defined is left out.
    pub fn metrics(&self) -> Vec<(&'static str, f64)> {
        let metrics = [
            ("population/loss", Some(self.loss)),
            ("population/accuracy", Some(self.accuracy)),
            ("population/least_accuracy", Some(self.least_accuracy)),
            ("population/similarity", self.similarity),
            ("population/similarity_by_chance", self.similarity_by_chance),
        ];
        metrics.into_iter().filter_map(|(name, value)| Some((name, value?))).collect()
    }
}

/// What was measured of a population after some updates.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct PopulationEvaluation {
    /// On objects that train.
    pub train: AcrossPairs,
    /// On as many objects that test.
    pub test: AcrossPairs,
}

/// Measures all pairs of a learner's speakers and listeners, on the objects and messages on which [`evaluate`](super::evaluate) measures one
/// pair.
///
/// # Errors
/// As [`evaluate`](super::evaluate).
///
/// ```
/// use autodidact_communicate::training::{GameConfig, Learner, TrainConfig, evaluate_population};
///
/// let mut config = TrainConfig::default();
/// config.game = GameConfig { attributes: 2, values: 3, ..GameConfig::default() }.into();
/// (config.population.speakers, config.population.listeners) = (2, 3);
/// let (_, split) = config.objects()?;
/// let mut learner = Learner::recurrent(&config)?;
/// learner.step(&split)?;
/// let measured = evaluate_population(&config, &split, &learner)?;
/// assert!(measured.test.least_accuracy <= measured.test.accuracy);
/// assert!(measured.test.similarity.is_some());
/// # Ok::<(), autodidact_communicate::Error>(())
/// ```
pub fn evaluate_population<X: Played, S: Speaker<X>, L: Listener<X::Question>>(
    config: &TrainConfig,
    split: &Split<X>,
    learner: &Learner<S, L, X>,
) -> Result<PopulationEvaluation> {
    let measure = |part: &X, name| across(config, &asked_of(config, split, part)?, learner, name);
    Ok(PopulationEvaluation { train: measure(&split.train, "train")?, test: measure(&split.test, "test")? })
}

fn across<X: Played, S: Speaker<X>, L: Listener<X::Question>>(
    config: &TrainConfig,
    asked: &X::Question,
    learner: &Learner<S, L, X>,
    name: &str,
) -> Result<AcrossPairs> {
    let (objects, samples) = (asked.objects(), config.evaluation.samples as u64);
    let pairs = (learner.speakers().len() * learner.listeners().len()) as f64;
    let [mut loss, mut accuracy, mut least_accuracy] = [0.0, 0.0, f64::INFINITY];
    let mut languages: Vec<Messages> = Vec::new();
    for speaker in learner.speakers() {
        for sample in 0..samples {
            let len = objects.count() * config.channel.max_length;
            let drawn = numbers(Seeds::new(config.seed).child("evaluation"), name, [sample], len);
            let said = speaker.speak(objects, Choice::Sample(&drawn)).messages;
            let losses = learner.listeners().map(|listener| -mean(listener.log_likelihood(asked, &said)));
            loss += losses.sum::<f64>() / (pairs * samples as f64);
        }
        let said = speaker.speak(objects, Choice::Greedy).messages;
        for listener in learner.listeners() {
            let (of_pair, _) = accuracies(&listener.right(asked, &said), asked.num_attributes());
            accuracy += of_pair / pairs;
            least_accuracy = least_accuracy.min(of_pair);
        }
        languages.push(said);
    }
    let similarities = if languages.len() > 1 { Some(language_similarities(&languages)?) } else { None };
    Ok(AcrossPairs {
        loss,
        accuracy,
        least_accuracy,
        similarity: similarities.as_ref().map(|found| found.mean),
        similarity_by_chance: similarities.map(|found| found.by_chance),
    })
}
