//! What listeners have in common: they read messages up to their ends.

use std::ops::Range;

use autodidact_kernels::Recycled;
use rand::Rng;

use super::cell::{CellPlaces, CellSums, EmbeddedCell};
use super::config::AgentConfig;
use super::dense::add_outer;
use super::encoder::add;
use super::parameters::Parameters;
use super::prefixes::{Prefixes, Sorted};
use super::slices::{slices, sum_over};
use crate::Messages;
use crate::game::Channel;

/// Embeddings and a cell that go through a message. What messages of a slice have in common at their beginning is read once.
#[derive(Clone, Debug)]
pub(super) struct Reader {
    channel: Channel,
    places: CellPlaces,
    cell: EmbeddedCell,
}

impl Reader {
    pub fn new(
        parameters: &mut Parameters,
        config: &AgentConfig,
        channel: Channel,
        rng: &mut impl Rng,
    ) -> Self {
        let places = CellPlaces::new(parameters, config, channel.vocab_size() as usize, rng);
        let cell = places.fold(parameters);
        Self { channel, places, cell }
    }

    pub fn channel(&self) -> Channel {
        self.channel
    }

    pub fn hidden(&self) -> usize {
        self.cell.hidden()
    }

    /// Takes numbers that have changed.
    pub fn refresh(&mut self, parameters: &Parameters) {
        self.cell = self.places.fold(parameters);
    }

    /// Lengths of the sums that [`Self::read_back`] adds to.
    pub fn sum_lens(&self) -> [usize; 7] {
        self.places.sum_lens()
    }

    /// Turns the sums into the gradient of the numbers.
    pub fn unfold(&self, parameters: &Parameters, sums: [&[f32]; 7], gradient: &mut [f32]) {
        self.places.unfold(parameters, sums, gradient);
    }

    /// Reads some messages, given in their order.
    pub fn read(&self, messages: &Messages, order: &[usize]) -> Reading {
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
    pub fn read_back(&self, reading: &Reading, of_last: &[f32], sums: [&mut [f32]; 7]) {
        let sums = &mut CellSums::new(sums);
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
    prefixes: Prefixes,
    /// The nodes of each step: a row for each distinct prefix.
    levels: Vec<Range<usize>>,
    inputs: Vec<u32>,
    before_h: Recycled,
    before_c: Recycled,
    kept: Recycled,
    /// The last state of each message, `[messages, H]`.
    pub last: Vec<f32>,
}

impl Reading {
    /// Multiplies the last states with the mask, whose rows are in the order of all messages.
    pub fn apply(&mut self, mask: &[f32], hidden: usize, order: &[usize]) {
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
