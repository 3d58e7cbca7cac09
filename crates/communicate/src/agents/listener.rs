//! A listener that is a network and tells all attributes of an object.

use autodidact_experiment::rng::Stream;
use rand::Rng;

use super::Listener;
use super::config::AgentConfig;
use super::cut::{cut, cut_mut};
use super::dense::{Dense, DensePlaces};
use super::encoder::starts;
use super::parameters::Parameters;
use super::reader::{Reader, Reading};
use super::relaxed::{RelaxedHearing, RelaxedListener, RelaxedMessages};
use crate::game::{Channel, ProductSpace};
use crate::{Messages, Objects};

/// A listener that reads the embeddings of a message up to its end, and whose last state gives, through a linear layer, an independent
/// softmax for each attribute. A transformer's last state is that of the last symbol, which sees all before it.
#[derive(Clone, Debug)]
pub struct NetworkListener {
    config: AgentConfig,
    num_values: Vec<u32>,
    parameters: Parameters,
    reader: Reader,
    output_places: DensePlaces,
    output: Dense,
}

/// The name of a [`NetworkListener`] before there were transformers.
pub type RecurrentListener = NetworkListener;

impl NetworkListener {
    /// A listener for the objects of a space, with weights as `PyTorch`'s layers begin.
    pub fn new(config: &AgentConfig, space: &ProductSpace, channel: Channel, rng: &mut impl Rng) -> Self {
        let mut parameters = Parameters::default();
        let reader = Reader::new(&mut parameters, config, channel, rng);
        let outputs = space.num_values().iter().map(|&values| values as usize).sum();
        let names = ["output.weight", "output.bias"];
        let output_places = DensePlaces::new(&mut parameters, names, [config.hidden, outputs], rng);
        let output = output_places.pack(&parameters);
        let num_values = space.num_values().to_vec();
        Self { config: *config, num_values, parameters, reader, output_places, output }
    }

    fn sum_lens(&self) -> [usize; 3] {
        [self.reader.sums_len(), self.output_places.weight.len(), self.output_places.bias.len()]
    }

    /// Turns logits into log-probabilities, attribute by attribute.
    fn log_softmax(&self, logits: &mut [f32]) {
        let mut rest = logits;
        for &values in &self.num_values {
            let part = rest.split_off_mut(..values as usize).expect("a logit for each value");
            let largest = part.iter().copied().fold(f32::NEG_INFINITY, f32::max);
            let sum: f32 = part.iter().map(|logit| (logit - largest).exp()).sum();
            let log_sum = largest + sum.ln();
            for logit in part {
                *logit -= log_sum;
            }
        }
    }

    /// The log-probabilities of all values for some messages, `[messages, Σ V_k]`, and the states that they are of.
    fn tell(&self, messages: &Messages, order: &[usize], mask: Option<&[f32]>) -> (Reading, Vec<f32>) {
        let mut reading = self.reader.read(messages, order);
        if let Some(mask) = mask {
            reading.apply(mask, self.reader.hidden(), order);
        }
        let log_probs = self.answer(&reading.last);
        (reading, log_probs)
    }

    /// The log-probabilities of all values by some states.
    fn answer(&self, states: &[f32]) -> Vec<f32> {
        let rows = states.len() / self.reader.hidden();
        let mut logits = vec![0.0; rows * self.output.outputs()];
        self.output.forward(rows, states, &mut logits);
        logits.chunks_exact_mut(self.output.outputs()).for_each(|logits| self.log_softmax(logits));
        logits
    }

    /// Adds the gradients of `Σ −share · log ρ(x|m)` to the sums and returns that of the states; the messages are those of these numbers.
    fn answer_back(
        &self,
        objects: &Objects,
        order: &[usize],
        (states, mut log_probs): (&[f32], Vec<f32>),
        shares: &[f32],
        sums: [&mut [f32]; 2],
    ) -> Vec<f32> {
        let first = starts(&self.num_values);
        // ∂(−log ρ) = p − [value].
        let rows = order.iter().zip(shares).zip(log_probs.chunks_exact_mut(self.output.outputs()));
        for ((&message, share), gradient) in rows {
            for value in &mut *gradient {
                *value = value.exp() * share;
            }
            for (&value, &first) in objects.get(message).iter().zip(&first) {
                gradient[first + value as usize] -= share;
            }
        }
        self.output.sum(order.len(), &log_probs, states, sums);
        let mut of_states = vec![0.0; states.len()];
        self.output.backward(order.len(), &log_probs, &mut of_states);
        of_states
    }

    /// Turns sums into the gradient of the numbers.
    fn unfold(&self, sums: &[f32]) -> Vec<f32> {
        let [of_body, output_weight, output_bias] = cut(self.sum_lens(), sums);
        let mut gradient = vec![0.0; self.parameters.values().len()];
        self.reader.unfold(&self.parameters, of_body, &mut gradient);
        gradient[self.output_places.weight.clone()].copy_from_slice(output_weight);
        gradient[self.output_places.bias.clone()].copy_from_slice(output_bias);
        gradient
    }

    /// log ρ(x|m) of the messages of a slice.
    fn likelihoods(&self, objects: &Objects, order: &[usize], log_probs: &[f32]) -> Vec<f32> {
        let first = starts(&self.num_values);
        order
            .iter()
            .zip(log_probs.chunks_exact(self.output.outputs()))
            .map(|(&message, log_probs)| {
                let object = objects.get(message);
                object.iter().zip(&first).map(|(&value, &first)| log_probs[first + value as usize]).sum()
            })
            .collect()
    }

    fn check(&self, objects: &Objects, messages: &Messages) {
        assert_eq!(objects.count(), messages.count(), "there is a message for each object");
        objects.check_values(&self.num_values).expect("the objects are of the listener's space");
    }
}

impl Listener for NetworkListener {
    fn parameters(&self) -> &Parameters {
        &self.parameters
    }

    fn change(&mut self, change: &mut dyn FnMut(&mut [f32])) {
        change(self.parameters.values_mut());
        self.reader.refresh(&self.parameters);
        self.output = self.output_places.pack(&self.parameters);
    }

    fn mask_len(&self) -> usize {
        self.reader.hidden()
    }

    fn log_likelihood(&self, objects: &Objects, messages: &Messages) -> Vec<f32> {
        self.check(objects, messages);
        let run = |order: &[usize]| {
            let (_, log_probs) = self.tell(messages, order, None);
            (Vec::new(), self.likelihoods(objects, order, &log_probs))
        };
        self.reader.over(messages, &run).1
    }

    fn gradient(&self, objects: &Objects, messages: &Messages, mask: Option<&[f32]>) -> (Vec<f32>, Vec<f32>) {
        self.check(objects, messages);
        let share = 1.0 / messages.count() as f32;
        let run = |order: &[usize]| {
            let (mut reading, log_probs) = self.tell(messages, order, mask);
            let likelihoods = self.likelihoods(objects, order, &log_probs);
            let mut sums = vec![0.0; self.sum_lens().iter().sum()];
            let [of_body, of_output @ ..] = cut_mut(self.sum_lens(), &mut sums);
            let shares = vec![share; order.len()];
            reading.last = self.answer_back(objects, order, (&reading.last, log_probs), &shares, of_output);
            if let Some(mask) = mask {
                reading.apply(mask, self.reader.hidden(), order);
            }
            self.reader.read_back(&reading, &reading.last, of_body);
            (sums, likelihoods)
        };
        let (sums, likelihoods) = self.reader.over(messages, &run);
        (likelihoods, self.unfold(&sums))
    }

    fn relaxed(&self) -> Option<&dyn RelaxedListener<Objects>> {
        Some(self)
    }

    fn renew(&mut self, rng: &mut Stream) {
        let space = ProductSpace::new(&self.num_values).expect("the listener's own space");
        *self = Self::new(&self.config, &space, self.reader.channel(), rng);
    }

    fn right(&self, objects: &Objects, messages: &Messages) -> Vec<usize> {
        let guesses = self.guess(messages);
        let pairs = objects.iter().zip(guesses.iter());
        pairs.map(|(object, guess)| object.iter().zip(guess).filter(|(a, b)| a == b).count()).collect()
    }
}

impl RelaxedListener<Objects> for NetworkListener {
    fn relaxed_gradient(
        &self,
        objects: &Objects,
        messages: &RelaxedMessages,
        mask: Option<&[f32]>,
    ) -> RelaxedHearing {
        assert_eq!(objects.count(), messages.count(), "there is a message for each object");
        objects.check_values(&self.num_values).expect("the objects are of the listener's space");
        let [of_body, lens @ ..] = self.sum_lens();
        let answer = |order: &[usize], states: &[f32], shares: &[f32], sums: &mut [f32]| {
            let log_probs = self.answer(states);
            let losses =
                self.likelihoods(objects, order, &log_probs).into_iter().map(|value| -value).collect();
            let sums = cut_mut(lens, sums);
            (losses, self.answer_back(objects, order, (states, log_probs), shares, sums))
        };
        let sums_len = of_body + lens.iter().sum::<usize>();
        let (sums, losses, of_symbols) = self.reader.over_mixtures(messages, mask, sums_len, &answer);
        RelaxedHearing { losses, gradient: self.unfold(&sums), of_symbols }
    }
}

impl NetworkListener {
    /// The most likely object of each message.
    pub fn guess(&self, messages: &Messages) -> Objects {
        let num_attributes = self.num_values.len();
        let run = |order: &[usize]| {
            let (_, log_probs) = self.tell(messages, order, None);
            let rows = log_probs.chunks_exact(self.output.outputs());
            let numbers = rows.map(|log_probs| self.most_likely(log_probs));
            (Vec::new(), numbers.collect())
        };
        let space = ProductSpace::new(&self.num_values).expect("the listener's own space");
        let (_, numbers) = self.reader.over::<usize>(messages, &run);
        let values = numbers.into_iter().flat_map(|number| space.object(number)).collect();
        Objects::new(values, num_attributes).expect("an object for each message")
    }

    /// The number of the object whose values are the most likely ones.
    fn most_likely(&self, mut log_probs: &[f32]) -> usize {
        self.num_values.iter().fold(0, |number, &values| {
            let part = log_probs.split_off(..values as usize).expect("a number for each value");
            let best = part.iter().enumerate().max_by(|a, b| a.1.total_cmp(b.1).then(b.0.cmp(&a.0)));
            number * values as usize + best.map_or(0, |(value, _)| value)
        })
    }
}
