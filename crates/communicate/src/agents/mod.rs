//! Speakers and listeners that are networks.
//!
//! Learning knows them by two traits, [`Speaker`] and [`Listener`]: arrays of numbers go in and out, and gradients are one flat array in
//! the order of the [`Parameters`], so that an agent may be made of whatever it likes. Here are networks, an LSTM, a GRU or a transformer, written
//! by hand on crate `kernels`: a batch is cut into slices, and each thread takes a slice through all steps of a message while its
//! states are in the caches. What carries an agent through a message is its body; encoders and heads are the same for all. Networks can
//! also say and read mixtures of symbols ([`RelaxedSpeaker`], [`RelaxedListener`]), through which a loss has a gradient. In front of them
//! may stand an encoder that learns with them ([`SeeingSpeaker`], [`SeeingDiscriminator`]), for instance of pictures.
//!
//! ```
//! use autodidact_communicate::agents::{AgentConfig, Choice, Listener, RecurrentListener, RecurrentSpeaker, Speaker};
//! use autodidact_communicate::game::{Channel, ProductSpace};
//! use rand::SeedableRng;
//!
//! let space = ProductSpace::uniform(2, 3)?;
//! let channel = Channel::new(4, 3)?;
//! let config = AgentConfig { hidden: 16, embedding: 8, ..AgentConfig::default() };
//! let mut rng = rand_chacha::ChaCha8Rng::seed_from_u64(1);
//! let speaker = RecurrentSpeaker::new(&config, &space, channel, &mut rng);
//! let listener = RecurrentListener::new(&config, &space, channel, &mut rng);
//!
//! let objects = space.objects(9)?;
//! let said = speaker.speak(&objects, Choice::Greedy);
//! // Untrained, and so about as good as a guess: −2 log 3.
//! let likelihood = listener.log_likelihood(&objects, &said.messages);
//! assert!(likelihood.iter().all(|&log_likelihood| log_likelihood < 0.0));
//! # Ok::<(), autodidact_communicate::Error>(())
//! ```

mod attention;
mod body;
mod cell;
mod config;
mod cut;
mod dense;
mod discriminator;
mod distribution;
mod encoder;
mod forest;
mod listener;
mod mixed;
mod parameters;
mod prefixes;
mod reader;
mod recurrent;
mod relaxed;
mod seeing;
mod slices;
mod speaker;
mod tabular;
mod transformer;

pub use config::{AgentConfig, AgentNames, CellKind, TransformerConfig};
pub use discriminator::{NetworkDiscriminator, RecurrentDiscriminator};
pub use encoder::{AttributeEncoder, FeatureEncoder};
pub use listener::{NetworkListener, RecurrentListener};
pub use parameters::{Entry, Parameters};
pub use relaxed::{
    Relaxation, RelaxedGradient, RelaxedHearing, RelaxedListener, RelaxedMessages, RelaxedSpeaker,
    gumbel_noise,
};
pub use seeing::{ObservationEncoder, SeeingDiscriminator, SeeingKept, SeeingSpeaker};
pub use speaker::{NetworkSpeaker, RecurrentSpeaker};
pub use tabular::TabularListener;

use std::ops::Range;

use autodidact_experiment::rng::Stream;

use crate::game::Channel;
use crate::{Messages, Objects};

/// How symbols are chosen.
#[derive(Clone, Copy, Debug)]
pub enum Choice<'a> {
    /// Drawn from the speaker's distribution: the first symbol whose cumulated probability is above the number, of which there is one in
    /// 0…1 for each object and position, `[N, T]`.
    Sample(&'a [f32]),
    /// The most likely symbol.
    Greedy,
    /// The symbols of these messages, one for each object: to know how likely the speaker says them, and to learn to say them.
    Given(&'a Messages),
}

/// What a speaker said of some objects, and what it kept to learn from it.
#[derive(Debug)]
pub struct Utterance<Kept> {
    /// The messages.
    pub messages: Messages,
    /// `log π(m|x) = Σ_t log π(m_t)` up to the end, for each object.
    pub log_probs: Vec<f32>,
    /// `Σ_t H_t`, the entropies of the symbols' distributions up to the end, in nats, for each object.
    pub entropies: Vec<f32>,
    pub(crate) kept: Kept,
}

/// What a loss gains by what was said of an object: its slopes.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Credit {
    /// ∂ loss / ∂ log π(m|x).
    pub log_prob: f32,
    /// ∂ loss / ∂ `Σ_t H_t`.
    pub entropy: f32,
}

/// Who sees an object and sends a message. `X` is a table of objects.
pub trait Speaker<X = Objects>: Clone + Sync {
    /// What is kept of an utterance for its gradient.
    type Kept: Send;

    /// The channel it speaks through.
    fn channel(&self) -> Channel;

    /// Its numbers.
    fn parameters(&self) -> &Parameters;

    /// Changes its numbers.
    fn change(&mut self, change: &mut dyn FnMut(&mut [f32]));

    /// A message for each object.
    ///
    /// # Panics
    /// If an attribute has a value that the speaker does not know, or if messages that are given do not fit the [`Self::channel`] or are
    /// not as many as objects.
    fn speak(&self, objects: &X, choice: Choice<'_>) -> Utterance<Self::Kept>;

    /// The gradient of a loss with these slopes, one for each object of the utterance; the messages are taken as given.
    fn gradient(&self, objects: &X, said: &Utterance<Self::Kept>, credits: &[Credit]) -> Vec<f32>;

    /// log π(m|x) of all messages for all objects, some objects at a time: `each` gets which, and a row of scores for each of them.
    /// Several threads call it.
    ///
    /// # Panics
    /// If a message does not fit the [`Self::channel`].
    fn score(&self, objects: &X, messages: &Messages, each: &(dyn Fn(Range<usize>, &[f64]) + Sync));

    /// Begins anew, with other weights.
    fn renew(&mut self, rng: &mut Stream);

    /// The same speaker as one that says mixtures of symbols, if it can.
    fn relaxed(&self) -> Option<&dyn RelaxedSpeaker<X>> {
        None
    }
}

/// Who reads a message and tells the object. `Q` is what it is asked: for objects of attributes these themselves, for others the
/// [`Lineups`](crate::game::Lineups) in which they are to be found.
pub trait Listener<Q = Objects>: Clone + Sync {
    /// Its numbers.
    fn parameters(&self) -> &Parameters;

    /// Changes its numbers.
    fn change(&mut self, change: &mut dyn FnMut(&mut [f32]));

    /// Numbers for each message that [`Self::gradient`] multiplies with a mask: what the listener made of the message last.
    fn mask_len(&self) -> usize;

    /// log ρ(x|m) of each object and its message.
    fn log_likelihood(&self, asked: &Q, messages: &Messages) -> Vec<f32>;

    /// [`Self::log_likelihood`], and the gradient of the mean of its negative. Dropout is a mask `[N, mask_len]` of factors.
    fn gradient(&self, asked: &Q, messages: &Messages, mask: Option<&[f32]>) -> (Vec<f32>, Vec<f32>);

    /// Begins anew, with other weights.
    fn renew(&mut self, rng: &mut Stream);

    /// How much of each object is told by the most likely answer: the number of attributes, or 1 if it is found among the candidates.
    fn right(&self, asked: &Q, messages: &Messages) -> Vec<usize>;

    /// The same listener as one that reads mixtures of symbols, if it can.
    fn relaxed(&self) -> Option<&dyn RelaxedListener<Q>> {
        None
    }
}
