//! Messages whose symbols are mixtures, through which a listener's loss has a gradient: the Gumbel-softmax.
//!
//! ```text
//! y_t = softmax((logits_t + g_t) / τ)        g = −log(−log u), u uniform in 0…1
//! n_0 = 1, n_t+1 = n_t (1 − y_t[END])        the share of the message that goes on after symbol t
//! w_t = y_t[END] n_t, and n_T−1 for the last symbol; Σ w_t = 1
//! L   = Σ w_t L_t                            L_t: the listener's loss after symbol t
//! ```
//!
//! Jang et al. 2017 and Maddison et al. 2017; the weights are those of EGG's Gumbel-softmax games (Kharitonov et al. 2019), but that a message of T symbols
//! without an end is not given one more symbol.

use rand::{Rng, RngExt};
use serde::{Deserialize, Serialize};

use crate::END;

/// How symbols are relaxed.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Relaxation {
    /// τ: mixtures are nearly symbols if it is small, and their gradients noisy.
    pub temperature: f64,
    /// Whether what is said, to the listener and to the speaker itself, is the largest symbol of a mixture, while the gradient is that of
    /// the mixture. Agents that learn by mixtures may agree on shares that no symbol has, and then do not understand the symbols.
    pub straight_through: bool,
}

impl Default for Relaxation {
    fn default() -> Self {
        Self { temperature: 1.0, straight_through: true }
    }
}

impl Relaxation {
    /// The mixture of a symbol, from logits and noise, and what is said of it.
    pub(super) fn relax(&self, logits: &[f32], noise: &[f32], mixture: &mut [f32], said: &mut [f32]) {
        let temperature = self.temperature as f32;
        for ((mixture, logit), noise) in mixture.iter_mut().zip(logits).zip(noise) {
            *mixture = (logit + noise) / temperature;
        }
        let largest = mixture.iter().copied().fold(f32::NEG_INFINITY, f32::max);
        for value in &mut *mixture {
            *value = (*value - largest).exp();
        }
        let sum: f32 = mixture.iter().sum();
        for value in &mut *mixture {
            *value /= sum;
        }
        if self.straight_through {
            let best = mixture.iter().enumerate().max_by(|a, b| a.1.total_cmp(b.1).then(b.0.cmp(&a.0)));
            said.fill(0.0);
            said[best.map_or(0, |(symbol, _)| symbol)] = 1.0;
        } else {
            said.copy_from_slice(mixture);
        }
    }

    /// Adds the gradient of the logits, given that of what is said: `y (∂y − Σ y ∂y) / τ`.
    pub(super) fn back(&self, mixture: &[f32], of_said: &[f32], gradient: &mut [f32]) {
        let mean: f32 = mixture.iter().zip(of_said).map(|(y, slope)| y * slope).sum();
        for ((gradient, y), slope) in gradient.iter_mut().zip(mixture).zip(of_said) {
            *gradient += y * (slope - mean) / self.temperature as f32;
        }
    }
}

/// Numbers of a standard Gumbel distribution.
pub fn gumbel_noise(len: usize, rng: &mut impl Rng) -> Vec<f32> {
    let uniform = |number: f32| f64::from(number) + f64::from(f32::EPSILON) / 4.0; // neither 0 nor 1
    (0..len).map(|_| -(-uniform(rng.random()).ln()).ln() as f32).collect()
}

/// N messages of T mixtures of V symbols, `[N, T, V]`.
#[derive(Clone, Debug, PartialEq)]
pub struct RelaxedMessages {
    max_length: usize,
    vocab_size: usize,
    values: Vec<f32>,
}

impl RelaxedMessages {
    /// Of mixtures `[N, T, V]`; `size` is `[T, V]`.
    ///
    /// # Panics
    /// If they make up no messages of this size.
    pub fn new(values: Vec<f32>, size: [usize; 2]) -> Self {
        let [max_length, vocab_size] = size;
        let is_table = !values.is_empty() && values.len().is_multiple_of(max_length * vocab_size);
        assert!(is_table, "{} numbers are no messages of {size:?}", values.len());
        Self { max_length, vocab_size, values }
    }

    /// N.
    pub fn count(&self) -> usize {
        self.values.len() / (self.max_length * self.vocab_size)
    }

    /// T.
    pub fn max_length(&self) -> usize {
        self.max_length
    }

    /// V.
    pub fn vocab_size(&self) -> usize {
        self.vocab_size
    }

    /// All mixtures, `[N, T, V]`.
    pub fn values(&self) -> &[f32] {
        &self.values
    }

    /// The mixture of a message at a position.
    pub fn get(&self, message: usize, position: usize) -> &[f32] {
        &self.values[(message * self.max_length + position) * self.vocab_size..][..self.vocab_size]
    }

    /// `n_t`, `[N, T]`: how much of a message goes on to each position.
    pub fn alive(&self) -> Vec<f32> {
        let mut alive = Vec::with_capacity(self.count() * self.max_length);
        for message in 0..self.count() {
            let mut left = 1.0;
            for position in 0..self.max_length {
                alive.push(left);
                left *= 1.0 - self.get(message, position)[END as usize];
            }
        }
        alive
    }

    /// `w_t`, `[N, T]`: how much of a message ends with each position.
    pub fn weights(&self) -> Vec<f32> {
        let mut weights = self.alive();
        for (at, weight) in weights.iter_mut().enumerate() {
            let (message, position) = (at / self.max_length, at % self.max_length);
            if position + 1 < self.max_length {
                *weight *= self.get(message, position)[END as usize];
            }
        }
        weights
    }

    /// Adds the gradient of the mixtures, `[N, T, V]`, given that of the weights.
    pub fn weights_back(&self, of_weights: &[f32], gradient: &mut [f32]) {
        let alive = self.alive();
        for message in 0..self.count() {
            let row = message * self.max_length;
            let mut of_left = 0.0;
            for position in (0..self.max_length).rev() {
                let (left, slope) = (alive[row + position], of_weights[row + position]);
                if position + 1 == self.max_length {
                    of_left = slope;
                    continue;
                }
                let end = self.get(message, position)[END as usize];
                gradient[(row + position) * self.vocab_size + END as usize] += left * (slope - of_left);
                of_left = slope * end + of_left * (1.0 - end);
            }
        }
    }
}

/// What a listener made of relaxed messages.
#[derive(Clone, Debug)]
pub struct RelaxedHearing {
    /// `L_t` = −log ρ(x|m) after each symbol, `[N, T]`.
    pub losses: Vec<f32>,
    /// The gradient of the listener's numbers of the mean of `Σ w_t L_t`.
    pub gradient: Vec<f32>,
    /// The gradient of the mixtures, `[N, T, V]`, with the weights held fixed.
    pub of_symbols: Vec<f32>,
}

/// Who sees an object and says mixtures of symbols.
pub trait RelaxedSpeaker<X> {
    /// Says mixtures of some objects, hands them to `hear`, which gives the gradient of a loss, and returns the gradient of the speaker's
    /// numbers of that loss less `entropy` times the mean of `Σ n_t H_t / Σ n_t`, in which n is held fixed. Noise is `[N, T, V]`.
    ///
    /// The next input is what was said: a mixture of embeddings, or the embedding of the largest symbol.
    fn relaxed_gradient(
        &self,
        objects: &X,
        noise: &[f32],
        learning: (Relaxation, f64),
        hear: &mut dyn FnMut(&RelaxedMessages) -> Vec<f32>,
    ) -> RelaxedGradient;
}

/// A speaker's gradient through a listener.
#[derive(Clone, Debug)]
pub struct RelaxedGradient {
    /// Of the numbers.
    pub gradient: Vec<f32>,
    /// The mean of the symbols' entropies, in nats, as far as messages go on.
    pub entropy: f64,
}

/// Who reads mixtures of symbols and tells the object.
pub trait RelaxedListener<Q> {
    /// Reads all symbols of relaxed messages and answers after each. Dropout is a mask as [`Listener::gradient`](super::Listener::gradient)'s.
    fn relaxed_gradient(&self, asked: &Q, messages: &RelaxedMessages, mask: Option<&[f32]>)
    -> RelaxedHearing;
}
