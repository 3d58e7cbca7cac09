//! A recurrent speaker.

use std::ops::Range;

use autodidact_experiment::rng::Stream;
use autodidact_kernels::Recycled;
use rand::Rng;
use rayon::prelude::*;

use super::cell::{CellPlaces, CellSums, EmbeddedCell, cut, cut_mut};
use super::config::AgentConfig;
use super::dense::{Dense, DensePlaces, add_outer};
use super::distribution::Distribution;
use super::encoder::{AttributeEncoder, Encoder, FeatureEncoder};
use super::parameters::Parameters;
use super::prefixes::{Sorted, symbols};
use super::slices::{slices, sum_over};
use super::{Choice, Credit, Speaker, Utterance};
use crate::game::{Channel, ProductSpace};
use crate::{END, Messages};

/// A speaker whose recurrent state begins as the encoded object, one of attributes or of features. The first input is a learnt vector, each further one the embedding of the
/// symbol before; a linear layer on the state and a softmax give the next symbol. All T steps are made, and what follows the first
/// [`END`] is masked.
#[derive(Clone, Debug)]
pub struct RecurrentSpeaker<E = AttributeEncoder> {
    config: AgentConfig,
    channel: Channel,
    parameters: Parameters,
    encoder: E,
    cell_places: CellPlaces,
    output_places: DensePlaces,
    cell: EmbeddedCell,
    output: Dense,
}

impl RecurrentSpeaker {
    /// A speaker about the objects of a space, with weights as `PyTorch`'s layers begin.
    pub fn new(config: &AgentConfig, space: &ProductSpace, channel: Channel, rng: &mut impl Rng) -> Self {
        let mut parameters = Parameters::default();
        let encoder = AttributeEncoder::new(&mut parameters, space.num_values(), config.hidden, rng);
        Self::with(encoder, parameters, config, channel, rng)
    }
}

impl RecurrentSpeaker<FeatureEncoder> {
    /// A speaker about vectors of `width` features, with weights as `PyTorch`'s layers begin.
    pub fn of_features(config: &AgentConfig, width: usize, channel: Channel, rng: &mut impl Rng) -> Self {
        let mut parameters = Parameters::default();
        let encoder = FeatureEncoder::new(&mut parameters, width, config.hidden, rng);
        Self::with(encoder, parameters, config, channel, rng)
    }
}

impl<E: Encoder> RecurrentSpeaker<E> {
    /// With the encoder's numbers made already.
    fn with(
        encoder: E,
        mut parameters: Parameters,
        config: &AgentConfig,
        channel: Channel,
        rng: &mut impl Rng,
    ) -> Self {
        let symbols = channel.vocab_size() as usize;
        // The last row is the start's.
        let cell_places = CellPlaces::new(&mut parameters, config, symbols + 1, rng);
        let names = ["output.weight", "output.bias"];
        let output_places = DensePlaces::new(&mut parameters, names, [config.hidden, symbols], rng);
        let (cell, output) = (cell_places.fold(&parameters), output_places.pack(&parameters));
        Self { config: *config, channel, parameters, encoder, cell_places, output_places, cell, output }
    }

    fn sum_lens(&self) -> [usize; 11] {
        let [a, b, c, d, e, f, g] = self.cell_places.sum_lens();
        let [table, bias] = self.encoder.places().map(|place| place.len());
        [a, b, c, d, e, f, g, self.output_places.weight.len(), self.output_places.bias.len(), table, bias]
    }

    /// The input of the first step.
    fn start(&self) -> u32 {
        self.channel.vocab_size()
    }

    /// Encodes some objects as first states.
    fn first_states(&self, objects: &E::Objects, range: Range<usize>, h: &mut [f32], c: &mut [f32]) {
        self.encoder.forward(&self.parameters, objects, range, h);
        c.fill(0.0);
    }

    /// Says something of some objects. A row whose message has ended makes no further steps.
    fn slice(&self, objects: &E::Objects, range: Range<usize>, choice: Choice<'_>) -> (Slice, Said) {
        let (rows, steps) = (range.len(), self.channel.max_length());
        let (hidden, units) = (self.cell.hidden(), self.cell.cell_units());
        let vocab_size = self.channel.vocab_size() as usize;
        let mut slice = Slice::new(&self.cell, rows * steps, vocab_size);
        let mut said = Said { symbols: vec![END; rows * steps], of_rows: vec![[0.0; 2]; rows] };
        let (h, c) = (&mut slice.before_h[..rows * hidden], &mut slice.before_c[..rows * units]);
        self.first_states(objects, range.clone(), h, c);
        slice.nodes.extend((0..rows).map(|row| Node { row, parent: row }));
        slice.inputs.resize(rows, self.start());
        let mut next_c = vec![0.0; rows * units];
        let mut logits = vec![0.0; rows * vocab_size];
        for step in 0..steps {
            let nodes = slice.levels.last().map_or(0, |level| level.end)..slice.nodes.len();
            if nodes.is_empty() {
                break;
            }
            let next_c = &mut next_c[..nodes.len() * units];
            let logits = &mut logits[..nodes.len() * vocab_size];
            slice.step(&self.cell, nodes.clone(), next_c);
            self.output.forward(nodes.len(), &slice.after_h[at(&nodes, hidden)], logits);
            for (place, logits) in logits.chunks_exact(vocab_size).enumerate() {
                let row = slice.nodes[nodes.start + place].row;
                let distribution = Distribution::new(logits, &mut slice.log_probs, &mut slice.probs);
                let symbol = match choice {
                    Choice::Greedy => distribution.most_likely(),
                    Choice::Sample(drawn) => distribution.at(drawn[(range.start + row) * steps + step]),
                    Choice::Given(messages) => messages.get(range.start + row)[step] as usize,
                };
                said.symbols[row * steps + step] = symbol as u32;
                said.of_rows[row][0] += distribution.log_probs[symbol];
                said.of_rows[row][1] += distribution.entropy();
                if symbol as u32 != END && step + 1 < steps {
                    let node = slice.nodes.len();
                    slice.nodes.push(Node { row, parent: place });
                    slice.inputs.push(symbol as u32);
                    let from = &slice.after_h[(nodes.start + place) * hidden..][..hidden];
                    slice.before_h[node * hidden..][..hidden].copy_from_slice(from);
                    slice.before_c[node * units..][..units]
                        .copy_from_slice(&next_c[place * units..][..units]);
                }
            }
            slice.levels.push(nodes);
        }
        (slice, said)
    }

    /// Adds the gradients of a slice to the sums.
    fn slice_back(
        &self,
        objects: &E::Objects,
        range: Range<usize>,
        slice: &Slice,
        messages: &Messages,
        credits: &[Credit],
        sums: &mut [f32],
    ) {
        let (hidden, units, width) = (self.cell.hidden(), self.cell.cell_units(), self.cell.width());
        let vocab_size = self.channel.vocab_size() as usize;
        let [of_cell @ .., output_weight, output_bias, encoder_table, encoder_bias] =
            cut_mut(self.sum_lens(), sums);
        let mut sums = CellSums::new(of_cell);
        let count = slice.nodes.len();
        let mut products = Recycled::<f32>::new(count * width);
        let mut grad_logits = vec![0.0; count * vocab_size];
        let (mut grad_h, mut grad_c): (Vec<f32>, Vec<f32>) = (Vec::new(), Vec::new());
        for (step, nodes) in slice.levels.iter().enumerate().rev() {
            // What the next step's rows hand back to this one's.
            let (further_h, further_c) = (std::mem::take(&mut grad_h), std::mem::take(&mut grad_c));
            grad_h.resize(nodes.len() * hidden, 0.0);
            grad_c.resize(nodes.len() * units, 0.0);
            let further = slice.levels.get(step + 1).map_or(&[][..], |level| &slice.nodes[level.clone()]);
            for (place, &Node { parent, .. }) in further.iter().enumerate() {
                grad_h[parent * hidden..][..hidden].copy_from_slice(&further_h[place * hidden..][..hidden]);
                grad_c[parent * units..][..units].copy_from_slice(&further_c[place * units..][..units]);
            }
            let symbols = at(nodes, vocab_size);
            let of_logits = &mut grad_logits[symbols.clone()];
            let distributions = slice.log_probs[symbols.clone()]
                .chunks_exact(vocab_size)
                .zip(slice.probs[symbols].chunks_exact(vocab_size));
            for ((gradient, (log_probs, probs)), node) in
                of_logits.chunks_exact_mut(vocab_size).zip(distributions).zip(&slice.nodes[nodes.clone()])
            {
                let object = range.start + node.row;
                let symbol = messages.get(object)[step] as usize;
                Distribution { log_probs, probs }.backward(symbol, credits[object], gradient);
            }
            self.output.backward(nodes.len(), of_logits, &mut grad_h);
            let before = [&slice.before_h[at(nodes, hidden)], &slice.before_c[at(nodes, units)]];
            let kept = &slice.kept[kept_of(&self.cell, nodes)];
            let gradients = [&mut grad_h[..], &mut grad_c[..]];
            let of_step = &mut products[at(nodes, width)];
            self.cell.step_back(&slice.inputs[nodes.clone()], before, kept, gradients, of_step, &mut sums);
        }
        add_outer(count, &products, &slice.before_h[..count * hidden], sums.state_weight);
        let h = &slice.after_h[..count * hidden];
        self.output.sum(count, &grad_logits, h, [output_weight, output_bias]);
        self.encoder.backward(objects, range, &grad_h, [encoder_table, encoder_bias]);
    }
}

impl<E: Encoder> Speaker<E::Objects> for RecurrentSpeaker<E> {
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
        self.encoder.refresh(&self.parameters);
    }

    fn speak(&self, objects: &E::Objects, choice: Choice<'_>) -> Utterance<SpeakerKept> {
        let (count, steps) = (E::count(objects), self.channel.max_length());
        match choice {
            Choice::Sample(drawn) => {
                assert_eq!(drawn.len(), count * steps, "a number is drawn for each object and position");
            }
            Choice::Given(messages) => {
                assert_eq!(messages.count(), count, "there is a message for each object");
                assert_eq!(messages.max_length(), steps, "messages have the channel's positions");
                self.channel.check(messages).expect("the messages fit the channel");
            }
            Choice::Greedy => {}
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

    fn gradient(&self, objects: &E::Objects, said: &Utterance<SpeakerKept>, credits: &[Credit]) -> Vec<f32> {
        assert_eq!(credits.len(), E::count(objects), "there is a credit for each object");
        let lens = self.sum_lens();
        let (sums, _) = sum_over(&slices(E::count(objects)), &|index, range: Range<usize>| {
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

    fn score(&self, objects: &E::Objects, messages: &Messages, each: &(dyn Fn(Range<usize>, &[f64]) + Sync)) {
        self.channel.check(messages).expect("the messages fit the channel");
        let sorted = Sorted::new(messages);
        let vocab_size = self.channel.vocab_size() as usize;
        slices(E::count(objects)).into_par_iter().with_max_len(1).for_each(|range| {
            let rows = range.len();
            let mut stack = Stack::new(&self.cell, rows, messages.max_length());
            self.first_states(objects, range.clone(), &mut stack.h[..rows * self.cell.hidden()], &mut []);
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
                        self.output.forward(rows, stack.step(&self.cell, &inputs, step), &mut logits);
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

    fn renew(&mut self, rng: &mut Stream) {
        let mut parameters = Parameters::default();
        let encoder = self.encoder.fresh(&mut parameters, rng);
        *self = Self::with(encoder, parameters, &self.config, self.channel, rng);
    }
}

/// What a speaker keeps of an utterance: the states of all steps, slice by slice.
#[derive(Debug)]
pub struct SpeakerKept(Vec<Slice>);

/// The states of a slice. A node is a row at a step that it makes, and those of a step follow one another.
#[derive(Debug)]
struct Slice {
    nodes: Vec<Node>,
    /// The nodes of each step.
    levels: Vec<Range<usize>>,
    inputs: Vec<u32>,
    before_h: Recycled,
    before_c: Recycled,
    after_h: Recycled,
    kept: Recycled,
    /// `[nodes, V]`.
    log_probs: Vec<f32>,
    probs: Vec<f32>,
}

/// A row at a step.
#[derive(Clone, Copy, Debug)]
struct Node {
    row: usize,
    /// Its place among the nodes of the step before.
    parent: usize,
}

impl Slice {
    /// With room for so many nodes.
    fn new(cell: &EmbeddedCell, nodes: usize, vocab_size: usize) -> Self {
        Self {
            nodes: Vec::with_capacity(nodes),
            levels: Vec::new(),
            inputs: Vec::with_capacity(nodes),
            before_h: Recycled::new(nodes * cell.hidden()),
            before_c: Recycled::new(nodes * cell.cell_units()),
            after_h: Recycled::new(nodes * cell.hidden()),
            kept: Recycled::new(cell.cell.kept_len(nodes)),
            log_probs: Vec::with_capacity(nodes * vocab_size),
            probs: Vec::with_capacity(nodes * vocab_size),
        }
    }

    /// Makes the step of these nodes; their c goes to `next_c`.
    fn step(&mut self, cell: &EmbeddedCell, nodes: Range<usize>, next_c: &mut [f32]) {
        let (h, c) = (at(&nodes, cell.hidden()), at(&nodes, cell.cell_units()));
        let kept = kept_of(cell, &nodes);
        let before = [&self.before_h[h.clone()], &self.before_c[c]];
        cell.step(&self.inputs[nodes], before, [&mut self.after_h[h], next_c], &mut self.kept[kept]);
    }
}

/// Where rows of this width are.
fn at(rows: &Range<usize>, width: usize) -> Range<usize> {
    rows.start * width..rows.end * width
}

/// Where what these rows keep is.
fn kept_of(cell: &EmbeddedCell, rows: &Range<usize>) -> Range<usize> {
    cell.cell.kept_len(rows.start)..cell.cell.kept_len(rows.end)
}

/// The states after each of some symbols, of rows that all get the same ones.
struct Stack {
    rows: usize,
    /// `[T + 1, rows, H]`.
    h: Vec<f32>,
    /// `[T + 1, rows, H]`, or nothing.
    c: Vec<f32>,
    kept: Vec<f32>,
}

impl Stack {
    fn new(cell: &EmbeddedCell, rows: usize, steps: usize) -> Self {
        let zeros = |width| vec![0.0; (steps + 1) * rows * width];
        let kept = vec![0.0; cell.cell.kept_len(rows)];
        Self { rows, h: zeros(cell.hidden()), c: zeros(cell.cell_units()), kept }
    }

    /// Makes the step of this number from the states before it; the next h.
    fn step(&mut self, cell: &EmbeddedCell, inputs: &[u32], step: usize) -> &[f32] {
        let [h, c] = [self.rows * cell.hidden(), self.rows * cell.cell_units()];
        let (before_h, next_h) = self.h.split_at_mut((step + 1) * h);
        let (before_c, next_c) = self.c.split_at_mut((step + 1) * c);
        let next = [&mut next_h[..h], &mut next_c[..c]];
        cell.step(inputs, [&before_h[step * h..], &before_c[step * c..]], next, &mut self.kept);
        &self.h[(step + 1) * h..][..h]
    }
}

/// What was said in a slice.
struct Said {
    /// `[rows, T]`.
    symbols: Vec<u32>,
    /// log π and Σ H of each row.
    of_rows: Vec<[f32; 2]>,
}
