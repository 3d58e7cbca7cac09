//! A listener that is a network and finds an object among others.

use std::ops::Range;

use autodidact_experiment::rng::Stream;
use autodidact_kernels::{Epilogue, MatMul, PackedMatrix, Precision, matmul};
use rand::Rng;
use rayon::prelude::*;

use super::Listener;
use super::config::AgentConfig;
use super::cut::{cut, cut_mut};
use super::dense::{Dense, DensePlaces, add_outer};
use super::parameters::Parameters;
use super::reader::Reader;
use super::relaxed::{RelaxedHearing, RelaxedListener, RelaxedMessages};
use super::slices::{slices, sum_over};
use crate::game::{Channel, Lineups};
use crate::{Features, Messages};

/// A listener that reads a message up to its end and compares its last state with features of the candidates: both go through a linear
/// layer to P numbers, and the softmax of their dot products over the candidates is `ρ(target|m, C)`. The layer of the objects has no
/// biases, which would add the same to all scores of a message.
#[derive(Clone, Debug)]
pub struct NetworkDiscriminator {
    config: AgentConfig,
    /// D and P.
    size: [usize; 2],
    parameters: Parameters,
    reader: Reader,
    message_places: DensePlaces,
    object_place: Range<usize>,
    message: Dense,
    object: PackedMatrix,
}

/// The name of a [`NetworkDiscriminator`] before there were transformers.
pub type RecurrentDiscriminator = NetworkDiscriminator;

impl NetworkDiscriminator {
    /// A listener for vectors of D features and P = `projection` numbers to compare by (`size` is `[D, P]`), with weights as `PyTorch`'s
    /// layers begin.
    pub fn new(config: &AgentConfig, size: [usize; 2], channel: Channel, rng: &mut impl Rng) -> Self {
        let [width, projection] = size;
        let mut parameters = Parameters::default();
        let reader = Reader::new(&mut parameters, config, channel, rng);
        let names = ["message.weight", "message.bias"];
        let message_places = DensePlaces::new(&mut parameters, names, [config.hidden, projection], rng);
        let object_place = parameters.uniform("object.weight", &[projection, width], width, rng);
        let message = message_places.pack(&parameters);
        let object = PackedMatrix::transposed(size, parameters.at(&object_place));
        Self { config: *config, size, parameters, reader, message_places, object_place, message, object }
    }

    /// Lengths of the sums of a slice of messages; the last one is that of the objects' projections.
    fn sum_lens(&self, objects: usize) -> [usize; 4] {
        let DensePlaces { weight, bias, .. } = &self.message_places;
        [self.reader.sums_len(), weight.len(), bias.len(), objects * self.size[1]]
    }

    /// The projections of objects, `[objects, P]`.
    fn project(&self, objects: &Features) -> Vec<f32> {
        let projection = self.size[1];
        let mut projected = vec![0.0; objects.count() * projection];
        let ranges = slices(objects.count()).into_par_iter().with_max_len(1);
        let rows = slices(objects.count())[0].len();
        ranges.zip(projected.par_chunks_mut(rows * projection)).for_each(|(range, out)| {
            self.object.multiply(range.len(), &objects.floats(range), &Epilogue::default(), out);
        });
        projected
    }

    /// Compares states of messages of these numbers with their candidates.
    fn compare(&self, lineups: &Lineups, projected: &[f32], order: &[usize], states: &[f32]) -> Compared {
        let (rows, projection, num_candidates) = (order.len(), self.size[1], lineups.num_candidates());
        let mut heard = vec![0.0; rows * projection];
        self.message.forward(rows, states, &mut heard);
        let mut scores = vec![0.0; rows * num_candidates]; // [rows, C]
        if lineups.own(order[0]).is_none() {
            let shape = MatMul::new(1, [rows, projection, num_candidates]).transpose_b();
            matmul(&shape, Precision::F32, &heard, projected, &Epilogue::default(), &mut scores);
        }
        for ((&game, scores), heard) in
            order.iter().zip(scores.chunks_exact_mut(num_candidates)).zip(heard.chunks_exact(projection))
        {
            let own = lineups.own(game).unwrap_or_default();
            for (score, object) in scores.iter_mut().zip(own) {
                let object = &projected[object * projection..][..projection];
                *score = heard.iter().zip(object).map(|(a, b)| a * b).sum();
            }
        }
        Compared { heard, scores }
    }

    /// Adds the gradients of `Σ −share · log ρ` to the sums and returns that of the states. Scores are log ρ.
    fn compare_back(
        &self,
        lineups: &Lineups,
        projected: &[f32],
        order: &[usize],
        (states, compared): (&[f32], Compared),
        shares: &[f32],
        [weight, bias, of_objects]: [&mut [f32]; 3],
    ) -> Vec<f32> {
        let (rows, projection, num_candidates) = (order.len(), self.size[1], lineups.num_candidates());
        let Compared { heard, mut scores } = compared;
        // ∂(−log ρ) = p − [target].
        for ((&game, share), gradient) in
            order.iter().zip(shares).zip(scores.chunks_exact_mut(num_candidates))
        {
            for value in &mut *gradient {
                *value = value.exp() * share;
            }
            gradient[lineups.target(game)] -= share;
        }
        let mut of_heard = vec![0.0; rows * projection];
        if lineups.own(order[0]).is_none() {
            let shape = MatMul::new(1, [rows, num_candidates, projection]);
            matmul(&shape, Precision::F32, &scores, projected, &Epilogue::default(), &mut of_heard);
            add_outer(rows, &scores, &heard, of_objects);
        }
        for (row, (&game, slopes)) in order.iter().zip(scores.chunks_exact(num_candidates)).enumerate() {
            let at = |row: usize| row * projection..(row + 1) * projection;
            for (&slope, &object) in slopes.iter().zip(lineups.own(game).unwrap_or_default()) {
                add_scaled(&mut of_heard[at(row)], slope, &projected[at(object)]);
                add_scaled(&mut of_objects[at(object)], slope, &heard[at(row)]);
            }
        }
        self.message.sum(rows, &of_heard, states, [weight, bias]);
        let mut of_states = vec![0.0; states.len()];
        self.message.backward(rows, &of_heard, &mut of_states);
        of_states
    }

    /// Turns sums into the gradient of the numbers.
    fn unfold(&self, pool: &Features, sums: &[f32]) -> Vec<f32> {
        let projection = self.size[1];
        let [of_body, message_weight, message_bias, of_objects] = cut(self.sum_lens(pool.count()), sums);
        let (of_object, _) = sum_over(&slices(pool.count()), &|_, range: Range<usize>| {
            let mut sum = vec![0.0; self.object_place.len()];
            let gradient = &of_objects[range.start * projection..range.end * projection];
            add_outer(range.len(), gradient, &pool.floats(range), &mut sum);
            (sum, ())
        });
        let mut gradient = vec![0.0; self.parameters.values().len()];
        self.reader.unfold(&self.parameters, of_body, &mut gradient);
        for (place, sum) in [
            (&self.message_places.weight, message_weight),
            (&self.message_places.bias, message_bias),
            (&self.object_place, &of_object[..]),
        ] {
            gradient[place.clone()].copy_from_slice(sum);
        }
        gradient
    }

    /// The gradient of the candidates' features, `[pool, D]`, out of the sums of so many candidates.
    fn of_pool(&self, objects: usize, sums: &[f32]) -> Vec<f32> {
        let [width, projection] = self.size;
        let [.., of_objects] = cut(self.sum_lens(objects), sums);
        let mut of_pool = vec![0.0; objects * width];
        let weight = self.parameters.at(&self.object_place); // [P, D]
        let shape = MatMul::new(1, [objects, projection, width]);
        matmul(&shape, Precision::F32, of_objects, weight, &Epilogue::default(), &mut of_pool);
        of_pool
    }

    /// [`Listener::gradient`], and that of the features of [`Lineups::pool`], `[pool, D]`.
    pub(super) fn gradient_through(
        &self,
        lineups: &Lineups,
        messages: &Messages,
        mask: Option<&[f32]>,
    ) -> (Vec<f32>, Vec<f32>, Vec<f32>) {
        let (sums, likelihoods) = self.sums(lineups, messages, mask);
        let pool = lineups.pool();
        (likelihoods, self.unfold(pool, &sums), self.of_pool(pool.count(), &sums))
    }

    /// [`RelaxedListener::relaxed_gradient`], and the gradient of the features of [`Lineups::pool`], `[pool, D]`.
    pub(super) fn relaxed_through(
        &self,
        lineups: &Lineups,
        messages: &RelaxedMessages,
        mask: Option<&[f32]>,
    ) -> (RelaxedHearing, Vec<f32>) {
        let (sums, losses, of_symbols) = self.relaxed_sums(lineups, messages, mask);
        let pool = lineups.pool();
        let hearing = RelaxedHearing { losses, gradient: self.unfold(pool, &sums), of_symbols };
        (hearing, self.of_pool(pool.count(), &sums))
    }

    /// The sums of all messages, and log ρ of the targets.
    fn sums(&self, lineups: &Lineups, messages: &Messages, mask: Option<&[f32]>) -> (Vec<f32>, Vec<f32>) {
        self.check(lineups, messages);
        let projected = self.project(lineups.pool());
        let lens = self.sum_lens(lineups.pool().count());
        let share = 1.0 / messages.count() as f32;
        let run = |order: &[usize]| {
            let mut reading = self.reader.read(messages, order);
            if let Some(mask) = mask {
                reading.apply(mask, self.reader.hidden(), order);
            }
            let mut compared = self.compare(lineups, &projected, order, &reading.last);
            let likelihoods = Self::log_softmax(lineups, order, &mut compared.scores);
            let mut sums = vec![0.0; lens.iter().sum()];
            let [of_body, of_rest @ ..] = cut_mut(lens, &mut sums);
            let (shares, of) = (vec![share; order.len()], (&reading.last[..], compared));
            reading.last = self.compare_back(lineups, &projected, order, of, &shares, of_rest);
            if let Some(mask) = mask {
                reading.apply(mask, self.reader.hidden(), order);
            }
            self.reader.read_back(&reading, &reading.last, of_body);
            (sums, likelihoods)
        };
        self.reader.over(messages, &run)
    }

    /// The sums of all mixtures, the losses `[N, T]` and the gradient of the mixtures, `[N, T, V]`.
    fn relaxed_sums(
        &self,
        lineups: &Lineups,
        messages: &RelaxedMessages,
        mask: Option<&[f32]>,
    ) -> (Vec<f32>, Vec<f32>, Vec<f32>) {
        assert_eq!(lineups.count(), messages.count(), "there is a message for each game");
        let projected = self.project(lineups.pool());
        let [of_body, lens @ ..] = self.sum_lens(lineups.pool().count());
        let answer = |order: &[usize], states: &[f32], shares: &[f32], sums: &mut [f32]| {
            let mut compared = self.compare(lineups, &projected, order, states);
            let log_probs = Self::log_softmax(lineups, order, &mut compared.scores);
            let losses = log_probs.into_iter().map(|value| -value).collect();
            let sums = cut_mut(lens, sums);
            (losses, self.compare_back(lineups, &projected, order, (states, compared), shares, sums))
        };
        let sums_len = of_body + lens.iter().sum::<usize>();
        self.reader.over_mixtures(messages, mask, sums_len, &answer)
    }

    /// log ρ of each candidate in the place of its score; those of the targets.
    fn log_softmax(lineups: &Lineups, order: &[usize], scores: &mut [f32]) -> Vec<f32> {
        let rows = order.iter().zip(scores.chunks_exact_mut(lineups.num_candidates()));
        rows.map(|(&game, scores)| {
            let largest = scores.iter().copied().fold(f32::NEG_INFINITY, f32::max);
            let sum: f32 = scores.iter().map(|score| (score - largest).exp()).sum();
            let log_sum = largest + sum.ln();
            for score in &mut *scores {
                *score -= log_sum;
            }
            scores[lineups.target(game)]
        })
        .collect()
    }

    fn check(&self, lineups: &Lineups, messages: &Messages) {
        assert_eq!(lineups.count(), messages.count(), "there is a message for each game");
        assert_eq!(lineups.targets().width(), self.size[0], "objects have the listener's features");
    }
}

impl Listener<Lineups> for NetworkDiscriminator {
    fn parameters(&self) -> &Parameters {
        &self.parameters
    }

    fn change(&mut self, change: &mut dyn FnMut(&mut [f32])) {
        change(self.parameters.values_mut());
        self.reader.refresh(&self.parameters);
        self.message = self.message_places.pack(&self.parameters);
        self.object = PackedMatrix::transposed(self.size, self.parameters.at(&self.object_place));
    }

    fn mask_len(&self) -> usize {
        self.reader.hidden()
    }

    fn log_likelihood(&self, lineups: &Lineups, messages: &Messages) -> Vec<f32> {
        self.check(lineups, messages);
        let projected = self.project(lineups.pool());
        let run = |order: &[usize]| {
            let states = self.reader.read(messages, order).last;
            let mut compared = self.compare(lineups, &projected, order, &states);
            (Vec::new(), Self::log_softmax(lineups, order, &mut compared.scores))
        };
        self.reader.over(messages, &run).1
    }

    fn gradient(&self, lineups: &Lineups, messages: &Messages, mask: Option<&[f32]>) -> (Vec<f32>, Vec<f32>) {
        let (sums, likelihoods) = self.sums(lineups, messages, mask);
        (likelihoods, self.unfold(lineups.pool(), &sums))
    }

    fn relaxed(&self) -> Option<&dyn RelaxedListener<Lineups>> {
        Some(self)
    }

    fn renew(&mut self, rng: &mut Stream) {
        *self = Self::new(&self.config, self.size, self.reader.channel(), rng);
    }

    /// A target is found if its score is above all others: one of two that are equal is not.
    fn right(&self, lineups: &Lineups, messages: &Messages) -> Vec<usize> {
        self.check(lineups, messages);
        let projected = self.project(lineups.pool());
        let run = |order: &[usize]| {
            let states = self.reader.read(messages, order).last;
            let compared = self.compare(lineups, &projected, order, &states);
            let rows = order.iter().zip(compared.scores.chunks_exact(lineups.num_candidates()));
            let found = rows.map(|(&game, scores)| {
                let target = lineups.target(game);
                let others = scores.iter().enumerate().filter(|&(place, _)| place != target);
                usize::from(others.into_iter().all(|(_, score)| *score < scores[target]))
            });
            (Vec::new(), found.collect())
        };
        self.reader.over(messages, &run).1
    }
}

impl RelaxedListener<Lineups> for NetworkDiscriminator {
    fn relaxed_gradient(
        &self,
        lineups: &Lineups,
        messages: &RelaxedMessages,
        mask: Option<&[f32]>,
    ) -> RelaxedHearing {
        let (sums, losses, of_symbols) = self.relaxed_sums(lineups, messages, mask);
        RelaxedHearing { losses, gradient: self.unfold(lineups.pool(), &sums), of_symbols }
    }
}

/// What came of some messages.
struct Compared {
    /// The projections of the messages, `[rows, P]`.
    heard: Vec<f32>,
    /// `[rows, C]`.
    scores: Vec<f32>,
}

fn add_scaled(sum: &mut [f32], factor: f32, values: &[f32]) {
    sum.iter_mut().zip(values).for_each(|(sum, value)| *sum += factor * value);
}
