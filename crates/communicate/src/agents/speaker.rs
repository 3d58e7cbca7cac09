//! A speaker that is a network.

use std::ops::Range;

use autodidact_experiment::rng::Stream;
use rand::Rng;
use rayon::prelude::*;

use super::body::{Body, States, at};
use super::config::AgentConfig;
use super::cut::{cut, cut_mut};
use super::dense::{Dense, DensePlaces};
use super::distribution::Distribution;
use super::encoder::{AttributeEncoder, Encoder, FeatureEncoder};
use super::forest::Forest;
use super::parameters::Parameters;
use super::prefixes::{Sorted, symbols};
use super::relaxed::RelaxedSpeaker;
use super::slices::{slices, sum_over};
use super::{Choice, Credit, Speaker, Utterance};
use crate::game::{Channel, ProductSpace};
use crate::{END, Messages};

/// A speaker about objects of attributes or of features. A linear layer on its state and a softmax give the next symbol, up to the
/// first [`END`] or to T symbols.
///
/// The state of an LSTM or a GRU begins as the encoded object. The first input is a learnt vector, each further one the embedding of the
/// symbol before. A transformer's first token is the encoded object, its further ones are the embeddings of the symbols; each
/// state sees the tokens up to its own.
#[derive(Clone, Debug)]
pub struct NetworkSpeaker<E = AttributeEncoder> {
    config: AgentConfig,
    pub(super) channel: Channel,
    parameters: Parameters,
    pub(super) encoder: E,
    pub(super) body: Body,
    output_places: DensePlaces,
    pub(super) output: Dense,
}

/// The name of a [`NetworkSpeaker`] before there were transformers.
pub type RecurrentSpeaker<E = AttributeEncoder> = NetworkSpeaker<E>;

impl NetworkSpeaker {
    /// A speaker about the objects of a space, with weights as `PyTorch`'s layers begin.
    pub fn new(config: &AgentConfig, space: &ProductSpace, channel: Channel, rng: &mut impl Rng) -> Self {
        let mut parameters = Parameters::default();
        let encoder = AttributeEncoder::new(&mut parameters, space.num_values(), config.hidden, rng);
        Self::with(encoder, parameters, config, channel, rng)
    }
}

impl NetworkSpeaker<FeatureEncoder> {
    /// A speaker about vectors of `width` features, with weights as `PyTorch`'s layers begin.
    pub fn of_features(config: &AgentConfig, width: usize, channel: Channel, rng: &mut impl Rng) -> Self {
        let mut parameters = Parameters::default();
        let encoder = FeatureEncoder::new(&mut parameters, width, config.hidden, rng);
        Self::with(encoder, parameters, config, channel, rng)
    }
}

impl<E: Encoder> NetworkSpeaker<E> {
    /// With the encoder's numbers made already.
    fn with(
        encoder: E,
        mut parameters: Parameters,
        config: &AgentConfig,
        channel: Channel,
        rng: &mut impl Rng,
    ) -> Self {
        let body = Body::new(&mut parameters, config, channel, true, rng);
        let names = ["output.weight", "output.bias"];
        let size = [config.hidden, channel.vocab_size() as usize];
        let output_places = DensePlaces::new(&mut parameters, names, size, rng);
        let output = output_places.pack(&parameters);
        Self { config: *config, channel, parameters, encoder, body, output_places, output }
    }

    pub(super) fn sum_lens(&self) -> [usize; 5] {
        let [table, bias] = self.encoder.places().map(|place| place.len());
        let DensePlaces { weight, bias: output_bias, .. } = &self.output_places;
        [self.body.sums_len(), weight.len(), output_bias.len(), table, bias]
    }

    /// The input of the first step.
    pub(super) fn start(&self) -> u32 {
        self.channel.vocab_size()
    }

    /// Encodes some objects, `[range, H]`.
    pub(super) fn encode(&self, objects: &E::Objects, range: Range<usize>) -> Vec<f32> {
        let mut encoded = vec![0.0; range.len() * self.body.hidden()];
        self.encoder.forward(&self.parameters, objects, range, &mut encoded);
        encoded
    }

    /// Says something of some objects. A row whose message has ended makes no further steps.
    fn slice(&self, objects: &E::Objects, range: Range<usize>, choice: Choice<'_>) -> (Slice, Said) {
        let (rows, steps) = (range.len(), self.channel.max_length());
        let vocab_size = self.channel.vocab_size() as usize;
        let mut slice = Slice {
            forest: Forest::rooted(rows, self.start()),
            rows: (0..rows).collect(),
            states: self.body.states(rows * steps),
            log_probs: Vec::with_capacity(rows * steps * vocab_size),
            probs: Vec::with_capacity(rows * steps * vocab_size),
        };
        let mut said = Said { symbols: vec![END; rows * steps], of_rows: vec![[0.0; 2]; rows] };
        let encoded = self.encode(objects, range.clone());
        let mut logits = vec![0.0; rows * vocab_size];
        for step in 0..steps {
            let nodes = slice.forest.levels[step].clone();
            let logits = &mut logits[..nodes.len() * vocab_size];
            self.body.run(&slice.forest, step..step + 1, Some(&encoded), &mut slice.states);
            self.output.forward(nodes.len(), slice.states.of(&nodes), logits);
            for (node, logits) in nodes.zip(logits.chunks_exact(vocab_size)) {
                let row = slice.rows[node];
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
                    slice.forest.push(symbol as u32, node);
                    slice.rows.push(row);
                }
            }
            if !slice.forest.close() {
                break;
            }
        }
        (slice, said)
    }

    /// Turns sums into the gradient of the numbers.
    pub(super) fn unfold(&self, sums: &[f32]) -> Vec<f32> {
        let [of_body, output_weight, output_bias, encoder_table, encoder_bias] = cut(self.sum_lens(), sums);
        let mut gradient = vec![0.0; self.parameters.values().len()];
        self.body.unfold(&self.parameters, of_body, &mut gradient);
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

    /// Adds the gradients of a slice to the sums; returns that of the encoded objects, `[range, H]`.
    fn slice_back(
        &self,
        objects: &E::Objects,
        range: Range<usize>,
        slice: &Slice,
        messages: &Messages,
        credits: &[Credit],
        sums: &mut [f32],
    ) -> Vec<f32> {
        let Slice { forest, rows, states, log_probs, probs } = slice;
        let vocab_size = self.channel.vocab_size() as usize;
        let [of_body, output_weight, output_bias, encoder_table, encoder_bias] =
            cut_mut(self.sum_lens(), sums);
        let count = forest.count();
        let mut grad_logits = vec![0.0; count * vocab_size];
        let mut of_level = |step: usize, grad_states: &mut [f32], _: &[f32]| {
            let nodes = &forest.levels[step];
            let symbols = at(nodes, vocab_size);
            let of_logits = &mut grad_logits[symbols.clone()];
            let distributions = log_probs[symbols.clone()]
                .chunks_exact(vocab_size)
                .zip(probs[symbols].chunks_exact(vocab_size));
            for ((gradient, (log_probs, probs)), row) in
                of_logits.chunks_exact_mut(vocab_size).zip(distributions).zip(&rows[nodes.clone()])
            {
                let object = range.start + row;
                let symbol = messages.get(object)[step] as usize;
                Distribution { log_probs, probs }.backward(symbol, credits[object], gradient);
            }
            self.output.backward(nodes.len(), of_logits, grad_states);
        };
        let of_inputs = self.body.back(forest, states, true, &mut of_level, of_body);
        self.output.sum(count, &grad_logits, states.of(&(0..count)), [output_weight, output_bias]);
        self.encoder.backward(objects, range, &of_inputs.objects, [encoder_table, encoder_bias]);
        of_inputs.objects
    }

    /// [`Speaker::gradient`], and that of the encoded objects, `[N, H]`.
    pub(super) fn gradient_through(
        &self,
        objects: &E::Objects,
        (SpeakerKept(kept), messages): (&SpeakerKept, &Messages),
        credits: &[Credit],
    ) -> (Vec<f32>, Vec<f32>) {
        assert_eq!(credits.len(), E::count(objects), "there is a credit for each object");
        let (sums, of_encoded) = sum_over(&slices(E::count(objects)), &|index, range: Range<usize>| {
            let mut sums = vec![0.0; self.sum_lens().iter().sum()];
            let of_encoded = self.slice_back(objects, range, &kept[index], messages, credits, &mut sums);
            (sums, of_encoded)
        });
        (self.unfold(&sums), of_encoded.concat())
    }
}

impl<E: Encoder> Speaker<E::Objects> for NetworkSpeaker<E> {
    type Kept = SpeakerKept;

    fn channel(&self) -> Channel {
        self.channel
    }

    fn parameters(&self) -> &Parameters {
        &self.parameters
    }

    fn change(&mut self, change: &mut dyn FnMut(&mut [f32])) {
        change(self.parameters.values_mut());
        self.body.refresh(&self.parameters);
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
        self.gradient_through(objects, (&said.kept, &said.messages), credits).0
    }

    fn relaxed(&self) -> Option<&dyn RelaxedSpeaker<E::Objects>> {
        Some(self)
    }

    fn score(&self, objects: &E::Objects, messages: &Messages, each: &(dyn Fn(Range<usize>, &[f64]) + Sync)) {
        self.channel.check(messages).expect("the messages fit the channel");
        let sorted = Sorted::new(messages);
        let vocab_size = self.channel.vocab_size() as usize;
        slices(E::count(objects)).into_par_iter().with_max_len(1).for_each(|range| {
            let rows = range.len();
            let mut stack = Forest::chains(rows, messages.max_length());
            let mut states = self.body.states(stack.count());
            let encoded = self.encode(objects, range.clone());
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
                        let nodes = stack.levels[step].clone();
                        let input = step.checked_sub(1).map_or(self.start(), |before| symbols[before]);
                        stack.inputs[nodes.clone()].fill(input);
                        self.body.run(&stack, step..step + 1, Some(&encoded), &mut states);
                        self.output.forward(rows, states.of(&nodes), &mut logits);
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

/// The states of a slice. A node is a row at a step that it makes.
#[derive(Debug)]
struct Slice {
    forest: Forest,
    /// The row of each node.
    rows: Vec<usize>,
    states: States,
    /// `[nodes, V]`.
    log_probs: Vec<f32>,
    probs: Vec<f32>,
}

/// What was said in a slice.
struct Said {
    /// `[rows, T]`.
    symbols: Vec<u32>,
    /// log π and Σ H of each row.
    of_rows: Vec<[f32; 2]>,
}
