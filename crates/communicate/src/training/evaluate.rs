//! What agents have learnt, measured on parts of the same size.

use autodidact_experiment::rng::Seeds;
use rand::seq::index;
use serde::{Deserialize, Serialize};

use super::config::TrainConfig;
use super::step::numbers;
use crate::agents::{Choice, Listener, Speaker};
use crate::decomposition::bayes_scores;
use crate::game::Split;
use crate::measures::{bosdis, posdis, topographic_similarity, usage};
use crate::{Language, Objects, Result};

/// What was measured on one part. Losses are in nats and of messages that are drawn; accuracies and measures are of the most likely
/// ones.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Measured {
    /// N, the number of objects.
    pub objects: usize,
    /// L, the loss −log ρ(x|m).
    pub loss: f64,
    /// `L_info`, exact for the messages that were drawn: −log ρ*(x|m) of the Bayes listener among the N objects.
    pub information: f64,
    /// `L_adapt = L − L_info`.
    pub adaptation: f64,
    /// The loss of the best listener with a softmax for each attribute among the N objects; what it is above `information` no training
    /// can take away from such a listener.
    pub factorised: f64,
    /// Share of objects all of whose attributes are told.
    pub accuracy: f64,
    /// Share of attributes that are told.
    pub attribute_accuracy: f64,
    /// [`topographic_similarity`].
    pub topographic_similarity: Option<f64>,
    /// [`posdis`].
    pub posdis: Option<f64>,
    /// [`bosdis`].
    pub bosdis: Option<f64>,
    /// Different messages.
    pub distinct_messages: usize,
    /// Length of messages in the mean, the end counted.
    pub length: f64,
}

impl Measured {
    /// Names and values, in the order of the fields; what is not defined is left out.
    pub fn metrics(&self) -> Vec<(&'static str, f64)> {
        let defined = [
            ("topographic_similarity", self.topographic_similarity),
            ("posdis", self.posdis),
            ("bosdis", self.bosdis),
        ];
        let mut metrics = vec![
            ("loss", self.loss),
            ("information", self.information),
            ("adaptation", self.adaptation),
            ("factorised", self.factorised),
            ("accuracy", self.accuracy),
            ("attribute_accuracy", self.attribute_accuracy),
            ("distinct_messages", self.distinct_messages as f64),
            ("length", self.length),
        ];
        metrics.extend(defined.into_iter().filter_map(|(name, value)| Some((name, value?))));
        metrics
    }
}

/// What was measured after some updates.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Evaluation {
    /// Updates made.
    pub update: u64,
    /// On objects that train.
    pub train: Measured,
    /// On as many objects that test.
    pub test: Measured,
}

/// Measures both parts, each cut to the size of the smaller one and to `evaluation.objects`: to objects drawn at random, the same ones
/// at each evaluation.
///
/// # Errors
/// None for parts of two objects or more.
pub fn evaluate<S: Speaker, L: Listener>(
    config: &TrainConfig,
    split: &Split,
    (speaker, listener): (&S, &L),
    update: u64,
) -> Result<Evaluation> {
    let size = split.train.count().min(split.test.count()).min(config.evaluation.objects);
    let measure = |part: &Objects, name| {
        measured(
            config,
            &cut(part, size, Seeds::new(config.seed).child("evaluation"))?,
            (speaker, listener),
            name,
        )
    };
    Ok(Evaluation { update, train: measure(&split.train, "train")?, test: measure(&split.test, "test")? })
}

/// So many objects of a part, drawn at random: parts may be in order, and neighbours alike. The same seeds give the same objects of a part,
/// and of two parts that are the same.
pub(super) fn cut(part: &Objects, size: usize, seeds: Seeds) -> Result<Objects> {
    let mut indices = index::sample(&mut seeds.stream("objects"), part.count(), size).into_vec();
    indices.sort_unstable();
    part.select(&indices)
}

/// The share of objects all of whose attributes are told, and the share of attributes that are.
pub(super) fn accuracies(objects: &Objects, guesses: &Objects) -> [f64; 2] {
    let pairs = || objects.iter().zip(guesses.iter());
    let right = pairs().filter(|(object, guess)| object == guess).count();
    let right_values: usize =
        pairs().map(|(object, guess)| object.iter().zip(guess).filter(|(a, b)| a == b).count()).sum();
    let count = objects.count();
    [right as f64 / count as f64, right_values as f64 / (count * objects.num_attributes()) as f64]
}

fn measured<S: Speaker, L: Listener>(
    config: &TrainConfig,
    objects: &Objects,
    (speaker, listener): (&S, &L),
    name: &str,
) -> Result<Measured> {
    let (count, samples) = (objects.count(), config.evaluation.samples);
    let meant: Vec<usize> = (0..count).collect();
    let [mut loss, mut information, mut factorised] = [0.0; 3];
    for sample in 0..samples as u64 {
        let len = count * config.channel.max_length;
        let drawn = numbers(Seeds::new(config.seed).child("evaluation"), name, [sample], len);
        let said = speaker.speak(objects, Choice::Sample(&drawn));
        let share = 1.0 / (count * samples) as f64;
        let scored = bayes_scores(speaker, objects, &meant, &said.messages);
        let heard = listener.log_likelihood(objects, &said.messages);
        loss -= share * heard.iter().map(|&value| f64::from(value)).sum::<f64>();
        information -= share * scored.log_likelihoods.iter().sum::<f64>();
        factorised -= share * scored.factorised.iter().sum::<f64>();
    }
    let messages = speaker.speak(objects, Choice::Greedy).messages;
    let [accuracy, attribute_accuracy] = accuracies(objects, &listener.guess(&messages));
    let lengths: usize = messages.lengths().sum();
    let language = Language::new(objects.clone(), messages)?;
    Ok(Measured {
        objects: count,
        loss,
        information,
        adaptation: loss - information,
        factorised,
        accuracy,
        attribute_accuracy,
        topographic_similarity: topographic_similarity(&language),
        posdis: posdis(&language),
        bosdis: bosdis(&language),
        distinct_messages: usage::distinct_messages(language.messages()),
        length: lengths as f64 / count as f64,
    })
}
