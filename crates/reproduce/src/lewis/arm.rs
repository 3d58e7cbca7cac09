//! The arms of the experiment: how the listener follows the speaker, and on which objects.

use autodidact_communicate::training::{
    DiscriminationConfig, EarlyStopped, EvaluationConfig, GameConfig, LearningConfig, Partial, Patience,
    RandomSplit, Regime, Reset, Retrained, SplitConfig, StopRule, TrainConfig,
};
use autodidact_experiment::reproduction::Scale;
use serde::{Deserialize, Serialize};

/// Updates of both agents between two fresh listeners: of 10, 30, 100 and 300 on pilot seeds that are not judged. Runs are measured as
/// often, so that a fresh listener has made as many updates with its speaker whenever it is measured.
pub(super) const JOINT_UPDATES: usize = 100;
/// Updates of the exact Bayes arm beside the other ones': all messages are scored for all objects in each.
const SHARE_OF_BAYES: usize = 2;
/// When a fresh listener has learnt the training part: a hundred steps without a lower smoothed loss, or this many steps.
const LEARNT: Patience = Patience { steps: 100, smoothing: 0.9, least: 1e-3 };
const LEARNT_STEPS: usize = 2000;
/// Weight decay and dropout of [`Arm::Regularised`].
const REGULARISED: [f64; 2] = [0.1, 0.2];

/// What is communicated.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(super) enum Kind {
    /// Attributes of an object, which are told.
    Attributes,
    /// Embeddings of pictures, one of which is found among others.
    Pictures,
}

/// How the listener follows the speaker.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(super) enum Arm {
    /// Both learn in turn.
    Continuous,
    /// A fresh listener now and then, which learns as long as its loss on the validation part goes down.
    EarlyStopped,
    /// It makes the early-stopped listener's number of steps, whatever its loss does.
    Partial,
    /// As often a fresh listener, which learns until it has learnt the training part: fresh, but overfitted.
    Retrained,
    /// As often a fresh listener, which learns in the updates of both alone.
    Reset,
    /// The reward is that of the exact Bayes listener of the training part: α = 0.
    Bayes,
    /// As continuous, with weight decay and dropout.
    Regularised,
    /// As continuous, on all objects there are: the negative control.
    AllContinuous,
    /// As early-stopped, on all objects there are.
    AllEarlyStopped,
}

impl Arm {
    /// The arms at a scale: scoring all messages for all objects at every update takes too long for the quick one.
    pub fn at(scale: Scale) -> impl Iterator<Item = Self> {
        Self::ALL.into_iter().filter(move |&arm| arm != Self::Bayes || scale != Scale::Quick)
    }

    pub const ALL: [Self; 9] = [
        Self::Continuous,
        Self::EarlyStopped,
        Self::Partial,
        Self::Retrained,
        Self::Reset,
        Self::Bayes,
        Self::Regularised,
        Self::AllContinuous,
        Self::AllEarlyStopped,
    ];

    pub fn name(self) -> &'static str {
        match self {
            Self::Continuous => "continuous",
            Self::EarlyStopped => "early-stopped",
            Self::Partial => "partial",
            Self::Retrained => "retrained",
            Self::Reset => "reset",
            Self::Bayes => "bayes",
            Self::Regularised => "regularised",
            Self::AllContinuous => "all-continuous",
            Self::AllEarlyStopped => "all-early-stopped",
        }
    }

    pub fn label(self) -> &'static str {
        match self {
            Self::Continuous => "continuous",
            Self::EarlyStopped => "fresh and early-stopped",
            Self::Partial => "partial, as many steps",
            Self::Retrained => "fresh and overfitted",
            Self::Reset => "fresh, no steps of its own",
            Self::Bayes => "exact Bayes reward, half the updates",
            Self::Regularised => "weight decay, dropout",
            Self::AllContinuous => "all objects: continuous",
            Self::AllEarlyStopped => "all objects: early-stopped",
        }
    }

    /// The arms of pictures, in the order in which they are run.
    pub const OF_PICTURES: [Self; 5] =
        [Self::Continuous, Self::EarlyStopped, Self::Partial, Self::Retrained, Self::Reset];

    /// The settings of a run. An early-stopped listener's mean number of steps is not known before: [`with_steps`] sets a partial one's.
    pub fn config(self, scale: Scale) -> TrainConfig {
        self.of(base(scale))
    }

    /// The settings of a run with embeddings of pictures, whose file is not named yet.
    pub fn config_of_pictures(self, scale: Scale) -> TrainConfig {
        self.of(base_of_pictures(scale))
    }

    fn of(self, base: TrainConfig) -> TrainConfig {
        match self {
            Self::Continuous => base,
            Self::EarlyStopped => {
                let joint_updates = JOINT_UPDATES;
                let stopped = EarlyStopped { reset: 1.0, joint_updates, ..EarlyStopped::default() };
                TrainConfig { regime: Regime::EarlyStopped(stopped), ..base }
            }
            Self::Partial => with_steps(base, 1.0),
            Self::Retrained => {
                let (rule, max_steps) = (StopRule::Patience(LEARNT), LEARNT_STEPS);
                let fresh = Retrained { rule, max_steps, joint_updates: JOINT_UPDATES };
                TrainConfig { regime: Regime::Retrained(fresh), ..base }
            }
            Self::Reset => TrainConfig { regime: Regime::Reset(Reset { every: JOINT_UPDATES }), ..base },
            Self::Bayes => {
                TrainConfig { regime: Regime::Bayes, updates: base.updates / SHARE_OF_BAYES, ..base }
            }
            Self::Regularised => {
                let [weight_decay, dropout] = REGULARISED;
                TrainConfig { learning: LearningConfig { weight_decay, dropout, ..base.learning }, ..base }
            }
            Self::AllContinuous => on_all(Self::Continuous.of(base)),
            Self::AllEarlyStopped => on_all(Self::EarlyStopped.of(base)),
        }
    }
}

/// A partial listener of so many steps for each of the speaker's.
pub(super) fn with_steps(config: TrainConfig, steps: f64) -> TrainConfig {
    TrainConfig { regime: Regime::Partial(Partial { steps }), ..config }
}

/// All objects train, test and stop.
fn on_all(config: TrainConfig) -> TrainConfig {
    let game = config.reconstruction().expect("presets of objects with attributes").clone();
    TrainConfig { game: GameConfig { split: SplitConfig::Full, ..game }.into(), ..config }
}

/// What all arms have in common.
fn base(scale: Scale) -> TrainConfig {
    let small = TrainConfig::preset("small").expect("a preset");
    let config = match scale {
        // Smaller spaces are told without being taken apart: no listener generalises.
        Scale::Quick => TrainConfig { updates: 1000, ..small },
        Scale::Standard => small,
        Scale::Full => TrainConfig::preset("authors").expect("a preset"),
    };
    measured(config, 500)
}

/// What all arms with pictures have in common: the others of a batch are the distractors, and so are they in a measurement.
fn base_of_pictures(scale: Scale) -> TrainConfig {
    let images = TrainConfig::preset("images").expect("a preset");
    let split = |train, validation, test| SplitConfig::Random(RandomSplit { train, validation, test });
    let (updates, batch_size, split) = match scale {
        Scale::Quick => (500, 256, split(1000, 400, 600)),
        Scale::Standard => (2000, 256, split(1000, 400, 600)),
        Scale::Full => (400_000, 1024, split(7000, 1500, 1500)),
    };
    let game = DiscriminationConfig { split, ..DiscriminationConfig::default() }.into();
    let config = TrainConfig { updates, batch_size, game, ..images };
    measured(config, batch_size)
}

/// Measured before each fresh listener, on so many objects at most; long runs now and then.
fn measured(config: TrainConfig, objects: usize) -> TrainConfig {
    let every = JOINT_UPDATES * (config.updates / JOINT_UPDATES).div_ceil(50);
    TrainConfig { evaluation: EvaluationConfig { every, objects, samples: 4 }, ..config }
}
