//! A listener that is a table, which can be the Bayes listener of any speaker.

use std::collections::HashMap;

use autodidact_experiment::rng::Stream;

use super::Listener;
use super::parameters::Parameters;
use crate::game::Channel;
use crate::setting::require;
use crate::{Messages, Objects, Result};

/// Logits at most.
const MANY: usize = 1 << 26;

/// A listener with a logit for each message of a channel and each of N objects, and one softmax over the objects: where attributes depend on
/// each other given the message, it can say so, unlike a listener with a softmax for each attribute. It knows nothing of messages that
/// it has not heard, and so is a probe and no player.
///
/// ```
/// use autodidact_communicate::agents::{Listener, TabularListener};
/// use autodidact_communicate::game::Channel;
/// use autodidact_communicate::{Messages, Objects};
///
/// let objects = Objects::from_rows(&[[0, 0], [1, 1]])?;
/// let listener = TabularListener::new(&objects, Channel::new(3, 2)?)?;
/// let messages = Messages::from_rows(&[[1, 2], [2, 0]])?;
/// assert_eq!(listener.log_likelihood(&objects, &messages), [-2_f32.ln(); 2]);
/// # Ok::<(), autodidact_communicate::Error>(())
/// ```
#[derive(Clone, Debug)]
pub struct TabularListener {
    channel: Channel,
    objects: Objects,
    /// The numbers of the objects.
    numbers: HashMap<Vec<u32>, usize>,
    /// `[messages, N]`.
    parameters: Parameters,
}

impl TabularListener {
    /// One that gives all objects the same probability, whatever is said.
    ///
    /// # Errors
    /// [`Error::Setting`](crate::Error::Setting) if there are more messages and objects than a table should have.
    pub fn new(objects: &Objects, channel: Channel) -> Result<Self> {
        let count = objects.count();
        let messages = channel.num_messages().filter(|messages| messages.saturating_mul(count) <= MANY);
        let size = format!(
            "{count} objects, {} symbols and {} positions",
            channel.vocab_size(),
            channel.max_length()
        );
        let expected = format!(
            "at most {MANY} pairs of an object and a message; a recurrent listener has no such limit"
        );
        require(messages.is_some(), "table", size, expected)?;
        let numbers = objects.iter().enumerate().map(|(number, object)| (object.to_vec(), number)).collect();
        let mut parameters = Parameters::default();
        parameters.constant("logits", &[messages.unwrap_or(0), count], 0.0);
        Ok(Self { channel, objects: objects.clone(), numbers, parameters })
    }

    /// The place of a message among those of the channel: shorter ones first, then by their symbols.
    fn place(&self, word: &[u32]) -> usize {
        let letters = self.channel.vocab_size() as usize - 1;
        let shorter = (0..word.len()).fold((0, 1), |(sum, words), _| (sum + words, words * letters)).0;
        word.iter().fold(0, |place, &symbol| place * letters + symbol as usize - 1) + shorter
    }

    /// log ρ(·|m) of a message, and where its logits are.
    fn tell(&self, word: &[u32]) -> (usize, Vec<f32>) {
        let count = self.objects.count();
        let start = self.place(word) * count;
        let logits = &self.parameters.values()[start..start + count];
        let largest = logits.iter().copied().fold(f32::NEG_INFINITY, f32::max);
        let log_sum = largest + logits.iter().map(|logit| (logit - largest).exp()).sum::<f32>().ln();
        (start, logits.iter().map(|logit| logit - log_sum).collect())
    }

    fn number(&self, object: &[u32]) -> usize {
        *self.numbers.get(object).expect("the object is one of the listener's")
    }
}

impl Listener for TabularListener {
    fn parameters(&self) -> &Parameters {
        &self.parameters
    }

    fn change(&mut self, change: &mut dyn FnMut(&mut [f32])) {
        change(self.parameters.values_mut());
    }

    fn mask_len(&self) -> usize {
        0
    }

    fn log_likelihood(&self, objects: &Objects, messages: &Messages) -> Vec<f32> {
        self.channel.check(messages).expect("the messages fit the channel");
        objects
            .iter()
            .zip(messages.words())
            .map(|(object, word)| self.tell(word).1[self.number(object)])
            .collect()
    }

    fn gradient(&self, objects: &Objects, messages: &Messages, _: Option<&[f32]>) -> (Vec<f32>, Vec<f32>) {
        self.channel.check(messages).expect("the messages fit the channel");
        let share = 1.0 / messages.count() as f32;
        let mut gradient = vec![0.0; self.parameters.values().len()];
        let likelihoods = objects.iter().zip(messages.words()).map(|(object, word)| {
            let (start, log_probs) = self.tell(word);
            let number = self.number(object);
            // ∂(−log ρ) = p − [object].
            for (gradient, log_prob) in gradient[start..].iter_mut().zip(&log_probs) {
                *gradient += share * log_prob.exp();
            }
            gradient[start + number] -= share;
            log_probs[number]
        });
        (likelihoods.collect(), gradient)
    }

    fn renew(&mut self, _: &mut Stream) {
        self.parameters.values_mut().fill(0.0);
    }

    fn right(&self, objects: &Objects, messages: &Messages) -> Vec<usize> {
        self.channel.check(messages).expect("the messages fit the channel");
        let said = objects.iter().zip(messages.words());
        said.map(|(object, word)| {
            let log_probs = self.tell(word).1.into_iter().enumerate();
            let best = log_probs.max_by(|a, b| a.1.total_cmp(&b.1).then(b.0.cmp(&a.0)));
            let guess = self.objects.get(best.map_or(0, |(number, _)| number));
            object.iter().zip(guess).filter(|(one, other)| one == other).count()
        })
        .collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn messages_have_the_places_that_the_channel_lists_them_in() {
        let channel = Channel::new(4, 3).expect("a channel");
        let objects = Objects::from_rows(&[[0], [1]]).expect("objects");
        let listener = TabularListener::new(&objects, channel).expect("small");
        for (place, word) in channel.messages(40).expect("few").words().enumerate() {
            assert_eq!(listener.place(word), place, "{word:?}");
        }
        assert!(TabularListener::new(&objects, Channel::new(10, 100).expect("a channel")).is_err());
    }
}
