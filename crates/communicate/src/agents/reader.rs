//! What listeners have in common: they read messages up to their ends.

use std::ops::Range;

use rand::Rng;

use super::body::{Body, States, at};
use super::config::AgentConfig;
use super::encoder::add;
use super::forest::Forest;
use super::parameters::Parameters;
use super::prefixes::{Prefixes, Sorted};
use super::relaxed::RelaxedMessages;
use super::slices::{slices, sum_over};
use crate::Messages;
use crate::game::Channel;

/// A body that goes through a message. What messages of a slice have in common at their beginning is read once.
#[derive(Clone, Debug)]
pub(super) struct Reader {
    channel: Channel,
    body: Body,
}

impl Reader {
    pub fn new(
        parameters: &mut Parameters,
        config: &AgentConfig,
        channel: Channel,
        rng: &mut impl Rng,
    ) -> Self {
        Self { channel, body: Body::new(parameters, config, channel, false, rng) }
    }

    pub fn channel(&self) -> Channel {
        self.channel
    }

    pub fn hidden(&self) -> usize {
        self.body.hidden()
    }

    /// Takes numbers that have changed.
    pub fn refresh(&mut self, parameters: &Parameters) {
        self.body.refresh(parameters);
    }

    /// Floats of the sums that [`Self::read_back`] adds to.
    pub fn sums_len(&self) -> usize {
        self.body.sums_len()
    }

    /// Turns the sums into the gradient of the numbers.
    pub fn unfold(&self, parameters: &Parameters, sums: &[f32], gradient: &mut [f32]) {
        self.body.unfold(parameters, sums, gradient);
    }

    /// Reads some messages, given in their order.
    pub fn read(&self, messages: &Messages, order: &[usize]) -> Reading {
        let prefixes = Prefixes::new(messages, order);
        let forest = Forest::from(&prefixes);
        let mut states = self.body.states(forest.count());
        self.body.run(&forest, 0..forest.levels.len(), None, &mut states);
        let last = prefixes.ends.iter().flat_map(|&(length, prefix)| {
            let node = forest.levels[length - 1].start + prefix;
            states.of(&(node..node + 1))
        });
        Reading { last: last.copied().collect(), ends: prefixes.ends, forest, states }
    }

    /// Adds the gradients to the sums; `of_last` is that of the last states.
    pub fn read_back(&self, reading: &Reading, of_last: &[f32], sums: &mut [f32]) {
        let hidden = self.hidden();
        let mut of_level = |step: usize, gradient: &mut [f32], _: &[f32]| {
            for (of_last, &(length, prefix)) in of_last.chunks_exact(hidden).zip(&reading.ends) {
                if length == step + 1 {
                    add(&mut gradient[prefix * hidden..][..hidden], of_last);
                }
            }
        };
        self.body.back(&reading.forest, &reading.states, false, &mut of_level, sums);
    }

    /// Reads mixtures symbol by symbol. `answer` gets the messages of some states, the states, a factor for the loss of each, and the rest of
    /// the sums that begin with the reader's own; it returns the losses without factors and the gradient of the states. What is
    /// returned are the sums, the losses `[N, T]` and the gradient of the mixtures `[N, T, V]`.
    pub fn over_mixtures(
        &self,
        messages: &RelaxedMessages,
        mask: Option<&[f32]>,
        sums_len: usize,
        answer: &(impl Fn(&[usize], &[f32], &[f32], &mut [f32]) -> (Vec<f32>, Vec<f32>) + Sync),
    ) -> (Vec<f32>, Vec<f32>, Vec<f32>) {
        let (steps, vocab_size, hidden) = (messages.max_length(), messages.vocab_size(), self.hidden());
        let is_right = steps == self.channel.max_length() && vocab_size == self.body.symbols();
        assert!(is_right, "messages of {steps} mixtures of {vocab_size} symbols do not fit the channel");
        let (weights, count) = (messages.weights(), messages.count());
        let run = |_, range: Range<usize>| {
            let rows = range.len();
            let mut forest = Forest::mixed(rows, steps, vocab_size);
            let order: Vec<usize> = (0..steps).flat_map(|_| range.clone()).collect();
            // From [row, step] to [step, row].
            let places: Vec<usize> =
                order.iter().enumerate().map(|(node, message)| message * steps + node / rows).collect();
            for (mixture, &place) in forest.mixtures.chunks_exact_mut(vocab_size).zip(&places) {
                mixture.copy_from_slice(messages.get(place / steps, place % steps));
            }
            let mut states = self.body.states(forest.count());
            self.body.run(&forest, 0..steps, None, &mut states);
            let shares: Vec<f32> = places.iter().map(|&place| weights[place] / count as f32).collect();
            let mut read = states.of(&(0..forest.count())).to_vec();
            apply(mask, hidden, &order, &mut read);
            let mut sums = vec![0.0; sums_len];
            let (of_body, of_answer) = sums.split_at_mut(self.sums_len());
            let (losses, mut of_read) = answer(&order, &read, &shares, of_answer);
            apply(mask, hidden, &order, &mut of_read);
            let mut of_level = |step: usize, gradient: &mut [f32], _: &[f32]| {
                add(gradient, &of_read[at(&forest.levels[step], hidden)]);
            };
            let of_inputs = self.body.back(&forest, &states, false, &mut of_level, of_body);
            (sums, (places, losses, of_inputs.mixtures))
        };
        let (sums, parts) = sum_over(&slices(count), &run);
        let mut all_losses = vec![0.0; count * steps];
        let mut of_symbols = vec![0.0; count * steps * vocab_size];
        for (places, losses, of_mixtures) in parts {
            let rows = places.into_iter().zip(losses).zip(of_mixtures.chunks_exact(vocab_size));
            for ((place, loss), gradient) in rows {
                all_losses[place] = loss;
                of_symbols[place * vocab_size..][..vocab_size].copy_from_slice(gradient);
            }
        }
        (sums, all_losses, of_symbols)
    }

    /// Runs on the slices of all messages, adds up what they make and gives what is left in the order of the messages.
    pub fn over<T: Send + Copy>(
        &self,
        messages: &Messages,
        run: &(impl Fn(&[usize]) -> (Vec<f32>, Vec<T>) + Sync),
    ) -> (Vec<f32>, Vec<T>) {
        self.channel.check(messages).expect("the messages fit the channel");
        let sorted = Sorted::new(messages);
        let (sum, parts) =
            sum_over(&slices(messages.count()), &|_, range: Range<usize>| run(&sorted.order()[range]));
        let mut by_message: Vec<(usize, T)> =
            sorted.order().iter().copied().zip(parts.into_iter().flatten()).collect();
        by_message.sort_unstable_by_key(|&(message, _)| message);
        (sum, by_message.into_iter().map(|(_, value)| value).collect())
    }
}

/// What a listener made of some messages.
pub(super) struct Reading {
    forest: Forest,
    /// Of each message its length, and its place among the nodes of its last symbol.
    ends: Vec<(usize, usize)>,
    states: States,
    /// The last state of each message, `[messages, H]`.
    pub last: Vec<f32>,
}

impl Reading {
    /// Multiplies the last states with the mask, whose rows are in the order of all messages.
    pub fn apply(&mut self, mask: &[f32], hidden: usize, order: &[usize]) {
        apply(Some(mask), hidden, order, &mut self.last);
    }
}

/// Multiplies states with the rows of a mask that belong to their messages.
fn apply(mask: Option<&[f32]>, hidden: usize, order: &[usize], states: &mut [f32]) {
    let Some(mask) = mask else { return };
    for (row, &message) in states.chunks_exact_mut(hidden).zip(order) {
        let factors = &mask[message * hidden..][..hidden];
        row.iter_mut().zip(factors).for_each(|(value, factor)| *value *= factor);
    }
}
