//! What agents have learnt, measured on parts of the same size.

use autodidact_experiment::rng::Seeds;
use rand::seq::index;
use serde::{Deserialize, Serialize};

use super::config::TrainConfig;
use super::played::{Played, Question, Structure};
use super::step::numbers;
use crate::Result;
use crate::agents::{Choice, Listener, Speaker};
use crate::game::{Inputs, Split};
use crate::measures::usage;

/// What was measured on one part. Losses are in nats and of messages that are drawn; accuracies and measures are of the most likely
/// ones.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Measured {
    /// N, the number of objects.
    pub objects: usize,
    /// Candidates of each game, the target among them, in a discrimination game.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub candidates: Option<usize>,
    /// L, the loss −log ρ(x|m).
    pub loss: f64,
    /// `L_info`, exact for the messages that were drawn: −log ρ*(x|m) of the Bayes listener among the N objects, or among
    /// the candidates.
    pub information: f64,
    /// `L_adapt = L − L_info`.
    pub adaptation: f64,
    /// The loss of the best listener with a softmax for each attribute among the N objects; what it is above `information` no training
    /// can take away from such a listener. Not defined without attributes.
    pub factorised: Option<f64>,
    /// Share of objects all of whose attributes are told, or that are found among the candidates.
    pub accuracy: f64,
    /// Share of attributes that are told. Not defined without attributes.
    pub attribute_accuracy: Option<f64>,
    /// [`topographic_similarity`](crate::measures::topographic_similarity), of features by their cosine distance.
    pub topographic_similarity: Option<f64>,
    /// [`posdis`](crate::measures::posdis).
    pub posdis: Option<f64>,
    /// [`bosdis`](crate::measures::bosdis).
    pub bosdis: Option<f64>,
    /// Different messages.
    pub distinct_messages: usize,
    /// Length of messages in the mean, the end counted.
    pub length: f64,
}

impl Measured {
    /// Names and values, in the order of the fields; what is not defined is left out.
    pub fn metrics(&self) -> Vec<(&'static str, f64)> {
        let metrics = [
            ("loss", Some(self.loss)),
            ("information", Some(self.information)),
            ("adaptation", Some(self.adaptation)),
            ("factorised", self.factorised),
            ("accuracy", Some(self.accuracy)),
            ("attribute_accuracy", self.attribute_accuracy),
            ("distinct_messages", Some(self.distinct_messages as f64)),
            ("length", Some(self.length)),
            ("topographic_similarity", self.topographic_similarity),
            ("posdis", self.posdis),
            ("bosdis", self.bosdis),
        ];
        metrics.into_iter().filter_map(|(name, value)| Some((name, value?))).collect()
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
/// In a discrimination game, candidates are objects that are measured: all of them, or so many drawn for each.
///
/// # Errors
/// [`Error::Distractors`](crate::Error::Distractors) if fewer objects are measured than candidates are drawn; none else for parts of
/// two objects or more.
pub fn evaluate<X: Played, S: Speaker<X>, L: Listener<X::Question>>(
    config: &TrainConfig,
    split: &Split<X>,
    (speaker, listener): (&S, &L),
    update: u64,
) -> Result<Evaluation> {
    let measure =
        |part: &X, name| measured(config, &asked_of(config, split, part)?, (speaker, listener), name);
    Ok(Evaluation { update, train: measure(&split.train, "train")?, test: measure(&split.test, "test")? })
}

/// What is asked of a part when it is measured.
pub(super) fn asked_of<X: Played>(config: &TrainConfig, split: &Split<X>, part: &X) -> Result<X::Question> {
    let size = split.train.count().min(split.test.count()).min(config.evaluation.objects);
    let seeds = Seeds::new(config.seed).child("evaluation");
    let all: Vec<usize> = (0..size).collect();
    let mut rng = seeds.stream("distractors");
    cut(part, size, seeds)?.ask(&all, config.game.distractors(), &mut rng)
}

/// So many objects of a part, drawn at random: parts may be in order, and neighbours alike. The same seeds give the same objects of a part,
/// and of two parts that are the same.
pub(super) fn cut<X: Inputs>(part: &X, size: usize, seeds: Seeds) -> Result<X> {
    let mut indices = index::sample(&mut seeds.stream("objects"), part.count(), size).into_vec();
    indices.sort_unstable();
    part.select(&indices)
}

/// The share of objects all of whose attributes are told, or that are found, and the share of attributes that are told.
pub(super) fn accuracies(right: &[usize], attributes: Option<usize>) -> (f64, Option<f64>) {
    let whole = right.iter().filter(|&&right| right == attributes.unwrap_or(1)).count();
    let of_all = right.iter().sum::<usize>() as f64 / right.len() as f64;
    (whole as f64 / right.len() as f64, attributes.map(|attributes| of_all / attributes as f64))
}

fn measured<X: Played, S: Speaker<X>, L: Listener<X::Question>>(
    config: &TrainConfig,
    asked: &X::Question,
    (speaker, listener): (&S, &L),
    name: &str,
) -> Result<Measured> {
    let objects = asked.objects();
    let (count, samples) = (objects.count(), config.evaluation.samples);
    let meant: Vec<usize> = (0..count).collect();
    let [mut loss, mut information, mut factorised] = [0.0; 3];
    for sample in 0..samples as u64 {
        let len = count * config.channel.max_length;
        let drawn = numbers(Seeds::new(config.seed).child("evaluation"), name, [sample], len);
        let said = speaker.speak(objects, Choice::Sample(&drawn));
        let share = 1.0 / (count * samples) as f64;
        let scored = asked.bayes(speaker, objects, &meant, &said.messages);
        let heard = listener.log_likelihood(asked, &said.messages);
        loss -= share * heard.iter().map(|&value| f64::from(value)).sum::<f64>();
        information -= share * scored.log_likelihoods.iter().sum::<f64>();
        factorised -= share * scored.factorised.iter().sum::<f64>();
    }
    let messages = speaker.speak(objects, Choice::Greedy).messages;
    let attributes = asked.num_attributes();
    let (accuracy, attribute_accuracy) = accuracies(&listener.right(asked, &messages), attributes);
    let lengths: usize = messages.lengths().sum();
    let Structure { topographic_similarity, posdis, bosdis } = objects.structure(&messages)?;
    Ok(Measured {
        objects: count,
        candidates: asked.num_candidates(),
        loss,
        information,
        adaptation: loss - information,
        factorised: attributes.map(|_| factorised),
        accuracy,
        attribute_accuracy,
        topographic_similarity,
        posdis,
        bosdis,
        distinct_messages: usage::distinct_messages(&messages),
        length: lengths as f64 / count as f64,
    })
}
