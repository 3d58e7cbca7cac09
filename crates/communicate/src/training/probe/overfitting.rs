//! Which agent overfits when it learns on alone.

use autodidact_experiment::interrupt;
use autodidact_experiment::rng::Seeds;
use serde::{Deserialize, Serialize};

use crate::agents::{Choice, Listener, Speaker};
use crate::game::Split;
use crate::setting::count;
use crate::training::played::Played;
use crate::training::population::Pair;
use crate::training::step::{Learner, Turn, mean, numbers};
use crate::{Error, Result};

/// How far agents learn on.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct OverfittingConfig {
    /// Steps of each agent.
    pub steps: usize,
    /// Steps between measurements.
    pub every: usize,
    /// Messages of each object that a measurement draws.
    pub samples: usize,
    /// Seed of the messages that are measured; the same ones at each measurement.
    pub seed: u64,
}

impl Default for OverfittingConfig {
    /// 400 steps, as the first author's public code makes passes.
    fn default() -> Self {
        Self { steps: 400, every: 10, samples: 4, seed: 0 }
    }
}

impl OverfittingConfig {
    /// That all settings are in their ranges.
    ///
    /// # Errors
    /// [`Error::Setting`] names the first that is not.
    pub fn validate(&self) -> Result<()> {
        count("steps", self.steps, 1 << 40)?;
        count("every", self.every, 1 << 30)?;
        count("samples", self.samples, 1 << 20)
    }
}

/// What came of both agents.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Overfitting {
    /// The listener learnt on, the speaker was held fixed.
    pub listener: Side,
    /// The speaker learnt on, the listener was held fixed.
    pub speaker: Side,
}

/// What came of one agent.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Side {
    /// How much further the validation loss is above the training loss at the end than it was in the beginning, in nats.
    pub gap_growth: f64,
    /// How much the validation loss rose from its lowest value to the end, in nats: 0 if it is lowest at the end.
    pub validation_rise: f64,
    /// Losses on the way, the first before the first step.
    pub curve: Vec<LossPoint>,
}

/// L on both parts after some steps, in nats.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct LossPoint {
    /// Steps made.
    pub step: u64,
    /// On the objects that train.
    pub train: f64,
    /// On those to stop by.
    pub validation: f64,
}

impl Side {
    /// # Panics
    /// If there is no point.
    fn new(curve: Vec<LossPoint>) -> Self {
        let (first, last) = (curve.first().expect("one"), curve.last().expect("one"));
        let gap = |point: &LossPoint| point.validation - point.train;
        let lowest = curve.iter().map(|point| point.validation).fold(f64::INFINITY, f64::min);
        Self { gap_growth: gap(last) - gap(first), validation_rise: last.validation - lowest, curve }
    }
}

/// Copies both agents, the first ones of a population, with their optimizers and lets one of them learn on, then the other, each on the training part with the settings of the
/// learner: the listener by cross-entropy, the speaker by REINFORCE. The one whose validation loss leaves its training loss
/// overfits. The learner itself does not change.
///
/// `tell` gets which agent it is and each point of its curve.
///
/// # Errors
/// [`Error::Setting`] if the configuration is out of range, [`Error::Diverged`] if a gradient is no number, and that of an interrupt.
///
/// ```
/// use autodidact_communicate::training::probe::{OverfittingConfig, overfitting};
/// use autodidact_communicate::training::{GameConfig, Learner, RandomSplit, SplitConfig, TrainConfig};
///
/// let mut config = TrainConfig::default();
/// let split = SplitConfig::Random(RandomSplit { train: 20, validation: 20, test: 20 });
/// config.game = GameConfig { split, ..GameConfig::default() }.into();
/// (config.speaker.hidden, config.listener.hidden) = (16, 16);
/// let (_, split) = config.objects()?;
/// let learner = Learner::recurrent(&config)?;
/// let further = OverfittingConfig { steps: 20, ..OverfittingConfig::default() };
/// let found = overfitting(&learner, &split, &further, &mut |_, _| {})?;
/// let [first, .., last] = &found.listener.curve[..] else { unreachable!() };
/// assert!(last.step == 20 && last.train < first.train);
/// # Ok::<(), autodidact_communicate::Error>(())
/// ```
pub fn overfitting<X: Played, S: Speaker<X> + Clone, L: Listener<X::Question> + Clone>(
    learner: &Learner<S, L, X>,
    split: &Split<X>,
    config: &OverfittingConfig,
    tell: &mut dyn FnMut(&'static str, &LossPoint),
) -> Result<Overfitting> {
    config.validate()?;
    let listener = side(learner, split, config, &mut |point| tell("listener", point), |copy| {
        copy.listen(&split.train, Pair::default()).map(drop)
    })?;
    let speaker = side(learner, split, config, &mut |point| tell("speaker", point), |copy| {
        copy.play(&split.train, Pair::default(), Turn::Speaker).map(drop)
    })?;
    Ok(Overfitting { listener, speaker })
}

/// Steps of one agent of a copy.
fn side<X: Played, S: Speaker<X> + Clone, L: Listener<X::Question> + Clone>(
    learner: &Learner<S, L, X>,
    split: &Split<X>,
    config: &OverfittingConfig,
    tell: &mut dyn FnMut(&LossPoint),
    step: impl Fn(&mut Learner<S, L, X>) -> Result<()>,
) -> Result<Side> {
    let mut copy = learner.clone();
    let mut curve = Vec::new();
    for made in 0..=config.steps as u64 {
        if made.is_multiple_of(config.every as u64) || made == config.steps as u64 {
            let train = loss(&copy, &split.train, "train", config)?;
            let validation = loss(&copy, &split.validation, "validation", config)?;
            let point = LossPoint { step: made, train, validation };
            tell(&point);
            curve.push(point);
        }
        if interrupt::requested() {
            return Err(Error::Experiment(autodidact_experiment::Error::Interrupted));
        }
        if made < config.steps as u64 {
            step(&mut copy)?;
        }
    }
    Ok(Side::new(curve))
}

/// L of messages that are drawn for a part.
fn loss<X: Played, S: Speaker<X>, L: Listener<X::Question>>(
    learner: &Learner<S, L, X>,
    part: &X,
    name: &str,
    config: &OverfittingConfig,
) -> Result<f64> {
    let seeds = Seeds::new(config.seed).child("overfitting");
    let len = part.count() * learner.speaker().channel().max_length();
    let mut sum = 0.0;
    for sample in 0..config.samples as u64 {
        let drawn = numbers(seeds, name, [sample], len);
        let messages = learner.speaker().speak(part, Choice::Sample(&drawn)).messages;
        let asked = learner.ask_all(part, name, sample)?;
        sum -= mean(learner.listener().log_likelihood(&asked, &messages));
    }
    Ok(sum / config.samples as f64)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_side_is_told_by_its_gap_and_its_rise() {
        let point = |step, train, validation| LossPoint { step, train, validation };
        let side = Side::new(vec![point(0, 1.0, 1.25), point(10, 0.5, 1.0), point(20, 0.25, 1.5)]);
        assert_eq!((side.gap_growth, side.validation_rise), (1.0, 0.5));
        let side = Side::new(vec![point(0, 1.0, 1.0), point(10, 0.5, 0.5)]);
        assert_eq!((side.gap_growth, side.validation_rise), (0.0, 0.0));
    }
}
