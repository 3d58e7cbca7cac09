//! The arms of the experiment: how the listener follows the speaker, and on which objects.

use autodidact_communicate::agents::AgentConfig;
use autodidact_communicate::training::{
    ChannelConfig, EarlyStopped, EvaluationConfig, GameConfig, LearningConfig, Partial, RandomSplit, Regime,
    Retrained, SplitConfig, TrainConfig,
};
use autodidact_experiment::reproduction::Scale;
use serde::{Deserialize, Serialize};

/// Measurements of a run.
const MEASUREMENTS: usize = 20;
/// Updates of both agents between two fresh listeners of [`Arm::Retrained`].
const UPDATES_OF_FRESH: usize = 30;
/// Weight decay and dropout of [`Arm::Regularised`].
const REGULARISED: [f64; 2] = [0.1, 0.2];

/// How the listener follows the speaker.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(super) enum Arm {
    /// Both learn in turn.
    Continuous,
    /// The listener learns as long as its loss on the validation part goes down.
    EarlyStopped,
    /// It makes the early-stopped listener's number of steps, whatever its loss does.
    Partial,
    /// It is made anew again and again, and trained until it has learnt the training part: fresh, but overfitted.
    Retrained,
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
    pub const ALL: [Self; 8] = [
        Self::Continuous,
        Self::EarlyStopped,
        Self::Partial,
        Self::Retrained,
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
            Self::Bayes => "bayes",
            Self::Regularised => "regularised",
            Self::AllContinuous => "all-continuous",
            Self::AllEarlyStopped => "all-early-stopped",
        }
    }

    pub fn label(self) -> &'static str {
        match self {
            Self::Continuous => "continuous",
            Self::EarlyStopped => "early-stopped",
            Self::Partial => "partial, as many steps",
            Self::Retrained => "fresh and overfitted",
            Self::Bayes => "exact Bayes reward",
            Self::Regularised => "weight decay, dropout",
            Self::AllContinuous => "all objects: continuous",
            Self::AllEarlyStopped => "all objects: early-stopped",
        }
    }

    /// The settings of a run. An early-stopped listener's mean number of steps is not known before: [`with_steps`] sets a partial one's.
    pub fn config(self, scale: Scale) -> TrainConfig {
        let base = base(scale);
        match self {
            Self::Continuous => base,
            Self::EarlyStopped => {
                TrainConfig { regime: Regime::EarlyStopped(EarlyStopped::default()), ..base }
            }
            Self::Partial => with_steps(base, 1),
            Self::Retrained => {
                let fresh = Retrained { joint_updates: UPDATES_OF_FRESH, ..Retrained::default() };
                TrainConfig { regime: Regime::Retrained(fresh), ..base }
            }
            Self::Bayes => TrainConfig { regime: Regime::Bayes, ..base },
            Self::Regularised => {
                let [weight_decay, dropout] = REGULARISED;
                TrainConfig { learning: LearningConfig { weight_decay, dropout, ..base.learning }, ..base }
            }
            Self::AllContinuous => on_all(Self::Continuous.config(scale)),
            Self::AllEarlyStopped => on_all(Self::EarlyStopped.config(scale)),
        }
    }
}

/// A partial listener of so many steps.
pub(super) fn with_steps(config: TrainConfig, steps: usize) -> TrainConfig {
    TrainConfig { regime: Regime::Partial(Partial { steps }), ..config }
}

/// All objects train, test and stop.
fn on_all(config: TrainConfig) -> TrainConfig {
    TrainConfig { game: GameConfig { split: SplitConfig::Full, ..config.game }, ..config }
}

/// What all arms have in common.
fn base(scale: Scale) -> TrainConfig {
    let small = TrainConfig::preset("small").expect("a preset");
    let config = match scale {
        Scale::Quick => {
            let agent = AgentConfig { hidden: 32, embedding: 32, ..small.speaker };
            let split = SplitConfig::Random(RandomSplit { train: 32, validation: 12, test: 20 });
            TrainConfig {
                updates: 400,
                game: GameConfig { attributes: 3, values: 4, objects: 0, split },
                channel: ChannelConfig { vocab_size: 6, max_length: 4 },
                speaker: agent,
                listener: agent,
                learning: LearningConfig { speaker_rate: 3e-3, listener_rate: 3e-3, ..small.learning },
                ..small
            }
        }
        Scale::Standard => TrainConfig { updates: 3000, ..small },
        Scale::Full => TrainConfig::preset("authors").expect("a preset"),
    };
    let every = config.updates / MEASUREMENTS;
    TrainConfig { evaluation: EvaluationConfig { every, objects: 500, samples: 4 }, ..config }
}
