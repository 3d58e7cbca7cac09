//! A speaker that is a network says mixtures of symbols.

use std::ops::Range;

use rayon::prelude::*;

use super::Credit;
use super::body::{States, at};
use super::cut::cut_mut;
use super::distribution::Distribution;
use super::encoder::{Encoder, add};
use super::forest::Forest;
use super::relaxed::{Relaxation, RelaxedGradient, RelaxedMessages, RelaxedSpeaker};
use super::slices::{slices, sum_over};
use super::speaker::NetworkSpeaker;

impl<E: Encoder> NetworkSpeaker<E> {
    /// Says all symbols of all messages, whether they go on or not.
    fn mixed_slice(
        &self,
        objects: &E::Objects,
        range: Range<usize>,
        noise: &[f32],
        relaxation: Relaxation,
    ) -> MixedSlice {
        let (rows, steps) = (range.len(), self.channel.max_length());
        let (vocab_size, inputs) = (self.channel.vocab_size() as usize, self.body.symbols());
        let mut forest = Forest::mixed(rows, steps, inputs);
        forest.inputs[..rows].fill(self.start());
        if let Some(start) = forest.mixtures.get_mut(self.start() as usize..) {
            start.iter_mut().step_by(inputs).take(rows).for_each(|value| *value = 1.0);
        }
        let mut states = self.body.states(forest.count());
        let encoded = self.encode(objects, range.clone());
        let mut logits = vec![0.0; rows * vocab_size];
        let (mut log_probs, mut probs) = (Vec::new(), Vec::new());
        let mut mixtures = vec![0.0; rows * steps * vocab_size];
        let mut said = vec![0.0; rows * steps * vocab_size];
        for step in 0..steps {
            let nodes = forest.levels[step].clone();
            self.body.run(&forest, step..step + 1, Some(&encoded), &mut states);
            self.output.forward(rows, states.of(&nodes), &mut logits);
            for ((row, node), logits) in nodes.clone().enumerate().zip(logits.chunks_exact(vocab_size)) {
                Distribution::new(logits, &mut log_probs, &mut probs);
                let place = (row * steps + step) * vocab_size..(row * steps + step + 1) * vocab_size;
                let noise = &noise[range.start * steps * vocab_size..][place.clone()];
                let said = &mut said[place];
                relaxation.relax(logits, noise, &mut mixtures[at(&(node..node + 1), vocab_size)], said);
                if step + 1 < steps {
                    forest.mixtures[(node + rows) * inputs..][..vocab_size].copy_from_slice(said);
                }
            }
        }
        MixedSlice { forest, states, log_probs, probs, mixtures, said }
    }

    /// Adds the gradients of a slice to the sums; those of what was said and of the entropies, `[rows, T]`, are given. Returns that of
    /// the encoded objects, `[rows, H]`.
    fn mixed_slice_back(
        &self,
        (objects, range): (&E::Objects, Range<usize>),
        slice: &MixedSlice,
        relaxation: Relaxation,
        (of_said, of_entropies): (&[f32], &[f32]),
        sums: &mut [f32],
    ) -> Vec<f32> {
        let MixedSlice { forest, states, log_probs, probs, mixtures, .. } = slice;
        let (rows, steps, inputs) = (range.len(), self.channel.max_length(), self.body.symbols());
        let vocab_size = self.channel.vocab_size() as usize;
        let [of_body, output_weight, output_bias, encoder_table, encoder_bias] =
            cut_mut(self.sum_lens(), sums);
        let count = forest.count();
        let mut grad_logits = vec![0.0; count * vocab_size];
        let mut of_level = |step: usize, grad_states: &mut [f32], of_mixtures: &[f32]| {
            let nodes = &forest.levels[step];
            for (row, node) in nodes.clone().enumerate() {
                let own = at(&(node..node + 1), vocab_size);
                let gradient = &mut grad_logits[own.clone()];
                let credit = Credit { log_prob: 0.0, entropy: of_entropies[row * steps + step] };
                let distribution =
                    Distribution { log_probs: &log_probs[own.clone()], probs: &probs[own.clone()] };
                distribution.backward(0, credit, gradient);
                // The listener heard it, and the speaker's next state did.
                let mut of_said = of_said[(row * steps + step) * vocab_size..][..vocab_size].to_vec();
                if step + 1 < steps {
                    add(&mut of_said, &of_mixtures[(node + rows) * inputs..][..vocab_size]);
                }
                relaxation.back(&mixtures[own], &of_said, gradient);
            }
            self.output.backward(nodes.len(), &grad_logits[at(nodes, vocab_size)], grad_states);
        };
        let of_inputs = self.body.back(forest, states, true, &mut of_level, of_body);
        self.output.sum(count, &grad_logits, states.of(&(0..count)), [output_weight, output_bias]);
        self.encoder.backward(objects, range, &of_inputs.objects, [encoder_table, encoder_bias]);
        of_inputs.objects
    }

    /// [`RelaxedSpeaker::relaxed_gradient`], and the gradient of the encoded objects, `[N, H]`.
    pub(super) fn relaxed_through(
        &self,
        objects: &E::Objects,
        noise: &[f32],
        (relaxation, entropy): (Relaxation, f64),
        hear: &mut dyn FnMut(&RelaxedMessages) -> Vec<f32>,
    ) -> (RelaxedGradient, Vec<f32>) {
        let (count, steps) = (E::count(objects), self.channel.max_length());
        let vocab_size = self.channel.vocab_size() as usize;
        let symbols = steps * vocab_size;
        assert_eq!(noise.len(), count * symbols, "a number is drawn for each object, position and symbol");
        let made: Vec<MixedSlice> = slices(count)
            .into_par_iter()
            .with_max_len(1)
            .map(|range| self.mixed_slice(objects, range, noise, relaxation))
            .collect();
        let said = made.iter().flat_map(|slice| slice.said.iter().copied()).collect();
        let messages = RelaxedMessages::new(said, [steps, vocab_size]);
        let of_said = hear(&messages);
        // The mean of Σ n H / Σ n, as a factor for each entropy.
        let mut shares = messages.alive();
        for shares in shares.chunks_exact_mut(steps) {
            let length: f32 = shares.iter().sum();
            for share in shares {
                *share /= length * count as f32;
            }
        }
        let of_entropies: Vec<f32> = shares.iter().map(|share| -entropy as f32 * share).collect();
        let (sums, of_slices) = sum_over(&slices(count), &|index, range: Range<usize>| {
            let mut sums = vec![0.0; self.sum_lens().iter().sum()];
            let slopes = (
                &of_said[range.start * symbols..range.end * symbols],
                &of_entropies[range.start * steps..range.end * steps],
            );
            let slice = &made[index];
            let entropy = slice.entropy(&shares[range.start * steps..range.end * steps], vocab_size);
            let of_encoded = self.mixed_slice_back((objects, range), slice, relaxation, slopes, &mut sums);
            (sums, (entropy, of_encoded))
        });
        let (entropies, of_encoded): (Vec<f64>, Vec<Vec<f32>>) = of_slices.into_iter().unzip();
        let gradient = RelaxedGradient { gradient: self.unfold(&sums), entropy: entropies.iter().sum() };
        (gradient, of_encoded.concat())
    }
}

impl<E: Encoder> RelaxedSpeaker<E::Objects> for NetworkSpeaker<E> {
    fn relaxed_gradient(
        &self,
        objects: &E::Objects,
        noise: &[f32],
        learning: (Relaxation, f64),
        hear: &mut dyn FnMut(&RelaxedMessages) -> Vec<f32>,
    ) -> RelaxedGradient {
        self.relaxed_through(objects, noise, learning, hear).0
    }
}

/// The states of a slice of mixtures, level by level.
struct MixedSlice {
    forest: Forest,
    states: States,
    /// `[nodes, V]`.
    log_probs: Vec<f32>,
    probs: Vec<f32>,
    mixtures: Vec<f32>,
    /// `[rows, T, V]`.
    said: Vec<f32>,
}

impl MixedSlice {
    /// The sum of the symbols' entropies, each with its share, `[rows, T]`.
    fn entropy(&self, shares: &[f32], vocab_size: usize) -> f64 {
        let steps = self.forest.levels.len();
        let distributions = self.log_probs.chunks_exact(vocab_size).zip(self.probs.chunks_exact(vocab_size));
        let rows = self.forest.levels[0].len();
        let entropies = distributions.enumerate().map(|(node, (log_probs, probs))| {
            let share = shares[node % rows * steps + node / rows];
            f64::from(share) * f64::from(Distribution { log_probs, probs }.entropy())
        });
        entropies.sum()
    }
}
