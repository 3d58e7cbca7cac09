//! An update through mixtures of symbols: the listener's loss has a gradient that goes through what was said and on into the speaker.

use serde::{Deserialize, Serialize};

use super::played::{Played, Question};
use super::population::Pair;
use super::step::{Batch, Learner, Report, Turn};
use crate::agents::{Listener, Relaxation, RelaxedHearing, RelaxedMessages, Speaker, gumbel_noise};
use crate::{Error, Result};

/// How the speaker's gradient is estimated.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "kebab-case", deny_unknown_fields)]
pub enum Estimator {
    /// Symbols are drawn, and what they earned is the reward of their log-probability.
    #[default]
    Reinforce,
    /// Symbols are mixtures, and the listener's loss is differentiated through them.
    GumbelSoftmax(Relaxation),
}

/// A loss of relaxed messages.
#[derive(Clone, Debug)]
pub struct RelaxedLoss {
    /// The mean of `Σ w_t L_t`, in nats.
    pub loss: f64,
    /// The mean of `Σ w_t (t + 1)`, positions counted from 0.
    pub length: f64,
    /// The gradient of the loss and of `length_cost` times the length by the mixtures, `[N, T, V]`.
    pub of_symbols: Vec<f32>,
}

/// The loss `(1/N) Σ Σ_t w_t (L_t + length_cost · (t + 1))` of what a listener made of relaxed messages: through its losses and through the
/// weights, which say where messages end.
pub fn relaxed_loss(messages: &RelaxedMessages, heard: &RelaxedHearing, length_cost: f64) -> RelaxedLoss {
    let (steps, count) = (messages.max_length(), messages.count() as f64);
    let (mut loss, mut length) = (0.0, 0.0);
    let mut of_weights = Vec::with_capacity(heard.losses.len());
    for (at, (&weight, &of_symbol)) in messages.weights().iter().zip(&heard.losses).enumerate() {
        let (weight, of_symbol, symbols) = (f64::from(weight), f64::from(of_symbol), (at % steps + 1) as f64);
        loss += weight * of_symbol / count;
        length += weight * symbols / count;
        of_weights.push(((of_symbol + length_cost * symbols) / count) as f32);
    }
    let mut of_symbols = heard.of_symbols.clone();
    messages.weights_back(&of_weights, &mut of_symbols);
    RelaxedLoss { loss, length, of_symbols }
}

impl<S: Speaker<X>, L: Listener<X::Question>, X: Played> Learner<S, L, X> {
    /// [`Self::play`] with mixtures.
    pub(super) fn play_relaxed(
        &mut self,
        train: &X,
        pair: Pair,
        turn: Turn,
        relaxation: Relaxation,
    ) -> Result<Report> {
        let update = self.counts.updates;
        let Batch { asked, .. } = self.batch(train, "batch", update)?;
        let count = asked.objects().count();
        let agents = (&self.speakers[pair.speaker].agent, &self.listeners[pair.listener].agent);
        let (Some(speaker), Some(listener)) = (agents.0.relaxed(), agents.1.relaxed()) else {
            return Err(Error::Setting {
                name: "learning.estimator",
                value: "gumbel-softmax".to_owned(),
                expected: "reinforce: one of the agents knows no mixtures of symbols".to_owned(),
            });
        };
        let channel = agents.0.channel();
        let numbers = count * channel.max_length() * channel.vocab_size() as usize;
        let noise = gumbel_noise(numbers, &mut self.seeds.keyed("symbols", [update]));
        let mask = self.mask(pair.listener, count, turn);
        let length_cost = self.config.learning.length_cost;
        let mut learnt = None;
        let mut hear = |messages: &RelaxedMessages| {
            let heard = listener.relaxed_gradient(&asked, messages, mask.as_deref());
            let RelaxedLoss { loss, length, of_symbols } = relaxed_loss(messages, &heard, length_cost);
            learnt = Some((heard.gradient, loss, length));
            of_symbols
        };
        let learning = (relaxation, self.config.entropy_at(update));
        let of_speaker = speaker.relaxed_gradient(asked.objects(), &noise, learning, &mut hear);
        let (of_listener, loss, length) = learnt.expect("the speaker was heard");
        self.counts.updates += 1;
        if turn == Turn::Both {
            self.update_listener(pair.listener, &of_listener)?;
            self.listeners[pair.listener].updates += 1;
        }
        self.update_speaker(pair.speaker, &of_speaker.gradient)?;
        let reward = -loss - length_cost * length;
        Ok(Report { loss, reward, entropy: of_speaker.entropy, length, ..Report::default() })
    }
}
