//! One update of a speaker and a listener, and the listener's own steps before it.

use std::marker::PhantomData;

use autodidact_experiment::rng::Seeds;
use rand::RngExt;
use rand::seq::index;

use super::adam::Adam;
use super::config::{BaselineKind, LearningConfig, TrainConfig};
use super::imitation::Generation;
use super::loss::{LinearBaseline, credits};
use super::played::{Played, Question};
use super::population::{ListenerState, Pair, SpeakerState};
use super::regime::{EarlyStopped, Regime, Retrained, Stopping};
use super::relaxed::Estimator;
use crate::agents::{
    Choice, FeatureEncoder, Listener, RecurrentDiscriminator, RecurrentListener, RecurrentSpeaker, Speaker,
    Utterance,
};
use crate::game::{Lineups, Split};
use crate::{Error, Features, Messages, Objects, Result};

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
    /// Steps that listeners made alone before.
    pub listener_steps: u64,
    /// Who played.
    pub pair: Pair,
    /// The generation that began with this update, if one did.
    pub generation: Option<Generation>,
}

/// Speakers and listeners that learn, one of each unless the configuration has a population, with all that an update needs and changes. `X` is
/// the table of the game's objects.
#[derive(Clone, Debug)]
pub struct Learner<S, L, X = Objects> {
    pub(super) config: TrainConfig,
    pub(super) seeds: Seeds,
    pub(super) speakers: Vec<SpeakerState<S>>,
    pub(super) listeners: Vec<ListenerState<L>>,
    pub(super) counts: Counts,
    of: PhantomData<fn(&X)>,
}

/// What was done so far; all that is drawn follows from the seed and from these.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct Counts {
    /// Updates, each of one speaker.
    pub updates: u64,
    /// Steps of listeners, in updates and alone.
    pub listener_steps: u64,
    /// Listeners that were thrown away.
    pub resets: u64,
    /// Speakers of a population that were thrown away for a fresh one.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub speaker_resets: u64,
    /// Generations of iterated learning that came after the first.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub generations: u64,
}

/// What never happens leaves no trace in a file.
#[allow(clippy::trivially_copy_pass_by_ref, reason = "serde gives a reference")]
fn is_zero(count: &u64) -> bool {
    *count == 0
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
    /// Agents that have not learnt yet. These are the first ones; further ones of a population are like them, with weights of their own.
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
    /// Agents for vectors of `width` features that have not learnt yet. These are the first ones; further ones of a population are like
    /// them, with weights of their own.
    pub fn of_features(config: &TrainConfig, width: usize, speaker: S, listener: L) -> Self {
        Self::with(config, speaker, listener, LinearBaseline::of_features(width))
    }
}

impl<X: Played, S: Speaker<X>, L: Listener<X::Question>> Learner<S, L, X> {
    fn with(config: &TrainConfig, speaker: S, listener: L, baseline: LinearBaseline) -> Self {
        let seeds = Seeds::new(config.seed);
        let speakers = (0..config.population.speakers).map(|number| {
            let mut agent = speaker.clone();
            if number > 0 {
                agent.renew(&mut seeds.keyed("population speaker", [number as u64]));
            }
            SpeakerState::new::<X>(agent, baseline.clone())
        });
        let listeners = (0..config.population.listeners).map(|number| {
            let mut agent = listener.clone();
            if number > 0 {
                agent.renew(&mut seeds.keyed("population listener", [number as u64]));
            }
            ListenerState::new::<X::Question>(agent)
        });
        Self {
            seeds,
            speakers: speakers.collect(),
            listeners: listeners.collect(),
            counts: Counts::default(),
            config: config.clone(),
            of: PhantomData,
        }
    }

    /// The speaker; the first one of a population.
    pub fn speaker(&self) -> &S {
        &self.speakers[0].agent
    }

    /// The listener; the first one of a population.
    pub fn listener(&self) -> &L {
        &self.listeners[0].agent
    }

    /// All speakers.
    pub fn speakers(&self) -> impl ExactSizeIterator<Item = &S> {
        self.speakers.iter().map(|speaker| &speaker.agent)
    }

    /// All listeners.
    pub fn listeners(&self) -> impl ExactSizeIterator<Item = &L> {
        self.listeners.iter().map(|listener| &listener.agent)
    }

    /// What was done so far.
    pub fn counts(&self) -> Counts {
        self.counts
    }

    /// An update: fresh agents and a new generation if it is time for them, what the regime does to the listener of the pair whose turn it
    /// is, then a game of the two with each object of a batch, and a step of both.
    ///
    /// # Errors
    /// [`Error::Diverged`] if a loss or a gradient is no number, and the agents are then useless; [`Error::Distractors`] if a part has
    /// too few objects.
    pub fn step(&mut self, split: &Split<X>) -> Result<Report> {
        self.replace();
        let steps = self.counts.listener_steps;
        let generation = self.next_generation(&split.train)?;
        let pair = self.config.population.pair(self.counts.updates, self.seeds);
        self.follow(split, pair)?;
        let alone = self.counts.listener_steps - steps;
        let report = self.play(&split.train, pair, Turn::Both)?;
        Ok(Report { listener_steps: alone, generation, ..report })
    }

    /// What the regime does to the listener of a pair before an update. Its own updates count, not those of others.
    fn follow(&mut self, split: &Split<X>, pair: Pair) -> Result<()> {
        let made = self.listeners[pair.listener].updates;
        let is_due = |every: usize| made.is_multiple_of(every as u64);
        match self.config.regime {
            Regime::Partial(partial) => self.listen_for(&split.train, pair, partial.alone(made)),
            Regime::Reset(reset) if made > 0 && is_due(reset.every) => {
                self.renew(pair.listener);
                Ok(())
            }
            Regime::EarlyStopped(stopped) if is_due(stopped.joint_updates) => {
                if self.seeds.keyed("reset", [self.counts.updates]).random::<f64>() < stopped.reset {
                    self.renew(pair.listener);
                }
                self.listen_while_better(split, pair, &stopped)
            }
            Regime::Retrained(retrained) if is_due(retrained.joint_updates) => {
                self.renew(pair.listener);
                self.listen_until(split, pair, &retrained)
            }
            _ => Ok(()),
        }
    }

    fn listen_for(&mut self, train: &X, pair: Pair, steps: usize) -> Result<()> {
        for _ in 0..steps {
            self.listen(train, pair)?;
        }
        Ok(())
    }

    /// Steps of the listener until a rule says stop by its own loss.
    fn listen_until(&mut self, split: &Split<X>, pair: Pair, retrained: &Retrained) -> Result<()> {
        let mut stopping = Stopping::new(retrained.rule);
        for _ in 0..retrained.max_steps {
            if stopping.stops(self.listen(&split.train, pair)?) {
                break;
            }
        }
        Ok(())
    }

    /// Steps of the listener until a rule says stop by the loss on the validation part: on one message for each of its objects, the
    /// same ones at every step, so that losses differ by what was learnt.
    fn listen_while_better(&mut self, split: &Split<X>, pair: Pair, stopped: &EarlyStopped) -> Result<()> {
        let asked = self.ask_all(&split.validation, "validation", self.counts.listener_steps)?;
        let (_, received) =
            self.speak(pair.speaker, asked.objects(), "validation", self.counts.listener_steps)?;
        let loss = |of: &ListenerState<L>| -mean(of.agent.log_likelihood(&asked, &received));
        let mut stopping = Stopping::new(stopped.rule);
        let mut best = stopped.keeps_best.then(|| {
            let listener = &self.listeners[pair.listener];
            (loss(listener), listener.remembered::<X::Question>())
        });
        for _ in 0..stopped.max_steps {
            self.listen(&split.train, pair)?;
            let listener = &self.listeners[pair.listener];
            let loss = loss(listener);
            if let Some(best) = &mut best
                && loss < best.0
            {
                *best = (loss, listener.remembered::<X::Question>());
            }
            if stopping.stops(loss) {
                break;
            }
        }
        if let Some((_, (weights, adam))) = best {
            let listener = &mut self.listeners[pair.listener];
            listener.agent.change(&mut |values| values.copy_from_slice(&weights));
            listener.adam = adam;
        }
        Ok(())
    }

    /// A fresh listener in the place of this one.
    pub(super) fn renew(&mut self, listener: usize) {
        self.counts.resets += 1;
        let listener = &mut self.listeners[listener];
        listener.agent.renew(&mut self.seeds.keyed("listener", [self.counts.resets]));
        listener.adam = Adam::new(listener.agent.parameters().values().len());
    }

    /// A step of a pair's listener alone; its loss.
    pub(super) fn listen(&mut self, train: &X, pair: Pair) -> Result<f64> {
        let Batch { asked, .. } = self.batch(train, "listener batch", self.counts.listener_steps)?;
        let (_, received) =
            self.speak(pair.speaker, asked.objects(), "listener symbols", self.counts.listener_steps)?;
        let mask = self.mask(pair.listener, asked.objects().count(), Turn::Both);
        let listener = &self.listeners[pair.listener].agent;
        let (likelihoods, gradient) = listener.gradient(&asked, &received, mask.as_deref());
        self.update_listener(pair.listener, &gradient)?;
        Ok(-mean(likelihoods))
    }

    /// A game of a pair with each object of a batch, and a step of those whose turn it is.
    pub(super) fn play(&mut self, train: &X, pair: Pair, turn: Turn) -> Result<Report> {
        if let Estimator::GumbelSoftmax(relaxation) = self.config.learning.estimator {
            return self.play_relaxed(train, pair, turn, relaxation);
        }
        let update = self.counts.updates;
        let Batch { asked, indices } = self.batch(train, "batch", update)?;
        let (said, received) = self.speak(pair.speaker, asked.objects(), "symbols", update)?;
        let mask = self.mask(pair.listener, asked.objects().count(), turn);
        let listener = &self.listeners[pair.listener].agent;
        let (likelihoods, of_listener) = listener.gradient(&asked, &received, mask.as_deref());
        let speaker = &self.speakers[pair.speaker];

        let LearningConfig { length_cost, baseline, .. } = self.config.learning;
        let alpha = self.config.alpha();
        let lengths: Vec<usize> = said.messages.lengths().collect();
        let mut rewards: Vec<f64> = likelihoods.iter().map(|&value| f64::from(value)).collect();
        if alpha < 1.0 {
            let scored = asked.bayes(&speaker.agent, train, &indices, &said.messages);
            for (reward, best) in rewards.iter_mut().zip(&scored.log_likelihoods) {
                *reward = alpha * *reward + (1.0 - alpha) * best;
            }
        }
        rewards.iter_mut().zip(&lengths).for_each(|(reward, &length)| *reward -= length_cost * length as f64);
        let reward = rewards.iter().sum::<f64>() / rewards.len() as f64;
        let baselines = match baseline {
            BaselineKind::BatchMean => vec![reward; rewards.len()],
            BaselineKind::Learned => speaker.baseline.predict(asked.objects()),
        };
        let credits = credits(&rewards, &baselines, &lengths, self.config.entropy_at(update));
        let of_speaker = speaker.agent.gradient(asked.objects(), &said, &credits);

        self.counts.updates += 1;
        if turn == Turn::Both {
            self.update_listener(pair.listener, &of_listener)?;
            self.listeners[pair.listener].updates += 1;
        }
        self.update_speaker(pair.speaker, &of_speaker)?;
        let rate = self.config.learning.speaker_rate;
        let SpeakerState { baseline: learnt, baseline_adam, .. } = &mut self.speakers[pair.speaker];
        if baseline == BaselineKind::Learned {
            let gradient = learnt.gradient(asked.objects(), &rewards, &baselines);
            baseline_adam.update(rate, 0.0, &mut learnt.weights, &gradient);
        }
        let symbols = lengths.iter().sum::<usize>() as f64;
        Ok(Report {
            loss: -mean(likelihoods),
            reward,
            entropy: said.entropies.iter().map(|&entropy| f64::from(entropy)).sum::<f64>() / symbols,
            length: symbols / lengths.len() as f64,
            pair,
            ..Report::default()
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

    /// A message for each object, drawn with a generator of this name and count, and what arrives of it.
    fn speak(
        &self,
        speaker: usize,
        objects: &X,
        name: &str,
        count: u64,
    ) -> Result<(Utterance<S::Kept>, Messages)> {
        let speaker = &self.speakers[speaker].agent;
        let channel = speaker.channel();
        let drawn = numbers(self.seeds, name, [count], objects.count() * channel.max_length());
        let said = speaker.speak(objects, Choice::Sample(&drawn));
        let mut rng = self.seeds.keyed(&format!("{name} noise"), [count]);
        let received = channel.transmit(&said.messages, self.config.channel.noise, &mut rng)?;
        Ok((said, received))
    }

    /// Dropout of a step of a listener with so many messages, if there is any. There is none if the listener does not learn.
    pub(super) fn mask(&self, listener: usize, messages: usize, turn: Turn) -> Option<Vec<f32>> {
        let dropout = self.config.learning.dropout as f32;
        (dropout > 0.0 && turn == Turn::Both).then(|| {
            let len = messages * self.listeners[listener].agent.mask_len();
            let mut mask = numbers(self.seeds, "dropout", [self.counts.listener_steps], len);
            for factor in &mut mask {
                *factor = if *factor < dropout { 0.0 } else { 1.0 / (1.0 - dropout) };
            }
            mask
        })
    }

    pub(super) fn update_speaker(&mut self, speaker: usize, gradient: &[f32]) -> Result<()> {
        check(self.counts.updates, "speaker", gradient)?;
        let rate = self.config.learning.speaker_rate;
        let SpeakerState { agent, adam, .. } = &mut self.speakers[speaker];
        agent.change(&mut |weights| adam.update(rate, 0.0, weights, gradient));
        Ok(())
    }

    pub(super) fn update_listener(&mut self, listener: usize, gradient: &[f32]) -> Result<()> {
        check(self.counts.updates, "listener", gradient)?;
        let LearningConfig { listener_rate, weight_decay, .. } = self.config.learning;
        let ListenerState { agent, adam, .. } = &mut self.listeners[listener];
        agent.change(&mut |weights| adam.update(listener_rate, weight_decay, weights, gradient));
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
