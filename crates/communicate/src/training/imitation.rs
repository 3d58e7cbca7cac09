//! Iterated learning: now and then agents are replaced by pupils that learnt their language from examples.

use autodidact_experiment::rng::Seeds;
use rand::seq::index;
use serde::{Deserialize, Serialize};

use super::adam::Adam;
use super::config::TrainConfig;
use super::population::Side;
use super::step::{check, mean, numbers};
use crate::agents::{Choice, Credit, Speaker};
use crate::game::Inputs;
use crate::setting::{between, count, require};
use crate::{Messages, Result};

/// When there is a new generation, and what it learns from.
///
/// A fresh speaker goes down the gradient of −log π(m|x), m being what the old one said of x, and takes its place (Kirby 2001; with
/// networks Ren et al. 2020). A fresh listener goes down that of −log ρ(x|m), m being what a speaker of the new generation says of x.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct ImitationConfig {
    /// Updates of all pairs between two generations; 0 for one generation only.
    pub every: usize,
    /// Who is replaced: all speakers, all listeners or both.
    pub agents: Side,
    /// Steps that each pupil makes, with the batch size and the rate of games.
    pub steps: usize,
    /// The bottleneck: the share of the objects that train of which a pupil hears, drawn anew for each generation.
    pub share: f64,
    /// What a pupil hears of an object.
    pub examples: Examples,
}

/// What a pupil hears of an object.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Examples {
    /// One message that is drawn from the old speaker's distribution.
    Sampled,
    /// The old speaker's most likely message.
    Greedy,
}

impl Default for ImitationConfig {
    /// One generation only.
    fn default() -> Self {
        Self { every: 0, agents: Side::Speaker, steps: 400, share: 0.5, examples: Examples::Sampled }
    }
}

impl ImitationConfig {
    /// That all settings are in their ranges.
    pub(super) fn validate(&self) -> Result<()> {
        let most = 1_usize << 40;
        require(
            self.every <= most,
            "imitation.every",
            self.every,
            format!("0, for one generation only, to {most}"),
        )?;
        count("imitation.steps", self.steps, 1 << 30)?;
        between("imitation.share", self.share, [0.0, 1.0])?;
        require(self.share > 0.0, "imitation.share", self.share, "more than 0: a pupil needs an example")
    }

    /// How many of some objects a pupil hears of: two at least.
    pub(super) fn num_seen(&self, objects: usize) -> usize {
        ((self.share * objects as f64).round() as usize).max(2).min(objects)
    }
}

/// What came of a new generation.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Generation {
    /// Its number; the first one, which learnt from no one, is 0.
    pub number: u64,
    /// Objects that it heard of.
    pub seen: usize,
    /// Share of these of which the most likely messages of the pupil and of its speaker are the same, in the mean over speakers.
    pub agreement: Option<f64>,
    /// The same of the objects that train and of which it did not hear.
    pub agreement_unseen: Option<f64>,
}

/// The mean of −log π(m|x) of objects and their messages, and its gradient: what a speaker that imitates goes down.
///
/// ```
/// use autodidact_communicate::Messages;
/// use autodidact_communicate::agents::{AgentConfig, RecurrentSpeaker, Speaker};
/// use autodidact_communicate::game::{Channel, ProductSpace};
/// use autodidact_communicate::training::imitation_gradient;
/// use rand::SeedableRng;
///
/// let space = ProductSpace::uniform(1, 2)?;
/// let mut rng = rand_chacha::ChaCha8Rng::seed_from_u64(1);
/// let mut speaker = RecurrentSpeaker::new(&AgentConfig::default(), &space, Channel::new(3, 2)?, &mut rng);
/// let (objects, messages) = (space.objects(2)?, Messages::from_rows(&[[1, 0], [2, 2]])?);
/// let (before, gradient) = imitation_gradient(&speaker, &objects, &messages);
/// speaker.change(&mut |weights| weights.iter_mut().zip(&gradient).for_each(|(weight, slope)| *weight -= 0.01 * slope));
/// assert!(imitation_gradient(&speaker, &objects, &messages).0 < before);
/// # Ok::<(), autodidact_communicate::Error>(())
/// ```
///
/// # Panics
/// As [`Speaker::speak`] with [`Choice::Given`].
pub fn imitation_gradient<X, S: Speaker<X>>(
    speaker: &S,
    objects: &X,
    messages: &Messages,
) -> (f64, Vec<f32>) {
    let said = speaker.speak(objects, Choice::Given(messages));
    let credit = Credit { log_prob: -1.0 / messages.count() as f32, entropy: 0.0 };
    let gradient = speaker.gradient(objects, &said, &vec![credit; messages.count()]);
    (-mean(said.log_probs), gradient)
}

/// The numbers of the objects that a generation hears of, in order.
pub(super) fn seen(config: &ImitationConfig, objects: usize, generation: u64, seeds: Seeds) -> Vec<usize> {
    let mut rng = seeds.keyed("imitation objects", [generation]);
    let mut seen = index::sample(&mut rng, objects, config.num_seen(objects)).into_vec();
    seen.sort_unstable();
    seen
}

/// A fresh speaker that learns what `old` says of the objects of `heard`. `counters` are the generation's and the speaker's number.
pub(super) fn pupil<X: Inputs, S: Speaker<X>>(
    config: &TrainConfig,
    old: &S,
    heard: &X,
    [generation, number]: [u64; 2],
    update: u64,
) -> Result<S> {
    let seeds = Seeds::new(config.seed);
    let counters = [generation, number];
    let drawn;
    let choice = match config.imitation.examples {
        Examples::Greedy => Choice::Greedy,
        Examples::Sampled => {
            let len = heard.count() * old.channel().max_length();
            drawn = numbers(seeds, "imitation symbols", counters, len);
            Choice::Sample(&drawn)
        }
    };
    let examples = old.speak(heard, choice).messages;
    let mut pupil = old.clone();
    pupil.renew(&mut seeds.keyed("imitation speaker", counters));
    let mut adam = Adam::new(pupil.parameters().values().len());
    let size = config.batch_size;
    for step in 0..config.imitation.steps as u64 {
        let (_, gradient) = if size == 0 || size >= heard.count() {
            imitation_gradient(&pupil, heard, &examples)
        } else {
            let mut rng = seeds.keyed("imitation batch", [generation, number, step]);
            let rows = index::sample(&mut rng, heard.count(), size).into_vec();
            imitation_gradient(&pupil, &heard.select(&rows)?, &examples.select(&rows)?)
        };
        check(update, "pupil", &gradient)?;
        pupil.change(&mut |weights| adam.update(config.learning.speaker_rate, 0.0, weights, &gradient));
    }
    Ok(pupil)
}

/// The share of objects of which two speakers' most likely messages are the same: of those that were seen, and of the others if there are
/// any.
pub(super) fn agreement<X, S: Speaker<X>>(
    one: &S,
    other: &S,
    objects: &X,
    seen: &[usize],
) -> (f64, Option<f64>) {
    let [one, other] = [one, other].map(|speaker| speaker.speak(objects, Choice::Greedy).messages);
    let same: Vec<bool> = one.iter().zip(other.iter()).map(|(one, other)| one == other).collect();
    let of_all = same.iter().filter(|&&same| same).count();
    let of_seen = seen.iter().filter(|&&object| same[object]).count();
    let others = same.len() - seen.len();
    let unseen = (others > 0).then(|| (of_all - of_seen) as f64 / others as f64);
    (of_seen as f64 / seen.len() as f64, unseen)
}
