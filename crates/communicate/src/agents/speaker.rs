//! A recurrent speaker.

use std::ops::Range;

use autodidact_kernels::Recycled;
use rand::Rng;
use rayon::prelude::*;

use super::cell::{CellPlaces, CellSums, EmbeddedCell, cut, cut_mut};
use super::config::AgentConfig;
use super::dense::{Dense, DensePlaces, add_outer};
use super::encoder::AttributeEncoder;
use super::parameters::Parameters;
use super::prefixes::{Sorted, symbols};
use super::slices::{slices, sum_over};
use super::{Choice, Credit, Speaker, Utterance};
use crate::game::{Channel, ProductSpace};
use crate::{END, Messages, Objects};

/// A speaker whose recurrent state begins as the encoded object. The first input is a learnt vector, each further one the embedding of the
/// symbol before; a linear layer on the state and a softmax give the next symbol. All T steps are made, and what follows the first
/// [`END`] is masked.
#[derive(Clone, Debug)]
pub struct RecurrentSpeaker {
    channel: Channel,
    parameters: Parameters,
    encoder: AttributeEncoder,
    cell_places: CellPlaces,
    output_places: DensePlaces,
    cell: EmbeddedCell,
    output: Dense,
}

impl RecurrentSpeaker {
    /// A speaker about the objects of a space, with weights as `PyTorch`'s layers begin.
    pub fn new(config: &AgentConfig, space: &ProductSpace, channel: Channel, rng: &mut impl Rng) -> Self {
        let mut parameters = Parameters::default();
        let symbols = channel.vocab_size() as usize;
        let encoder = AttributeEncoder::new(&mut parameters, space.num_values(), config.hidden, rng);
        // The last row is the start's.
        let cell_places = CellPlaces::new(&mut parameters, config, symbols + 1, rng);
        let names = ["output.weight", "output.bias"];
        let output_places = DensePlaces::new(&mut parameters, names, [config.hidden, symbols], rng);
        let (cell, output) = (cell_places.fold(&parameters), output_places.pack(&parameters));
        Self { channel, parameters, encoder, cell_places, output_places, cell, output }
    }

    fn sum_lens(&self) -> [usize; 11] {
        let [a, b, c, d, e, f, g] = self.cell_places.sum_lens();
        let [table, bias] = self.encoder.lens();
        [a, b, c, d, e, f, g, self.output_places.weight.len(), self.output_places.bias.len(), table, bias]
    }

    /// The input of the first step.
    fn start(&self) -> u32 {
        self.channel.vocab_size()
    }

    /// Encodes some objects as first states.
    fn first_states(&self, objects: &Objects, range: Range<usize>, h: &mut [f32], c: &mut [f32]) {
        self.encoder.forward(&self.parameters, objects, range, h);
        c.fill(0.0);
    }

    /// Says something of some objects.
    fn slice(&self, objects: &Objects, range: Range<usize>, choice: Choice<'_>) -> (Slice, Said) {
        let (rows, steps) = (range.len(), self.channel.max_length());
        let (hidden, vocab_size) = (self.cell.hidden(), self.channel.vocab_size() as usize);
        let mut slice = Slice::new(&self.cell, rows, steps, vocab_size);
        let mut said = Said { symbols: vec![END; rows * steps], of_rows: vec![[0.0; 2]; rows] };
        let (h, c) = (&mut slice.h[..rows * hidden], &mut slice.c[..rows * self.cell.cell_units()]);
        self.first_states(objects, range.clone(), h, c);
        let mut inputs = vec![self.start(); rows];
        let mut has_ended = vec![false; rows];
        let mut logits = vec![0.0; rows * vocab_size];
        for step in 0..steps {
            let ([h, c], next, kept) = slice.step_mut(step);
            self.cell.step(&inputs, [h, c], next, kept);
            let (h, _) = slice.states(step + 1);
            self.output.forward(rows, h, &mut logits);
            slice.inputs.extend_from_slice(&inputs);
            for (row, logits) in logits.chunks_exact(vocab_size).enumerate() {
                let distribution = Distribution::new(logits, &mut slice.log_probs, &mut slice.probs);
                let symbol = match choice {
                    Choice::Greedy => distribution.most_likely(),
                    Choice::Sample(drawn) => distribution.at(drawn[(range.start + row) * steps + step]),
                };
                inputs[row] = symbol as u32;
                if !has_ended[row] {
                    said.symbols[row * steps + step] = inputs[row];
                    said.of_rows[row][0] += distribution.log_probs[symbol];
                    said.of_rows[row][1] += distribution.entropy();
                    has_ended[row] = inputs[row] == END;
                }
            }
        }
        (slice, said)
    }

    /// Adds the gradients of a slice to the sums.
    fn slice_back(
        &self,
        objects: &Objects,
        range: Range<usize>,
        slice: &Slice,
        messages: &Messages,
        credits: &[Credit],
        sums: &mut [f32],
    ) {
        let (rows, steps) = (range.len(), self.channel.max_length());
        let (hidden, vocab_size) = (self.cell.hidden(), self.channel.vocab_size() as usize);
        let [of_cell @ .., output_weight, output_bias, encoder_table, encoder_bias] =
            cut_mut(self.sum_lens(), sums);
        let mut sums = CellSums::new(of_cell);
        let width = self.cell.width();
        let mut products = Recycled::<f32>::new(steps * rows * width);
        let mut grad_logits = vec![0.0; steps * rows * vocab_size];
        let mut grad_h = vec![0.0; rows * hidden];
        let mut grad_c = vec![0.0; rows * self.cell.cell_units()];
        for step in (0..steps).rev() {
            let at = step * rows * vocab_size..(step + 1) * rows * vocab_size;
            let grad_logits = &mut grad_logits[at.clone()];
            let distributions = slice.log_probs[at.clone()]
                .chunks_exact(vocab_size)
                .zip(slice.probs[at].chunks_exact(vocab_size));
            for (row, (gradient, (log_probs, probs))) in
                grad_logits.chunks_exact_mut(vocab_size).zip(distributions).enumerate()
            {
                let message = messages.get(range.start + row);
                if message[..step].contains(&END) {
                    continue;
                }
                let distribution = Distribution { log_probs, probs };
                distribution.backward(message[step] as usize, credits[range.start + row], gradient);
            }
            self.output.backward(rows, grad_logits, &mut grad_h);
            let (h, c) = slice.states(step);
            let inputs = &slice.inputs[step * rows..][..rows];
            let of_step = &mut products[step * rows * width..][..rows * width];
            let gradients = [&mut grad_h[..], &mut grad_c[..]];
            self.cell.step_back(inputs, [h, c], slice.kept_of(step), gradients, of_step, &mut sums);
        }
        add_outer(steps * rows, &products, &slice.h[..steps * rows * hidden], sums.state_weight);
        let h = &slice.h[rows * hidden..];
        self.output.sum(steps * rows, &grad_logits, h, [output_weight, output_bias]);
        self.encoder.backward(objects, range, &grad_h, [encoder_table, encoder_bias]);
    }
}

impl Speaker for RecurrentSpeaker {
    type Kept = SpeakerKept;

    fn channel(&self) -> Channel {
        self.channel
    }

    fn parameters(&self) -> &Parameters {
        &self.parameters
    }

    fn change(&mut self, change: &mut dyn FnMut(&mut [f32])) {
        change(self.parameters.values_mut());
        self.cell = self.cell_places.fold(&self.parameters);
        self.output = self.output_places.pack(&self.parameters);
    }

    fn speak(&self, objects: &Objects, choice: Choice<'_>) -> Utterance<SpeakerKept> {
        let (count, steps) = (objects.count(), self.channel.max_length());
        if let Choice::Sample(drawn) = choice {
            assert_eq!(drawn.len(), count * steps, "a number is drawn for each object and position");
        }
        let made: Vec<(Slice, Said)> = slices(count)
            .into_par_iter()
            .with_max_len(1)
            .map(|range| self.slice(objects, range, choice))
            .collect();
        let (kept, said): (Vec<Slice>, Vec<Said>) = made.into_iter().unzip();
        let symbols = said.iter().flat_map(|said| said.symbols.iter().copied()).collect();
        let of_rows = || said.iter().flat_map(|said| said.of_rows.iter());
        Utterance {
            messages: Messages::new(symbols, steps).expect("objects and messages have one row at least"),
            log_probs: of_rows().map(|&[log_prob, _]| log_prob).collect(),
            entropies: of_rows().map(|&[_, entropy]| entropy).collect(),
            kept: SpeakerKept(kept),
        }
    }

    fn gradient(&self, objects: &Objects, said: &Utterance<SpeakerKept>, credits: &[Credit]) -> Vec<f32> {
        assert_eq!(credits.len(), objects.count(), "there is a credit for each object");
        let lens = self.sum_lens();
        let (sums, _) = sum_over(&slices(objects.count()), &|index, range: Range<usize>| {
            let mut sums = vec![0.0; lens.iter().sum()];
            let slice = &said.kept.0[index];
            self.slice_back(objects, range, slice, &said.messages, credits, &mut sums);
            (sums, ())
        });
        let [of_cell @ .., output_weight, output_bias, encoder_table, encoder_bias] = cut(lens, &sums);
        let mut gradient = vec![0.0; self.parameters.values().len()];
        self.cell_places.unfold(&self.parameters, of_cell, &mut gradient);
        let [table, bias] = self.encoder.places();
        for (range, sum) in [
            (self.output_places.weight.clone(), output_weight),
            (self.output_places.bias.clone(), output_bias),
            (table, encoder_table),
            (bias, encoder_bias),
        ] {
            gradient[range].copy_from_slice(sum);
        }
        gradient
    }

    fn score(&self, objects: &Objects, messages: &Messages, each: &(dyn Fn(Range<usize>, &[f64]) + Sync)) {
        self.channel.check(messages).expect("the messages fit the channel");
        let sorted = Sorted::new(messages);
        let vocab_size = self.channel.vocab_size() as usize;
        slices(objects.count()).into_par_iter().with_max_len(1).for_each(|range| {
            let rows = range.len();
            let mut slice = Slice::new(&self.cell, rows, messages.max_length(), vocab_size);
            let (h, c) =
                (&mut slice.h[..rows * self.cell.hidden()], &mut slice.c[..rows * self.cell.cell_units()]);
            self.first_states(objects, range.clone(), h, c);
            let mut logits = vec![0.0; rows * vocab_size];
            let (mut log_probs, mut probs) = (Vec::new(), Vec::new());
            // Of each step, log π of the symbols up to it, and the distributions of its symbol.
            let mut sums = vec![vec![0.0; rows]; messages.max_length()];
            let mut distributions = vec![vec![0.0; rows * vocab_size]; messages.max_length()];
            let mut scores = vec![0.0; rows * messages.count()];
            for (index, shared) in sorted.iter() {
                let symbols = symbols(messages, index);
                for (step, &symbol) in symbols.iter().enumerate().skip(shared) {
                    // The distribution of a symbol depends on those before it, which may be shared.
                    if step > shared || index == sorted.first() {
                        let inputs =
                            vec![step.checked_sub(1).map_or(self.start(), |before| symbols[before]); rows];
                        let ([h, c], next, kept) = slice.step_mut(step);
                        self.cell.step(&inputs, [h, c], next, kept);
                        self.output.forward(rows, slice.states(step + 1).0, &mut logits);
                        log_probs.clear();
                        probs.clear();
                        for logits in logits.chunks_exact(vocab_size) {
                            Distribution::new(logits, &mut log_probs, &mut probs);
                        }
                        distributions[step].copy_from_slice(&log_probs);
                    }
                    for row in 0..rows {
                        let before = step.checked_sub(1).map_or(0.0, |before| sums[before][row]);
                        sums[step][row] =
                            before + f64::from(distributions[step][row * vocab_size + symbol as usize]);
                    }
                }
                for (row, sum) in sums[symbols.len() - 1].iter().enumerate() {
                    scores[row * messages.count() + index] = *sum;
                }
            }
            each(range, &scores);
        });
    }
}

/// What a speaker keeps of an utterance: the states of all steps, slice by slice.
#[derive(Debug)]
pub struct SpeakerKept(Vec<Slice>);

/// The states of a slice.
#[derive(Debug)]
struct Slice {
    rows: usize,
    hidden: usize,
    units: usize,
    /// `[T + 1, rows, H]`.
    h: Recycled,
    /// `[T + 1, rows, H]`, or nothing.
    c: Recycled,
    kept: Recycled,
    kept_len: usize,
    /// `[T, rows]`.
    inputs: Vec<u32>,
    /// `[T, rows, V]`.
    log_probs: Vec<f32>,
    probs: Vec<f32>,
}

impl Slice {
    fn new(cell: &EmbeddedCell, rows: usize, steps: usize, vocab_size: usize) -> Self {
        let (hidden, units) = (cell.hidden(), cell.cell_units());
        let kept_len = cell.cell.kept_len(rows);
        let distributions = steps * rows * vocab_size;
        Self {
            rows,
            hidden,
            units,
            h: Recycled::new((steps + 1) * rows * hidden),
            c: Recycled::new((steps + 1) * rows * units),
            kept: Recycled::new(steps * kept_len),
            kept_len,
            inputs: Vec::with_capacity(steps * rows),
            log_probs: Vec::with_capacity(distributions),
            probs: Vec::with_capacity(distributions),
        }
    }

    /// The states before a step.
    fn states(&self, step: usize) -> (&[f32], &[f32]) {
        let [h, c] = [self.rows * self.hidden, self.rows * self.units];
        (&self.h[step * h..][..h], &self.c[step * c..][..c])
    }

    fn kept_of(&self, step: usize) -> &[f32] {
        &self.kept[step * self.kept_len..][..self.kept_len]
    }

    /// The states before a step, those after it, and what it keeps.
    fn step_mut(&mut self, step: usize) -> ([&[f32]; 2], [&mut [f32]; 2], &mut [f32]) {
        let [h, c] = [self.rows * self.hidden, self.rows * self.units];
        let (before_h, next_h) = self.h.split_at_mut((step + 1) * h);
        let (before_c, next_c) = self.c.split_at_mut((step + 1) * c);
        let kept = &mut self.kept[step * self.kept_len..][..self.kept_len];
        ([&before_h[step * h..], &before_c[step * c..]], [&mut next_h[..h], &mut next_c[..c]], kept)
    }
}

/// What was said in a slice.
struct Said {
    /// `[rows, T]`.
    symbols: Vec<u32>,
    /// log π and Σ H of each row.
    of_rows: Vec<[f32; 2]>,
}

/// The distribution of a symbol.
struct Distribution<'a> {
    log_probs: &'a [f32],
    probs: &'a [f32],
}

impl<'a> Distribution<'a> {
    /// The softmax of logits, appended to the arrays.
    fn new(logits: &[f32], log_probs: &'a mut Vec<f32>, probs: &'a mut Vec<f32>) -> Self {
        let start = log_probs.len();
        let largest = logits.iter().copied().fold(f32::NEG_INFINITY, f32::max);
        probs.extend(logits.iter().map(|logit| (logit - largest).exp()));
        let probs = &mut probs[start..];
        let sum: f32 = probs.iter().sum();
        let log_sum = largest + sum.ln();
        log_probs.extend(logits.iter().map(|logit| logit - log_sum));
        for value in &mut *probs {
            *value /= sum;
        }
        Self { log_probs: &log_probs[start..], probs }
    }

    fn most_likely(&self) -> usize {
        let best = self.probs.iter().enumerate().max_by(|a, b| a.1.total_cmp(b.1).then(b.0.cmp(&a.0)));
        best.map_or(0, |(symbol, _)| symbol)
    }

    /// The first symbol whose cumulated probability is above the number.
    fn at(&self, number: f32) -> usize {
        let mut left = number;
        for (symbol, probability) in self.probs.iter().enumerate() {
            left -= probability;
            if left < 0.0 {
                return symbol;
            }
        }
        // The probabilities add up to a little less than 1.
        self.most_likely()
    }

    fn entropy(&self) -> f32 {
        -self.probs.iter().zip(self.log_probs).map(|(p, log_p)| p * log_p).sum::<f32>()
    }

    /// The gradient of the logits: `∂ log π(s) = [s] − p` and `∂ H = −p (log p + H)`.
    fn backward(&self, symbol: usize, credit: Credit, gradient: &mut [f32]) {
        let entropy = self.entropy();
        for (gradient, (p, log_p)) in gradient.iter_mut().zip(self.probs.iter().zip(self.log_probs)) {
            *gradient = -p * (credit.log_prob + credit.entropy * (log_p + entropy));
        }
        gradient[symbol] += credit.log_prob;
    }
}
