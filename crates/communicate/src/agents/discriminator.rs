//! A recurrent listener that finds an object among others.

use std::ops::Range;

use autodidact_experiment::rng::Stream;
use autodidact_kernels::{Epilogue, MatMul, PackedMatrix, Precision, matmul};
use rand::Rng;
use rayon::prelude::*;

use super::Listener;
use super::cell::{cut, cut_mut};
use super::config::AgentConfig;
use super::dense::{Dense, DensePlaces, add_outer};
use super::parameters::Parameters;
use super::reader::{Reader, Reading};
use super::slices::{slices, sum_over};
use crate::game::{Channel, Lineups};
use crate::{Features, Messages};

/// A listener that reads a message up to its end and compares its last state with features of the candidates: both go through a linear
/// layer to P numbers, and the softmax of their dot products over the candidates is `ρ(target|m, C)`. The layer of the objects has no
/// biases, which would add the same to all scores of a message.
#[derive(Clone, Debug)]
pub struct RecurrentDiscriminator {
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

impl RecurrentDiscriminator {
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
    fn sum_lens(&self, objects: usize) -> [usize; 10] {
        let [a, b, c, d, e, f, g] = self.reader.sum_lens();
        let DensePlaces { weight, bias, .. } = &self.message_places;
        [a, b, c, d, e, f, g, weight.len(), bias.len(), objects * self.size[1]]
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

    /// Reads messages, given in their order, and compares each with its candidates.
    fn compare(
        &self,
        lineups: &Lineups,
        projected: &[f32],
        messages: &Messages,
        order: &[usize],
        mask: Option<&[f32]>,
    ) -> Compared {
        let (rows, projection, num_candidates) = (order.len(), self.size[1], lineups.num_candidates());
        let mut reading = self.reader.read(messages, order);
        if let Some(mask) = mask {
            reading.apply(mask, self.reader.hidden(), order);
        }
        let mut heard = vec![0.0; rows * projection];
        self.message.forward(rows, &reading.last, &mut heard);
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
        Compared { reading, heard, scores }
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

impl Listener<Lineups> for RecurrentDiscriminator {
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
            let mut compared = self.compare(lineups, &projected, messages, order, None);
            (Vec::new(), Self::log_softmax(lineups, order, &mut compared.scores))
        };
        self.reader.over(messages, &run).1
    }

    fn gradient(&self, lineups: &Lineups, messages: &Messages, mask: Option<&[f32]>) -> (Vec<f32>, Vec<f32>) {
        self.check(lineups, messages);
        let (pool, projection, num_candidates) = (lineups.pool(), self.size[1], lineups.num_candidates());
        let projected = self.project(pool);
        let lens = self.sum_lens(pool.count());
        let share = 1.0 / messages.count() as f32;
        let run = |order: &[usize]| {
            let rows = order.len();
            let Compared { mut reading, heard, mut scores } =
                self.compare(lineups, &projected, messages, order, mask);
            let likelihoods = Self::log_softmax(lineups, order, &mut scores);
            let mut sums = vec![0.0; lens.iter().sum()];
            let [of_cell @ .., weight, bias, of_objects] = cut_mut(lens, &mut sums);
            // ∂(−log ρ) = p − [target].
            for value in &mut scores {
                *value = value.exp() * share;
            }
            for (&game, gradient) in order.iter().zip(scores.chunks_exact_mut(num_candidates)) {
                gradient[lineups.target(game)] -= share;
            }
            let mut of_heard = vec![0.0; rows * projection];
            if lineups.own(order[0]).is_none() {
                let shape = MatMul::new(1, [rows, num_candidates, projection]);
                matmul(&shape, Precision::F32, &scores, &projected, &Epilogue::default(), &mut of_heard);
                add_outer(rows, &scores, &heard, of_objects);
            }
            for (row, (&game, slopes)) in order.iter().zip(scores.chunks_exact(num_candidates)).enumerate() {
                let at = |row: usize| row * projection..(row + 1) * projection;
                for (&slope, &object) in slopes.iter().zip(lineups.own(game).unwrap_or_default()) {
                    add_scaled(&mut of_heard[at(row)], slope, &projected[at(object)]);
                    add_scaled(&mut of_objects[at(object)], slope, &heard[at(row)]);
                }
            }
            self.message.sum(rows, &of_heard, &reading.last, [weight, bias]);
            reading.last.fill(0.0);
            self.message.backward(rows, &of_heard, &mut reading.last);
            if let Some(mask) = mask {
                reading.apply(mask, self.reader.hidden(), order);
            }
            self.reader.read_back(&reading, &reading.last, of_cell);
            (sums, likelihoods)
        };
        let (sums, likelihoods) = self.reader.over(messages, &run);
        let [of_cell @ .., message_weight, message_bias, of_objects] = cut(lens, &sums);
        let (of_object, _) = sum_over(&slices(pool.count()), &|_, range: Range<usize>| {
            let mut sum = vec![0.0; self.object_place.len()];
            let gradient = &of_objects[range.start * projection..range.end * projection];
            add_outer(range.len(), gradient, &pool.floats(range), &mut sum);
            (sum, ())
        });
        let mut gradient = vec![0.0; self.parameters.values().len()];
        self.reader.unfold(&self.parameters, of_cell, &mut gradient);
        for (place, sum) in [
            (&self.message_places.weight, message_weight),
            (&self.message_places.bias, message_bias),
            (&self.object_place, &of_object[..]),
        ] {
            gradient[place.clone()].copy_from_slice(sum);
        }
        (likelihoods, gradient)
    }

    fn renew(&mut self, rng: &mut Stream) {
        *self = Self::new(&self.config, self.size, self.reader.channel(), rng);
    }

    /// A target is found if its score is above all others: one of two that are equal is not.
    fn right(&self, lineups: &Lineups, messages: &Messages) -> Vec<usize> {
        self.check(lineups, messages);
        let projected = self.project(lineups.pool());
        let run = |order: &[usize]| {
            let compared = self.compare(lineups, &projected, messages, order, None);
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

/// What came of some messages.
struct Compared {
    reading: Reading,
    /// The projections of the messages, `[rows, P]`.
    heard: Vec<f32>,
    /// `[rows, C]`.
    scores: Vec<f32>,
}

fn add_scaled(sum: &mut [f32], factor: f32, values: &[f32]) {
    sum.iter_mut().zip(values).for_each(|(sum, value)| *sum += factor * value);
}
