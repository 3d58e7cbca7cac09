//! A recurrent listener that tells all attributes of an object.

use std::ops::Range;

use autodidact_experiment::rng::Stream;
use autodidact_kernels::Recycled;
use rand::Rng;

use super::Listener;
use super::cell::{CellPlaces, CellSums, EmbeddedCell, cut, cut_mut};
use super::config::AgentConfig;
use super::dense::{Dense, DensePlaces, add_outer};
use super::encoder::{add, starts};
use super::parameters::Parameters;
use super::prefixes::{Prefixes, Sorted};
use super::slices::{slices, sum_over};
use crate::game::{Channel, ProductSpace};
use crate::{Messages, Objects};

/// A listener that reads the embeddings of a message up to its end, and whose last state gives, through a linear layer, an independent
/// softmax for each attribute. What messages of a slice have in common at their beginning is read once.
#[derive(Clone, Debug)]
pub struct RecurrentListener {
    config: AgentConfig,
    channel: Channel,
    num_values: Vec<u32>,
    parameters: Parameters,
    cell_places: CellPlaces,
    output_places: DensePlaces,
    cell: EmbeddedCell,
    output: Dense,
}

impl RecurrentListener {
    /// A listener for the objects of a space, with weights as `PyTorch`'s layers begin.
    pub fn new(config: &AgentConfig, space: &ProductSpace, channel: Channel, rng: &mut impl Rng) -> Self {
        let mut parameters = Parameters::default();
        let cell_places = CellPlaces::new(&mut parameters, config, channel.vocab_size() as usize, rng);
        let outputs = space.num_values().iter().map(|&values| values as usize).sum();
        let names = ["output.weight", "output.bias"];
        let output_places = DensePlaces::new(&mut parameters, names, [config.hidden, outputs], rng);
        let (cell, output) = (cell_places.fold(&parameters), output_places.pack(&parameters));
        let num_values = space.num_values().to_vec();
        Self { config: *config, channel, num_values, parameters, cell_places, output_places, cell, output }
    }

    fn sum_lens(&self) -> [usize; 9] {
        let [a, b, c, d, e, f, g] = self.cell_places.sum_lens();
        [a, b, c, d, e, f, g, self.output_places.weight.len(), self.output_places.bias.len()]
    }

    /// Reads some messages, given in their order.
    fn read(&self, messages: &Messages, order: &[usize]) -> Reading {
        let prefixes = Prefixes::new(messages, order);
        let (hidden, units) = (self.cell.hidden(), self.cell.cell_units());
        let count = prefixes.count();
        let mut reading = Reading {
            inputs: prefixes.levels.iter().flatten().map(|&(symbol, _)| symbol).collect(),
            levels: Vec::with_capacity(prefixes.levels.len()),
            before_h: Recycled::new(count * hidden),
            before_c: Recycled::new(count * units),
            kept: Recycled::new(self.cell.cell.kept_len(count)),
            last: vec![0.0; order.len() * hidden],
            prefixes,
        };
        let (mut h, mut c) = (Vec::new(), Vec::new());
        let mut start = 0;
        for (step, level) in reading.prefixes.levels.iter().enumerate() {
            let rows = level.len();
            let nodes = start..start + rows;
            start = nodes.end;
            let before = [
                &mut reading.before_h[nodes.start * hidden..nodes.end * hidden],
                &mut reading.before_c[nodes.start * units..nodes.end * units],
            ];
            let [before_h, before_c] = before;
            if step == 0 {
                before_h.fill(0.0);
                before_c.fill(0.0);
            } else {
                for (row, &(_, parent)) in level.iter().enumerate() {
                    copy_row(hidden, &h, parent, before_h, row);
                    copy_row(units, &c, parent, before_c, row);
                }
            }
            h.resize(rows * hidden, 0.0);
            c.resize(rows * units, 0.0);
            let kept_len = |rows| self.cell.cell.kept_len(rows);
            let kept = &mut reading.kept[kept_len(nodes.start)..kept_len(nodes.end)];
            self.cell.step(&reading.inputs[nodes.clone()], [before_h, before_c], [&mut h, &mut c], kept);
            for (message, &(length, prefix)) in reading.prefixes.ends.iter().enumerate() {
                if length == step + 1 {
                    copy_row(hidden, &h, prefix, &mut reading.last, message);
                }
            }
            reading.levels.push(nodes);
        }
        reading
    }

    /// Adds the gradients to the sums; `of_last` is that of the last states.
    fn read_back(&self, reading: &Reading, of_last: &[f32], sums: &mut CellSums<'_>) {
        let (hidden, units, width) = (self.cell.hidden(), self.cell.cell_units(), self.cell.width());
        let count = reading.inputs.len();
        let mut products = Recycled::<f32>::new(count * width);
        let kept_len = |rows| self.cell.cell.kept_len(rows);
        let (mut grad_h, mut grad_c): (Vec<f32>, Vec<f32>) = (Vec::new(), Vec::new());
        for (step, nodes) in reading.levels.iter().enumerate().rev() {
            let rows = nodes.len();
            // What the next step's prefixes hand back to the ones they continue.
            let (further_h, further_c) = (std::mem::take(&mut grad_h), std::mem::take(&mut grad_c));
            grad_h.resize(rows * hidden, 0.0);
            grad_c.resize(rows * units, 0.0);
            for (row, &(_, parent)) in reading.prefixes.levels.get(step + 1).into_iter().flatten().enumerate()
            {
                add_row(hidden, &further_h, row, &mut grad_h, parent);
                add_row(units, &further_c, row, &mut grad_c, parent);
            }
            for (message, &(length, prefix)) in reading.prefixes.ends.iter().enumerate() {
                if length == step + 1 {
                    add_row(hidden, of_last, message, &mut grad_h, prefix);
                }
            }
            let before = [
                &reading.before_h[nodes.start * hidden..nodes.end * hidden],
                &reading.before_c[nodes.start * units..nodes.end * units],
            ];
            let kept = &reading.kept[kept_len(nodes.start)..kept_len(nodes.end)];
            let of_step = &mut products[nodes.start * width..nodes.end * width];
            let gradients = [&mut grad_h[..], &mut grad_c[..]];
            self.cell.step_back(&reading.inputs[nodes.clone()], before, kept, gradients, of_step, sums);
        }
        add_outer(count, &products, &reading.before_h, sums.state_weight);
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
        let mut reading = self.read(messages, order);
        if let Some(mask) = mask {
            reading.apply(mask, self.cell.hidden(), order);
        }
        let mut logits = vec![0.0; order.len() * self.output.outputs()];
        self.output.forward(order.len(), &reading.last, &mut logits);
        logits.chunks_exact_mut(self.output.outputs()).for_each(|logits| self.log_softmax(logits));
        (reading, logits)
    }

    /// Runs on the slices of all messages, adds up what they make and gives what is left in the order of the messages.
    fn over<T: Send + Copy>(
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

impl Listener for RecurrentListener {
    fn parameters(&self) -> &Parameters {
        &self.parameters
    }

    fn change(&mut self, change: &mut dyn FnMut(&mut [f32])) {
        change(self.parameters.values_mut());
        self.cell = self.cell_places.fold(&self.parameters);
        self.output = self.output_places.pack(&self.parameters);
    }

    fn mask_len(&self) -> usize {
        self.cell.hidden()
    }

    fn log_likelihood(&self, objects: &Objects, messages: &Messages) -> Vec<f32> {
        self.check(objects, messages);
        let run = |order: &[usize]| {
            let (_, log_probs) = self.tell(messages, order, None);
            (Vec::new(), self.likelihoods(objects, order, &log_probs))
        };
        self.over(messages, &run).1
    }

    fn gradient(&self, objects: &Objects, messages: &Messages, mask: Option<&[f32]>) -> (Vec<f32>, Vec<f32>) {
        self.check(objects, messages);
        let lens = self.sum_lens();
        let first = starts(&self.num_values);
        let share = 1.0 / messages.count() as f32;
        let run = |order: &[usize]| {
            let (mut reading, mut log_probs) = self.tell(messages, order, mask);
            let likelihoods = self.likelihoods(objects, order, &log_probs);
            let mut sums = vec![0.0; lens.iter().sum()];
            let [of_cell @ .., output_weight, output_bias] = cut_mut(lens, &mut sums);
            // ∂(−log ρ) = p − [value].
            for value in &mut log_probs {
                *value = value.exp() * share;
            }
            for (&message, gradient) in order.iter().zip(log_probs.chunks_exact_mut(self.output.outputs())) {
                for (&value, &first) in objects.get(message).iter().zip(&first) {
                    gradient[first + value as usize] -= share;
                }
            }
            self.output.sum(order.len(), &log_probs, &reading.last, [output_weight, output_bias]);
            reading.last.fill(0.0);
            self.output.backward(order.len(), &log_probs, &mut reading.last);
            if let Some(mask) = mask {
                reading.apply(mask, self.cell.hidden(), order);
            }
            self.read_back(&reading, &reading.last, &mut CellSums::new(of_cell));
            (sums, likelihoods)
        };
        let (sums, likelihoods) = self.over(messages, &run);
        let [of_cell @ .., output_weight, output_bias] = cut(lens, &sums);
        let mut gradient = vec![0.0; self.parameters.values().len()];
        self.cell_places.unfold(&self.parameters, of_cell, &mut gradient);
        gradient[self.output_places.weight.clone()].copy_from_slice(output_weight);
        gradient[self.output_places.bias.clone()].copy_from_slice(output_bias);
        (likelihoods, gradient)
    }

    fn renew(&mut self, rng: &mut Stream) {
        let space = ProductSpace::new(&self.num_values).expect("the listener's own space");
        *self = Self::new(&self.config, &space, self.channel, rng);
    }

    fn guess(&self, messages: &Messages) -> Objects {
        let num_attributes = self.num_values.len();
        let run = |order: &[usize]| {
            let (_, log_probs) = self.tell(messages, order, None);
            let rows = log_probs.chunks_exact(self.output.outputs());
            let numbers = rows.map(|log_probs| self.most_likely(log_probs));
            (Vec::new(), numbers.collect())
        };
        let space = ProductSpace::new(&self.num_values).expect("the listener's own space");
        let (_, numbers) = self.over::<usize>(messages, &run);
        let values = numbers.into_iter().flat_map(|number| space.object(number)).collect();
        Objects::new(values, num_attributes).expect("an object for each message")
    }
}

impl RecurrentListener {
    /// The number of the object whose values are the most likely ones.
    fn most_likely(&self, mut log_probs: &[f32]) -> usize {
        self.num_values.iter().fold(0, |number, &values| {
            let part = log_probs.split_off(..values as usize).expect("a number for each value");
            let best = part.iter().enumerate().max_by(|a, b| a.1.total_cmp(b.1).then(b.0.cmp(&a.0)));
            number * values as usize + best.map_or(0, |(value, _)| value)
        })
    }
}

/// What a listener made of some messages.
struct Reading {
    prefixes: Prefixes,
    /// The nodes of each step: a row for each distinct prefix.
    levels: Vec<Range<usize>>,
    inputs: Vec<u32>,
    before_h: Recycled,
    before_c: Recycled,
    kept: Recycled,
    /// The last state of each message, `[messages, H]`.
    last: Vec<f32>,
}

impl Reading {
    /// Multiplies the last states with the mask, whose rows are in the order of all messages.
    fn apply(&mut self, mask: &[f32], hidden: usize, order: &[usize]) {
        for (row, &message) in self.last.chunks_exact_mut(hidden).zip(order) {
            let factors = &mask[message * hidden..][..hidden];
            row.iter_mut().zip(factors).for_each(|(value, factor)| *value *= factor);
        }
    }
}

fn copy_row(width: usize, from: &[f32], at: usize, to: &mut [f32], row: usize) {
    to[row * width..][..width].copy_from_slice(&from[at * width..][..width]);
}

fn add_row(width: usize, from: &[f32], at: usize, to: &mut [f32], row: usize) {
    add(&mut to[row * width..][..width], &from[at * width..][..width]);
}
