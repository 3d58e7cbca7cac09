//! One update of speaker and listener, and the listener's own steps before it.

use std::marker::PhantomData;

use autodidact_experiment::rng::Seeds;
use rand::RngExt;
use rand::seq::index;

use super::adam::Adam;
use super::config::{BaselineKind, LearningConfig, TrainConfig};
use super::loss::{LinearBaseline, credits};
use super::played::{Played, Question};
use super::regime::{EarlyStopped, Regime, Retrained, Stopping};
use super::relaxed::Estimator;
use crate::agents::{
    Choice, FeatureEncoder, Listener, RecurrentDiscriminator, RecurrentListener, RecurrentSpeaker, Speaker,
    Utterance,
};
use crate::game::{Lineups, Split};
use crate::{Error, Features, Objects, Result};

/// What an update was like.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Report {
    /// The listener's loss on the batch, −log ρ(x|m) in the mean, in nats.
    pub loss: f64,
    /// The mean reward.
    pub reward: f64,
    /// Entropy of a symbol's distribution in the mean, in nats.
    pub entropy: f64,
    /// Length of a message in the mean, its end counted.
    pub length: f64,
    /// Steps that the listener made alone before.
    pub listener_steps: u64,
}

/// A speaker and a listener that learn, with all that an update needs and changes. `X` is the table of the game's objects.
#[derive(Clone, Debug)]
pub struct Learner<S, L, X = Objects> {
    pub(super) config: TrainConfig,
    pub(super) seeds: Seeds,
    pub(super) speaker: S,
    pub(super) listener: L,
    pub(super) speaker_adam: Adam,
    pub(super) listener_adam: Adam,
    pub(super) baseline: LinearBaseline,
    pub(super) baseline_adam: Adam,
    pub(super) counts: Counts,
    of: PhantomData<fn(&X)>,
}

/// What was done so far; all that is drawn follows from the seed and from these.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct Counts {
    /// Updates of the speaker.
    pub updates: u64,
    /// Steps of the listener, in updates and alone.
    pub listener_steps: u64,
    /// Listeners that were thrown away.
    pub resets: u64,
}

/// Who learns from a game.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Turn {
    Both,
    Speaker,
}

/// Objects of a batch.
pub(super) struct Batch<Q> {
    /// What the listener is asked about them.
    pub asked: Q,
    /// Their numbers in the part that trains.
    pub indices: Vec<usize>,
}

/// Agents that reconstruct objects of attributes.
pub type Reconstructing = Learner<RecurrentSpeaker, RecurrentListener>;

/// Agents that find vectors of features among others.
pub type Discriminating = Learner<RecurrentSpeaker<FeatureEncoder>, RecurrentDiscriminator, Features>;

impl Reconstructing {
    /// Agents as the configuration of a reconstruction game says.
    ///
    /// # Errors
    /// [`Error::Setting`] if it is out of range.
    pub fn recurrent(config: &TrainConfig) -> Result<Self> {
        config.validate()?;
        let (space, channel, seeds) = (config.space()?, config.channel()?, Seeds::new(config.seed));
        let speaker = RecurrentSpeaker::new(&config.speaker, &space, channel, &mut seeds.stream("speaker"));
        let listener =
            RecurrentListener::new(&config.listener, &space, channel, &mut seeds.stream("listener"));
        Self::new(config, speaker, listener)
    }
}

impl<S: Speaker, L: Listener> Learner<S, L> {
    /// Agents that have not learnt yet.
    ///
    /// # Errors
    /// [`Error::Setting`] if the game is no reconstruction.
    pub fn new(config: &TrainConfig, speaker: S, listener: L) -> Result<Self> {
        Ok(Self::with(config, speaker, listener, LinearBaseline::new(config.space()?.num_values())))
    }
}

impl Discriminating {
    /// Agents as the configuration of a discrimination game says, for vectors of `width` features.
    ///
    /// # Errors
    /// [`Error::Setting`] if it is out of range.
    pub fn discriminating(config: &TrainConfig, width: usize) -> Result<Self> {
        config.validate()?;
        let (game, channel, seeds) = (config.discrimination()?, config.channel()?, Seeds::new(config.seed));
        let speaker =
            RecurrentSpeaker::of_features(&config.speaker, width, channel, &mut seeds.stream("speaker"));
        let listener = RecurrentDiscriminator::new(
            &config.listener,
            [width, game.projection],
            channel,
            &mut seeds.stream("listener"),
        );
        Ok(Self::of_features(config, width, speaker, listener))
    }
}

impl<S: Speaker<Features>, L: Listener<Lineups>> Learner<S, L, Features> {
    /// Agents for vectors of `width` features that have not learnt yet.
    pub fn of_features(config: &TrainConfig, width: usize, speaker: S, listener: L) -> Self {
        Self::with(config, speaker, listener, LinearBaseline::of_features(width))
    }
}

impl<X: Played, S: Speaker<X>, L: Listener<X::Question>> Learner<S, L, X> {
    fn with(config: &TrainConfig, speaker: S, listener: L, baseline: LinearBaseline) -> Self {
        Self {
            seeds: Seeds::new(config.seed),
            speaker_adam: Adam::new(speaker.parameters().values().len()),
            listener_adam: Adam::new(listener.parameters().values().len()),
            baseline_adam: Adam::new(baseline.weights.len()),
            baseline,
            speaker,
            listener,
            counts: Counts::default(),
            config: config.clone(),
            of: PhantomData,
        }
    }

    /// The speaker.
    pub fn speaker(&self) -> &S {
        &self.speaker
    }

    /// The listener.
    pub fn listener(&self) -> &L {
        &self.listener
    }

    /// What was done so far.
    pub fn counts(&self) -> Counts {
        self.counts
    }

    /// An update: what the regime does to the listener, then a game with each object of a batch, and a step of both agents.
    ///
    /// # Errors
    /// [`Error::Diverged`] if a loss or a gradient is no number, and the agents are then useless; [`Error::Distractors`] if a part has
    /// too few objects.
    pub fn step(&mut self, split: &Split<X>) -> Result<Report> {
        let alone = self.follow(split)?;
        let mut report = self.play(&split.train, Turn::Both)?;
        report.listener_steps = alone;
        Ok(report)
    }

    /// What the regime does to the listener before an update; how many steps that were.
    fn follow(&mut self, split: &Split<X>) -> Result<u64> {
        let update = self.counts.updates;
        let is_due = |every: usize| update.is_multiple_of(every as u64);
        match self.config.regime {
            Regime::Partial(partial) => self.listen_for(split, partial.alone(update)),
            Regime::Reset(reset) if update > 0 && is_due(reset.every) => {
                self.renew();
                Ok(0)
            }
            Regime::EarlyStopped(stopped) if is_due(stopped.joint_updates) => {
                if self.seeds.keyed("reset", [update]).random::<f64>() < stopped.reset {
                    self.renew();
                }
                self.listen_while_better(split, &stopped)
            }
            Regime::Retrained(retrained) if is_due(retrained.joint_updates) => {
                self.renew();
                self.listen_until(split, &retrained)
            }
            _ => Ok(0),
        }
    }

    fn listen_for(&mut self, split: &Split<X>, steps: usize) -> Result<u64> {
        for _ in 0..steps {
            self.listen(&split.train)?;
        }
        Ok(steps as u64)
    }

    /// Steps of the listener until a rule says stop by its own loss.
    fn listen_until(&mut self, split: &Split<X>, retrained: &Retrained) -> Result<u64> {
        let mut stopping = Stopping::new(retrained.rule);
        for step in 1..=retrained.max_steps as u64 {
            if stopping.stops(self.listen(&split.train)?) {
                return Ok(step);
            }
        }
        Ok(retrained.max_steps as u64)
    }

    /// Steps of the listener until a rule says stop by the loss on the validation part: on one message for each of its objects, the
    /// same ones at every step, so that losses differ by what was learnt.
    fn listen_while_better(&mut self, split: &Split<X>, stopped: &EarlyStopped) -> Result<u64> {
        let asked = self.ask_all(&split.validation, "validation", self.counts.listener_steps)?;
        let said = self.speak(asked.objects(), "validation", self.counts.listener_steps);
        let loss = |listener: &L| -mean(listener.log_likelihood(&asked, &said.messages));
        let mut stopping = Stopping::new(stopped.rule);
        let mut best = stopped.keeps_best.then(|| (loss(&self.listener), self.remembered()));
        let mut steps = 0;
        while steps < stopped.max_steps as u64 {
            self.listen(&split.train)?;
            steps += 1;
            let loss = loss(&self.listener);
            if let Some(best) = &mut best
                && loss < best.0
            {
                *best = (loss, self.remembered());
            }
            if stopping.stops(loss) {
                break;
            }
        }
        if let Some((_, (weights, adam))) = best {
            self.listener.change(&mut |values| values.copy_from_slice(&weights));
            self.listener_adam = adam;
        }
        Ok(steps)
    }

    /// The listener's weights and moments.
    fn remembered(&self) -> (Vec<f32>, Adam) {
        (self.listener.parameters().values().to_vec(), self.listener_adam.clone())
    }

    /// A fresh listener.
    fn renew(&mut self) {
        self.counts.resets += 1;
        self.listener.renew(&mut self.seeds.keyed("listener", [self.counts.resets]));
        self.listener_adam = Adam::new(self.listener.parameters().values().len());
    }

    /// A step of the listener alone; its loss.
    pub(super) fn listen(&mut self, train: &X) -> Result<f64> {
        let Batch { asked, .. } = self.batch(train, "listener batch", self.counts.listener_steps)?;
        let said = self.speak(asked.objects(), "listener symbols", self.counts.listener_steps);
        let (likelihoods, gradient) = self.hear(&asked, &said);
        self.update_listener(&gradient)?;
        Ok(-mean(likelihoods))
    }

    /// A game with each object of a batch, and a step of those whose turn it is.
    pub(super) fn play(&mut self, train: &X, turn: Turn) -> Result<Report> {
        if let Estimator::GumbelSoftmax(relaxation) = self.config.learning.estimator {
            return self.play_relaxed(train, turn, relaxation);
        }
        let update = self.counts.updates;
        let Batch { asked, indices } = self.batch(train, "batch", update)?;
        let said = self.speak(asked.objects(), "symbols", update);
        let (likelihoods, of_listener) = self.hear(&asked, &said);

        let LearningConfig { length_cost, baseline, .. } = self.config.learning;
        let alpha = self.config.alpha();
        let lengths: Vec<usize> = said.messages.lengths().collect();
        let mut rewards: Vec<f64> = likelihoods.iter().map(|&value| f64::from(value)).collect();
        if alpha < 1.0 {
            let scored = asked.bayes(&self.speaker, train, &indices, &said.messages);
            for (reward, best) in rewards.iter_mut().zip(&scored.log_likelihoods) {
                *reward = alpha * *reward + (1.0 - alpha) * best;
            }
        }
        rewards.iter_mut().zip(&lengths).for_each(|(reward, &length)| *reward -= length_cost * length as f64);
        let reward = rewards.iter().sum::<f64>() / rewards.len() as f64;
        let baselines = match baseline {
            BaselineKind::BatchMean => vec![reward; rewards.len()],
            BaselineKind::Learned => self.baseline.predict(asked.objects()),
        };
        let credits = credits(&rewards, &baselines, &lengths, self.config.entropy_at(update));
        let of_speaker = self.speaker.gradient(asked.objects(), &said, &credits);

        self.counts.updates += 1;
        if turn == Turn::Both {
            self.update_listener(&of_listener)?;
        }
        self.update_speaker(&of_speaker)?;
        let rate = self.config.learning.speaker_rate;
        if baseline == BaselineKind::Learned {
            let gradient = self.baseline.gradient(asked.objects(), &rewards, &baselines);
            self.baseline_adam.update(rate, 0.0, &mut self.baseline.weights, &gradient);
        }
        let symbols = lengths.iter().sum::<usize>() as f64;
        Ok(Report {
            loss: -mean(likelihoods),
            reward,
            entropy: said.entropies.iter().map(|&entropy| f64::from(entropy)).sum::<f64>() / symbols,
            length: symbols / lengths.len() as f64,
            listener_steps: 0,
        })
    }

    /// Draws a batch without putting back.
    pub(super) fn batch(&self, train: &X, name: &str, count: u64) -> Result<Batch<X::Question>> {
        let size = self.config.batch_size;
        let indices = if size == 0 || size >= train.count() {
            (0..train.count()).collect()
        } else {
            index::sample(&mut self.seeds.keyed(name, [count]), train.count(), size).into_vec()
        };
        Ok(Batch { asked: self.ask(train, &indices, name, count)?, indices })
    }

    /// Asks about objects of a part, with distractors drawn by a generator of this name and count.
    fn ask(&self, part: &X, indices: &[usize], name: &str, count: u64) -> Result<X::Question> {
        let mut rng = self.seeds.keyed(&format!("{name} distractors"), [count]);
        part.ask(indices, self.config.game.distractors(), &mut rng)
    }

    /// Asks about all objects of a part.
    pub(super) fn ask_all(&self, part: &X, name: &str, count: u64) -> Result<X::Question> {
        self.ask(part, &(0..part.count()).collect::<Vec<_>>(), name, count)
    }

    /// A message for each object, drawn with a generator of this name and count.
    fn speak(&self, objects: &X, name: &str, count: u64) -> Utterance<S::Kept> {
        let drawn = numbers(self.seeds, name, [count], objects.count() * self.speaker.channel().max_length());
        self.speaker.speak(objects, Choice::Sample(&drawn))
    }

    /// Likelihoods and the gradient of the listener, with dropout if there is any.
    fn hear(&self, asked: &X::Question, said: &Utterance<S::Kept>) -> (Vec<f32>, Vec<f32>) {
        let mask = self.mask(asked.objects().count());
        self.listener.gradient(asked, &said.messages, mask.as_deref())
    }

    /// Dropout of a step of the listener with so many messages, if there is any.
    pub(super) fn mask(&self, messages: usize) -> Option<Vec<f32>> {
        let dropout = self.config.learning.dropout as f32;
        (dropout > 0.0).then(|| {
            let len = messages * self.listener.mask_len();
            let mut mask = numbers(self.seeds, "dropout", [self.counts.listener_steps], len);
            for factor in &mut mask {
                *factor = if *factor < dropout { 0.0 } else { 1.0 / (1.0 - dropout) };
            }
            mask
        })
    }

    pub(super) fn update_speaker(&mut self, gradient: &[f32]) -> Result<()> {
        check(self.counts.updates, "speaker", gradient)?;
        let (rate, adam) = (self.config.learning.speaker_rate, &mut self.speaker_adam);
        self.speaker.change(&mut |weights| adam.update(rate, 0.0, weights, gradient));
        Ok(())
    }

    pub(super) fn update_listener(&mut self, gradient: &[f32]) -> Result<()> {
        check(self.counts.updates, "listener", gradient)?;
        let LearningConfig { listener_rate, weight_decay, .. } = self.config.learning;
        let adam = &mut self.listener_adam;
        self.listener.change(&mut |weights| adam.update(listener_rate, weight_decay, weights, gradient));
        self.counts.listener_steps += 1;
        Ok(())
    }
}

/// Numbers from 0 to 1 of a named generator.
pub(super) fn numbers<const N: usize>(seeds: Seeds, name: &str, counters: [u64; N], len: usize) -> Vec<f32> {
    let mut rng = seeds.keyed(name, counters);
    (0..len).map(|_| rng.random()).collect()
}

pub(super) fn mean(values: Vec<f32>) -> f64 {
    values.iter().map(|&value| f64::from(value)).sum::<f64>() / values.len() as f64
}

/// That a gradient is made of numbers.
pub(super) fn check(update: u64, agent: &'static str, gradient: &[f32]) -> Result<()> {
    let norm: f64 = gradient.iter().map(|&value| f64::from(value).powi(2)).sum();
    if norm.is_finite() { Ok(()) } else { Err(Error::Diverged { update, agent }) }
}
