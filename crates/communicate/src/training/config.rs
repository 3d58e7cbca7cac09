//! What a run is made of.

use serde::{Deserialize, Serialize};

use super::regime::Regime;
use crate::agents::AgentConfig;
use crate::game::{Channel, HeldOut, ProductSpace, Sizes, Split};
use crate::setting::{between, count, require};
use crate::{Objects, Result};
use autodidact_experiment::rng::Seeds;

/// Objects that are listed one by one at most.
const MANY: usize = 1 << 22;

/// Settings of a Lewis game that is learnt.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TrainConfig {
    /// Seed of objects, splits, weights, batches and symbols.
    pub seed: u64,
    /// Updates of the speaker.
    pub updates: usize,
    /// Objects of an update; 0 for all that train.
    pub batch_size: usize,
    /// Updates between checkpoints.
    pub checkpoint_every: usize,
    /// Objects and their parts.
    pub game: GameConfig,
    /// Symbols and lengths of messages.
    pub channel: ChannelConfig,
    /// The speaker.
    pub speaker: AgentConfig,
    /// The listener.
    pub listener: AgentConfig,
    /// Losses and rates.
    pub learning: LearningConfig,
    /// How the listener follows the speaker.
    pub regime: Regime,
    /// What is measured on the way.
    pub evaluation: EvaluationConfig,
}

/// Objects of a game.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct GameConfig {
    /// Number of attributes K.
    pub attributes: usize,
    /// Values of each attribute.
    pub values: u32,
    /// Different objects drawn of them; 0 for all there are.
    pub objects: usize,
    /// Which train and which test.
    pub split: SplitConfig,
}

/// Which objects train and which test.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "kebab-case", deny_unknown_fields)]
pub enum SplitConfig {
    /// All train and all test: the negative control, in which nothing can be overfitted.
    Full,
    /// Drawn at random.
    Random(RandomSplit),
    /// All objects with some pairs of values test.
    HeldOut(HeldOutSplit),
}

/// Sizes of a random split.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct RandomSplit {
    /// Objects to train on.
    pub train: usize,
    /// Objects to stop by.
    pub validation: usize,
    /// Objects to report.
    pub test: usize,
}

impl Default for RandomSplit {
    fn default() -> Self {
        Self { train: 400, validation: 200, test: 400 }
    }
}

/// Pairs of values that are held out.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct HeldOutSplit {
    /// The one attribute.
    pub first: usize,
    /// The other attribute.
    pub second: usize,
    /// The share of their pairs that test.
    pub share: f64,
    /// Objects to stop by, taken from those to train on.
    pub validation: usize,
}

impl Default for HeldOutSplit {
    fn default() -> Self {
        Self { first: 0, second: 1, share: 0.2, validation: 200 }
    }
}

/// Symbols and lengths of messages.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ChannelConfig {
    /// Number of symbols V, the end among them.
    pub vocab_size: u32,
    /// Largest number of symbols T.
    pub max_length: usize,
}

/// What is subtracted from rewards, which changes the noise of a gradient and not what it is on average.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum BaselineKind {
    /// The mean reward of the batch.
    BatchMean,
    /// A reward that is predicted for each object: a number for each value of each attribute, learnt by squared error.
    Learned,
}

/// Losses and rates.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LearningConfig {
    /// Adam's learning rate for the speaker.
    pub speaker_rate: f64,
    /// Adam's learning rate for the listener.
    pub listener_rate: f64,
    /// Weight `c_H` of the speaker's entropy at the beginning.
    pub entropy: f64,
    /// The same at the end; in between it goes down evenly.
    pub final_entropy: f64,
    /// What each symbol, the end included, takes from the reward.
    pub length_cost: f64,
    /// α: the share of the listener's log ρ(x|m) in the reward; the rest is log ρ*(x|m) of the Bayes listener, scored exactly.
    pub alpha: f64,
    /// What is subtracted from rewards.
    pub baseline: BaselineKind,
    /// Decoupled weight decay of the listener, multiplied by its learning rate.
    pub weight_decay: f64,
    /// Share of the listener's last state that is dropped while it learns.
    pub dropout: f64,
}

/// What is measured on the way.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct EvaluationConfig {
    /// Updates between measurements; 0 for one at the end only.
    pub every: usize,
    /// Objects of each part at most. Both parts have the same number, as losses of parts of different sizes do not compare.
    pub objects: usize,
    /// Messages that are drawn for each object.
    pub samples: usize,
}

impl Default for TrainConfig {
    /// 4 attributes of 6 values, all of which train and test; messages of up to 5 of 8 symbols.
    fn default() -> Self {
        Self {
            seed: 0,
            updates: 2000,
            batch_size: 0,
            checkpoint_every: 500,
            game: GameConfig { attributes: 4, values: 6, objects: 0, split: SplitConfig::Full },
            channel: ChannelConfig { vocab_size: 8, max_length: 5 },
            speaker: AgentConfig::default(),
            listener: AgentConfig::default(),
            learning: LearningConfig {
                speaker_rate: 1e-3,
                listener_rate: 1e-3,
                entropy: 1.0,
                final_entropy: 0.02,
                length_cost: 0.0,
                alpha: 1.0,
                baseline: BaselineKind::BatchMean,
                weight_decay: 0.0,
                dropout: 0.0,
            },
            regime: Regime::Continuous,
            evaluation: EvaluationConfig { every: 250, objects: 400, samples: 2 },
        }
    }
}

impl TrainConfig {
    /// The names of the presets.
    pub const PRESETS: [&'static str; 3] = ["full", "small", "authors"];

    /// Named settings: `full`, the default; `small`, the same objects in 400 to train, 200 to stop by and 400 to test; `authors`,
    /// the sizes of the first author's public code.
    pub fn preset(name: &str) -> Option<Self> {
        let base = Self::default();
        match name {
            "full" => Some(base),
            "small" => {
                let split = SplitConfig::Random(RandomSplit::default());
                Some(Self { game: GameConfig { split, ..base.game }, ..base })
            }
            "authors" => {
                let sizes = RandomSplit { train: 4000, validation: 500, test: 500 };
                let split = SplitConfig::Random(sizes);
                let agent = AgentConfig { hidden: 128, embedding: 128, ..base.speaker };
                Some(Self {
                    updates: 400_000,
                    batch_size: 2048,
                    checkpoint_every: 5000,
                    game: GameConfig { attributes: 6, values: 10, objects: 5000, split },
                    channel: ChannelConfig { vocab_size: 10, max_length: 10 },
                    speaker: agent,
                    listener: AgentConfig { layer_norm: false, ..agent },
                    learning: LearningConfig {
                        speaker_rate: 5e-4,
                        listener_rate: 5e-4,
                        entropy: 0.1,
                        final_entropy: 0.1,
                        ..base.learning
                    },
                    evaluation: EvaluationConfig { every: 5000, objects: 500, ..base.evaluation },
                    ..base
                })
            }
            _ => None,
        }
    }

    /// That all settings are in their ranges.
    ///
    /// # Errors
    /// [`Error::Setting`](crate::Error::Setting) names the first that is not.
    pub fn validate(&self) -> Result<()> {
        let (game, learning) = (&self.game, &self.learning);
        count("updates", self.updates, 1 << 40)?;
        count("checkpoint_every", self.checkpoint_every, 1 << 40)?;
        count("game.attributes", game.attributes, 64)?;
        count("game.values", game.values as usize, 1 << 16)?;
        count("channel.max_length", self.channel.max_length, 1 << 10)?;
        require(
            (2..=1 << 16).contains(&self.channel.vocab_size),
            "channel.vocab_size",
            self.channel.vocab_size,
            "2 to 65536, the end symbol among them",
        )?;
        self.speaker.validate(["speaker.hidden", "speaker.embedding"])?;
        self.listener.validate(["listener.hidden", "listener.embedding"])?;
        for (name, value) in [
            ("learning.speaker_rate", learning.speaker_rate),
            ("learning.listener_rate", learning.listener_rate),
            ("learning.entropy", learning.entropy),
            ("learning.final_entropy", learning.final_entropy),
            ("learning.length_cost", learning.length_cost),
            ("learning.weight_decay", learning.weight_decay),
        ] {
            between(name, value, [0.0, 1e6])?;
        }
        require(
            self.batch_size != 1 || learning.baseline != BaselineKind::BatchMean,
            "batch_size",
            self.batch_size,
            "2 or more, or 0 for all: the mean of one reward is that reward, which teaches nothing; or `learning.baseline` learned",
        )?;
        between("learning.alpha", learning.alpha, [0.0, 1.0])?;
        between("learning.dropout", learning.dropout, [0.0, 0.99])?;
        count("evaluation.samples", self.evaluation.samples, 1 << 20)?;
        require(
            (2..=MANY).contains(&self.evaluation.objects),
            "evaluation.objects",
            self.evaluation.objects,
            "2 or more: measures compare objects",
        )?;
        self.regime.validate()
    }

    /// The space of the game's objects.
    ///
    /// # Errors
    /// As [`ProductSpace::new`].
    pub fn space(&self) -> Result<ProductSpace> {
        ProductSpace::uniform(self.game.attributes, self.game.values)
    }

    /// The channel.
    ///
    /// # Errors
    /// As [`Channel::new`].
    pub fn channel(&self) -> Result<Channel> {
        Channel::new(self.channel.vocab_size, self.channel.max_length)
    }

    /// The game's objects, and which of them train, validate and test: the same for every run with this seed.
    ///
    /// # Errors
    /// Those of [`ProductSpace::objects`], [`ProductSpace::sample`] and [`Split`]; [`Error::Rows`](crate::Error::Rows) if fewer than two
    /// objects train or test.
    pub fn objects(&self) -> Result<(Objects, Split)> {
        let (space, seeds) = (self.space()?, Seeds::new(self.seed));
        let objects = match self.game.objects {
            0 => space.objects(MANY)?,
            objects => space.sample(objects, &mut seeds.stream("objects"))?,
        };
        let mut rng = seeds.stream("split");
        let split = match self.game.split {
            SplitConfig::Full => Split::full(&objects),
            SplitConfig::Random(RandomSplit { train, validation, test }) => {
                Split::random(&objects, Sizes { train, validation, test }, &mut rng)?
            }
            SplitConfig::HeldOut(HeldOutSplit { first, second, share, validation }) => Split::held_out(
                &objects,
                HeldOut { attributes: [first, second], share, validation },
                &mut rng,
            )?,
        };
        for part in [&split.train, &split.test] {
            if part.count() < 2 {
                return Err(crate::Error::Rows { found: part.count(), needed: 2 });
            }
        }
        Ok((objects, split))
    }

    /// `c_H` of an update, counted from 0.
    pub fn entropy_at(&self, update: u64) -> f64 {
        let LearningConfig { entropy, final_entropy, .. } = self.learning;
        let done = update as f64 / self.updates.saturating_sub(1).max(1) as f64;
        entropy + (final_entropy - entropy) * done.min(1.0)
    }

    /// α, which is 0 where the Bayes listener gives the reward.
    pub fn alpha(&self) -> f64 {
        if self.regime == Regime::Bayes { 0.0 } else { self.learning.alpha }
    }
}
