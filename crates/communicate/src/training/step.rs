//! One update of speaker and listener, and the listener's own steps before it.

use autodidact_experiment::rng::Seeds;
use rand::RngExt;
use rand::seq::index;

use super::adam::Adam;
use super::config::{BaselineKind, LearningConfig, TrainConfig};
use super::loss::{LinearBaseline, credits};
use super::regime::{Regime, StopRule, Stopping};
use crate::agents::{Choice, Listener, RecurrentListener, RecurrentSpeaker, Speaker, Utterance};
use crate::decomposition::bayes_scores;
use crate::game::Split;
use crate::{Error, Objects, Result};

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

/// A speaker and a listener that learn, with all that an update needs and changes.
#[derive(Clone, Debug)]
pub struct Learner<S, L> {
    config: TrainConfig,
    seeds: Seeds,
    pub(super) speaker: S,
    pub(super) listener: L,
    pub(super) speaker_adam: Adam,
    pub(super) listener_adam: Adam,
    pub(super) baseline: LinearBaseline,
    pub(super) baseline_adam: Adam,
    pub(super) counts: Counts,
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
struct Batch {
    objects: Objects,
    /// Their numbers in the part that trains.
    indices: Vec<usize>,
}

impl Learner<RecurrentSpeaker, RecurrentListener> {
    /// Recurrent agents as the configuration says.
    ///
    /// # Errors
    /// [`Error::Setting`] if it is out of range.
    pub fn recurrent(config: &TrainConfig) -> Result<Self> {
        config.validate()?;
        let (space, channel, seeds) = (config.space()?, config.channel()?, Seeds::new(config.seed));
        let speaker = RecurrentSpeaker::new(&config.speaker, &space, channel, &mut seeds.stream("speaker"));
        let listener =
            RecurrentListener::new(&config.listener, &space, channel, &mut seeds.stream("listener"));
        Ok(Self::new(config, speaker, listener))
    }
}

impl<S: Speaker, L: Listener> Learner<S, L> {
    /// Agents that have not learnt yet.
    pub fn new(config: &TrainConfig, speaker: S, listener: L) -> Self {
        let baseline = LinearBaseline::new(&vec![config.game.values; config.game.attributes]);
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
    /// [`Error::Diverged`] if a loss or a gradient is no number. The agents are then useless.
    pub fn step(&mut self, split: &Split) -> Result<Report> {
        let alone = self.follow(split)?;
        let mut report = self.play(&split.train, Turn::Both)?;
        report.listener_steps = alone;
        Ok(report)
    }

    /// What the regime does to the listener before an update; how many steps that were.
    fn follow(&mut self, split: &Split) -> Result<u64> {
        let update = self.counts.updates;
        let is_due = |every: usize| update.is_multiple_of(every as u64);
        match self.config.regime {
            Regime::Partial(partial) => self.listen_for(split, partial.steps - 1),
            Regime::Reset(reset) if update > 0 && is_due(reset.every) => {
                self.renew();
                Ok(0)
            }
            Regime::EarlyStopped(stopped) if is_due(stopped.joint_updates) => {
                if self.seeds.keyed("reset", [update]).random::<f64>() < stopped.reset {
                    self.renew();
                }
                self.listen_until(split, stopped.rule, stopped.max_steps, true)
            }
            Regime::Retrained(retrained) if is_due(retrained.joint_updates) => {
                self.renew();
                self.listen_until(split, retrained.rule, retrained.max_steps, false)
            }
            _ => Ok(0),
        }
    }

    fn listen_for(&mut self, split: &Split, steps: usize) -> Result<u64> {
        for _ in 0..steps {
            self.listen(&split.train)?;
        }
        Ok(steps as u64)
    }

    /// Steps of the listener until a rule says stop, by the loss on the validation part or by its own.
    fn listen_until(
        &mut self,
        split: &Split,
        rule: StopRule,
        max_steps: usize,
        validate: bool,
    ) -> Result<u64> {
        let mut stopping = Stopping::new(rule);
        for step in 1..=max_steps as u64 {
            let mut loss = self.listen(&split.train)?;
            if validate {
                let said = self.speak(&split.validation, "validation", self.counts.listener_steps);
                loss = -mean(self.listener.log_likelihood(&split.validation, &said.messages));
            }
            if stopping.stops(loss) {
                return Ok(step);
            }
        }
        Ok(max_steps as u64)
    }

    /// A fresh listener.
    fn renew(&mut self) {
        self.counts.resets += 1;
        self.listener.renew(&mut self.seeds.keyed("listener", [self.counts.resets]));
        self.listener_adam = Adam::new(self.listener.parameters().values().len());
    }

    /// A step of the listener alone; its loss.
    pub(super) fn listen(&mut self, train: &Objects) -> Result<f64> {
        let batch = self.batch(train, "listener batch", self.counts.listener_steps);
        let said = self.speak(&batch.objects, "listener symbols", self.counts.listener_steps);
        let (likelihoods, gradient) = self.hear(&batch.objects, &said);
        self.update_listener(&gradient)?;
        Ok(-mean(likelihoods))
    }

    /// A game with each object of a batch, and a step of those whose turn it is.
    pub(super) fn play(&mut self, train: &Objects, turn: Turn) -> Result<Report> {
        let update = self.counts.updates;
        let batch = self.batch(train, "batch", update);
        let said = self.speak(&batch.objects, "symbols", update);
        let (likelihoods, of_listener) = self.hear(&batch.objects, &said);

        let LearningConfig { length_cost, baseline, .. } = self.config.learning;
        let alpha = self.config.alpha();
        let lengths: Vec<usize> = said.messages.lengths().collect();
        let mut rewards: Vec<f64> = likelihoods.iter().map(|&value| f64::from(value)).collect();
        if alpha < 1.0 {
            let scored = bayes_scores(&self.speaker, train, &batch.indices, &said.messages);
            for (reward, best) in rewards.iter_mut().zip(&scored.log_likelihoods) {
                *reward = alpha * *reward + (1.0 - alpha) * best;
            }
        }
        rewards.iter_mut().zip(&lengths).for_each(|(reward, &length)| *reward -= length_cost * length as f64);
        let reward = rewards.iter().sum::<f64>() / rewards.len() as f64;
        let baselines = match baseline {
            BaselineKind::BatchMean => vec![reward; rewards.len()],
            BaselineKind::Learned => self.baseline.predict(&batch.objects),
        };
        let credits = credits(&rewards, &baselines, &lengths, self.config.entropy_at(update));
        let of_speaker = self.speaker.gradient(&batch.objects, &said, &credits);

        self.counts.updates += 1;
        if turn == Turn::Both {
            self.update_listener(&of_listener)?;
        }
        let rate = self.config.learning.speaker_rate;
        check(self.counts.updates, "speaker", &of_speaker)?;
        let adam = &mut self.speaker_adam;
        self.speaker.change(&mut |weights| adam.update(rate, 0.0, weights, &of_speaker));
        if baseline == BaselineKind::Learned {
            let gradient = self.baseline.gradient(&batch.objects, &rewards, &baselines);
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
    fn batch(&self, train: &Objects, name: &str, count: u64) -> Batch {
        let size = self.config.batch_size;
        if size == 0 || size >= train.count() {
            return Batch { objects: train.clone(), indices: (0..train.count()).collect() };
        }
        let indices = index::sample(&mut self.seeds.keyed(name, [count]), train.count(), size).into_vec();
        Batch { objects: train.select(&indices).expect("a batch has objects"), indices }
    }

    /// A message for each object, drawn with a generator of this name and count.
    fn speak(&self, objects: &Objects, name: &str, count: u64) -> Utterance<S::Kept> {
        let drawn = numbers(self.seeds, name, [count], objects.count() * self.speaker.channel().max_length());
        self.speaker.speak(objects, Choice::Sample(&drawn))
    }

    /// Likelihoods and the gradient of the listener, with dropout if there is any.
    fn hear(&self, objects: &Objects, said: &Utterance<S::Kept>) -> (Vec<f32>, Vec<f32>) {
        let dropout = self.config.learning.dropout as f32;
        let mask = (dropout > 0.0).then(|| {
            let len = objects.count() * self.listener.mask_len();
            let mut mask = numbers(self.seeds, "dropout", [self.counts.listener_steps], len);
            for factor in &mut mask {
                *factor = if *factor < dropout { 0.0 } else { 1.0 / (1.0 - dropout) };
            }
            mask
        });
        self.listener.gradient(objects, &said.messages, mask.as_deref())
    }

    fn update_listener(&mut self, gradient: &[f32]) -> Result<()> {
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
