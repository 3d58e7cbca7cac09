//! What a run is made of.

use serde::{Deserialize, Serialize};

use super::games::{
    DiscriminationConfig, Game, GameConfig, HeldOutSplit, ImagesConfig, Normalise, RandomSplit, SplitConfig,
};
use super::imitation::ImitationConfig;
use super::population::PopulationConfig;
use super::regime::Regime;
use super::relaxed::Estimator;
use crate::agents::{AgentConfig, AgentNames};
use crate::game::{Channel, Distractors, HeldOut, Inputs, NOISY, ProductSpace, Sampled, Sizes, Split};
use crate::setting::{between, count, require};
use crate::{Error, Features, Objects, Result, files, images};
use autodidact_experiment::rng::Seeds;
use rand::seq::index;

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
    /// Which game, with which objects.
    pub game: Game,
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
    /// How many speakers and listeners there are.
    #[serde(default)]
    pub population: PopulationConfig,
    /// When a new generation learns from the one before it.
    #[serde(default)]
    pub imitation: ImitationConfig,
    /// What is measured on the way.
    pub evaluation: EvaluationConfig,
}

/// Symbols, lengths and noise of messages.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ChannelConfig {
    /// Number of symbols V, the end among them.
    pub vocab_size: u32,
    /// Largest number of symbols T.
    pub max_length: usize,
    /// The probability that a symbol on its way to the listener becomes another one, while agents learn: see [`Channel::transmit`].
    /// Agents are measured without noise.
    #[serde(default)]
    pub noise: f64,
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
    /// `reinforce`, or `gumbel-softmax` with a temperature.
    #[serde(default)]
    pub estimator: Estimator,
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
            game: GameConfig::default().into(),
            channel: ChannelConfig { vocab_size: 8, max_length: 5, noise: 0.0 },
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
                estimator: Estimator::Reinforce,
                weight_decay: 0.0,
                dropout: 0.0,
            },
            regime: Regime::Continuous,
            population: PopulationConfig::default(),
            imitation: ImitationConfig::default(),
            evaluation: EvaluationConfig { every: 250, objects: 400, samples: 2 },
        }
    }
}

impl TrainConfig {
    /// The names of the presets.
    pub const PRESETS: [&'static str; 5] = ["full", "small", "authors", "images", "pictures"];

    /// Named settings: `full`, the default; `small`, the same objects in 400 to train, 200 to stop by and 400 to test; `authors`,
    /// the sizes of the first author's public code; `images`, a discrimination game with the embeddings of pictures; `pictures`, one with
    /// pictures, which agents see through encoders that learn with them.
    pub fn preset(name: &str) -> Option<Self> {
        let base = Self::default();
        match name {
            "full" => Some(base),
            "small" => {
                let split = SplitConfig::Random(RandomSplit::default());
                Some(Self { game: GameConfig { split, ..GameConfig::default() }.into(), ..base })
            }
            "authors" => {
                let sizes = RandomSplit { train: 4000, validation: 500, test: 500 };
                let split = SplitConfig::Random(sizes);
                let agent = AgentConfig { hidden: 128, embedding: 128, ..base.speaker };
                Some(Self {
                    updates: 400_000,
                    batch_size: 2048,
                    checkpoint_every: 5000,
                    game: GameConfig { attributes: 6, values: 10, objects: 5000, split }.into(),
                    channel: ChannelConfig { vocab_size: 10, max_length: 10, noise: 0.0 },
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
            "images" => {
                let split = RandomSplit { train: 2000, validation: 500, test: 500 };
                let split = SplitConfig::Random(split);
                Some(Self {
                    updates: 3000,
                    batch_size: 512,
                    game: DiscriminationConfig { split, ..DiscriminationConfig::default() }.into(),
                    channel: ChannelConfig { vocab_size: 20, max_length: 5, noise: 0.0 },
                    evaluation: EvaluationConfig { every: 500, ..base.evaluation },
                    ..base
                })
            }
            "pictures" => {
                let split = RandomSplit { train: 700, validation: 100, test: 200 };
                let split = SplitConfig::Random(split);
                let images = Some(ImagesConfig::default());
                Some(Self {
                    updates: 2000,
                    batch_size: 64,
                    game: DiscriminationConfig { images, split, ..DiscriminationConfig::default() }.into(),
                    channel: ChannelConfig { vocab_size: 10, max_length: 4, noise: 0.0 },
                    evaluation: EvaluationConfig { objects: 200, ..base.evaluation },
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
        let learning = &self.learning;
        count("updates", self.updates, 1 << 40)?;
        count("checkpoint_every", self.checkpoint_every, 1 << 40)?;
        self.validate_game()?;
        count("channel.max_length", self.channel.max_length, 1 << 10)?;
        require(
            (2..=1 << 16).contains(&self.channel.vocab_size),
            "channel.vocab_size",
            self.channel.vocab_size,
            "2 to 65536, the end symbol among them",
        )?;
        self.validate_noise()?;
        self.speaker.validate(&AgentNames::SPEAKER)?;
        self.listener.validate(&AgentNames::LISTENER)?;
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
        self.validate_estimator()?;
        between("learning.dropout", learning.dropout, [0.0, 0.99])?;
        count("evaluation.samples", self.evaluation.samples, 1 << 20)?;
        require(
            (2..=MANY).contains(&self.evaluation.objects),
            "evaluation.objects",
            self.evaluation.objects,
            "2 or more: measures compare objects",
        )?;
        self.population.validate()?;
        self.imitation.validate()?;
        self.regime.validate()
    }

    /// The space of a reconstruction game's objects.
    ///
    /// # Errors
    /// [`Error::Setting`] if it is another game; else as [`ProductSpace::new`].
    pub fn space(&self) -> Result<ProductSpace> {
        let GameConfig { attributes, values, .. } = *self.reconstruction()?;
        ProductSpace::uniform(attributes, values)
    }

    /// The settings of a reconstruction game.
    ///
    /// # Errors
    /// [`Error::Setting`] if it is another game.
    pub fn reconstruction(&self) -> Result<&GameConfig> {
        match &self.game {
            Game::Reconstruction(config) => Ok(config),
            Game::Discrimination(_) => other_game("discrimination", "reconstruction"),
        }
    }

    /// The settings of a discrimination game.
    ///
    /// # Errors
    /// [`Error::Setting`] if it is another game.
    pub fn discrimination(&self) -> Result<&DiscriminationConfig> {
        match &self.game {
            Game::Discrimination(config) => Ok(config),
            Game::Reconstruction(_) => other_game("reconstruction", "discrimination"),
        }
    }

    /// The channel.
    ///
    /// # Errors
    /// As [`Channel::new`].
    pub fn channel(&self) -> Result<Channel> {
        Channel::new(self.channel.vocab_size, self.channel.max_length)
    }

    /// A reconstruction game's objects, and which of them train, validate and test: the same for every run with this seed.
    ///
    /// # Errors
    /// [`Error::Setting`] if it is another game; those of [`ProductSpace::objects`], [`ProductSpace::sample`] and [`Split`];
    /// [`Error::Rows`] if fewer than two objects train or test.
    pub fn objects(&self) -> Result<(Objects, Split)> {
        let (game, space, seeds) = (self.reconstruction()?, self.space()?, Seeds::new(self.seed));
        let objects = match game.objects {
            0 => space.objects(MANY)?,
            objects => space.sample(objects, &mut seeds.stream("objects"))?,
        };
        let split = match game.split {
            SplitConfig::HeldOut(HeldOutSplit { first, second, share, validation }) => Split::held_out(
                &objects,
                HeldOut { attributes: [first, second], share, validation },
                &mut seeds.stream("split"),
            )?,
            _ => self.split(&objects, game.split)?,
        };
        require_two(&split)?;
        Ok((objects, split))
    }

    /// A discrimination game's objects as agents see them, in the order of the file (of their draw, if some are drawn), and which of them
    /// train, validate and test: the same for every run with this seed.
    ///
    /// # Errors
    /// [`Error::Setting`] if it is another game; those of [`files::read_features`] or [`images::read`]; [`Error::NotFinite`] names a row with a number that is
    /// none in single precision; those of [`Split`]; [`Error::TooFew`], [`Error::Rows`] and [`Error::Distractors`] if there are too few rows
    /// to draw, to train, to test, or to tell a target from.
    pub fn features(&self) -> Result<(Features, Split<Features>)> {
        let game = self.discrimination()?;
        let mut features = match &game.images {
            Some(ImagesConfig { path, split, array, side, .. }) => images::read(path, [split, array], *side)?,
            None => files::read_features(&game.features, &game.array)?,
        };
        if game.objects > 0 {
            let (asked, available) = (game.objects, features.count());
            if asked > available {
                return Err(Error::TooFew { asked, available });
            }
            let mut rng = Seeds::new(self.seed).stream("objects");
            features = features.select(&index::sample(&mut rng, available, asked).into_vec())?;
        }
        let mut split = self.split(&features, game.split)?;
        if game.normalise == Normalise::Standardise {
            let reference = split.train.clone();
            for part in [&mut features, &mut split.train, &mut split.validation, &mut split.test] {
                *part = match game.images {
                    Some(_) => images::standardised(part, &reference)?,
                    None => part.standardised(&reference)?,
                };
            }
        }
        features.check_single()?;
        require_two(&split)?;
        if let Distractors::Sampled(Sampled { count }) = game.distractors {
            let mut parts = [&split.train, &split.validation, &split.test].map(Features::count);
            if self.imitation.every > 0 && self.imitation.agents.has_listeners() {
                // Listeners of a new generation find the objects that it hears of among these.
                parts[0] = self.imitation.num_seen(parts[0]);
            }
            let objects = parts.into_iter().fold(self.evaluation.objects, usize::min);
            if count >= objects {
                return Err(Error::Distractors { asked: count, objects });
            }
        }
        Ok((features, split))
    }

    /// The parts of a split that any objects can have.
    fn split<X: Inputs>(&self, objects: &X, split: SplitConfig) -> Result<Split<X>> {
        match split {
            SplitConfig::Full => Ok(Split::full(objects)),
            SplitConfig::Random(RandomSplit { train, validation, test }) => {
                let sizes = Sizes { train, validation, test };
                Split::random(objects, sizes, &mut Seeds::new(self.seed).stream("split"))
            }
            SplitConfig::HeldOut(_) => Err(Error::Setting {
                name: "game.split",
                value: "held-out".to_owned(),
                expected: "full or random: features have no values to hold out".to_owned(),
            }),
        }
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

    /// That noise is in its range and that nothing is asked for which is not defined with it.
    fn validate_noise(&self) -> Result<()> {
        let ChannelConfig { vocab_size, noise, .. } = self.channel;
        between("channel.noise", noise, [0.0, 1.0])?;
        if noise == 0.0 {
            return Ok(());
        }
        require(vocab_size > 2, "channel.vocab_size", vocab_size, NOISY)?;
        require(
            self.learning.estimator == Estimator::Reinforce,
            "channel.noise",
            noise,
            "0 with `learning.estimator` gumbel-softmax: mixtures of symbols arrive as they are sent",
        )?;
        require(
            self.alpha() == 1.0,
            "channel.noise",
            noise,
            "0 where the Bayes listener rewards (`regime` bayes, or `learning.alpha` below 1): its posterior is that of messages as they \
             are sent",
        )
    }

    /// That rewards have a gradient through symbols, if it is asked for.
    fn validate_estimator(&self) -> Result<()> {
        let Estimator::GumbelSoftmax(relaxation) = self.learning.estimator else { return Ok(()) };
        between("learning.estimator.temperature", relaxation.temperature, [1e-3, 1e3])?;
        let refuse = |is_right, expected| require(is_right, "learning.estimator", "gumbel-softmax", expected);
        refuse(
            self.alpha() >= 1.0,
            "reinforce with `learning.alpha` below 1 or `regime` bayes: the Bayes listener's reward has no gradient through mixtures of symbols",
        )?;
        refuse(
            self.learning.baseline == BaselineKind::BatchMean,
            "reinforce with `learning.baseline` learned: without rewards there is nothing to subtract from",
        )
    }

    /// That the game's settings are in their ranges.
    fn validate_game(&self) -> Result<()> {
        match &self.game {
            Game::Reconstruction(game) => {
                count("game.attributes", game.attributes, 64)?;
                count("game.values", game.values as usize, 1 << 16)
            }
            Game::Discrimination(game) => {
                validate_source(game)?;
                count("game.projection", game.projection, 1 << 14)?;
                match game.distractors {
                    Distractors::Sampled(Sampled { count: distractors }) => {
                        count("game.distractors.count", distractors, MANY)
                    }
                    Distractors::InBatch => require(
                        self.batch_size != 1,
                        "batch_size",
                        self.batch_size,
                        "2 or more, or 0 for all: the other objects of a batch are the distractors",
                    ),
                }
            }
        }
    }
}

/// That there are features or pictures.
fn validate_source(game: &DiscriminationConfig) -> Result<()> {
    let has_features = !game.features.as_os_str().is_empty();
    let Some(images) = &game.images else {
        return require(
            has_features,
            "game.features",
            "empty",
            "a file with a table of features, for instance one of `represent embed`",
        );
    };
    require(
        cfg!(feature = "images"),
        "game.images",
        images.path.display(),
        "nothing: agents that see pictures are not in this build, but in one with the feature `images`",
    )?;
    require(
        !has_features,
        "game.features",
        game.features.display(),
        "nothing beside `game.images`: agents see features or pictures",
    )?;
    require(
        !images.path.as_os_str().is_empty(),
        "game.images.path",
        "empty",
        "a collection of pictures, for instance a folder (`--data photos`)",
    )?;
    count("game.images.width", images.width, 1 << 9)?;
    require((4..=256).contains(&images.side), "game.images.side", images.side, "4 to 256 pixels")
}

fn other_game<T>(found: &str, expected: &str) -> Result<T> {
    Err(Error::Setting { name: "game.kind", value: found.to_owned(), expected: expected.to_owned() })
}

/// That measures have objects to compare.
fn require_two<X: Inputs>(split: &Split<X>) -> Result<()> {
    match [&split.train, &split.test].map(Inputs::count).into_iter().find(|&found| found < 2) {
        Some(found) => Err(Error::Rows { found, needed: 2 }),
        None => Ok(()),
    }
}
