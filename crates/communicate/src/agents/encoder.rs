//! What a speaker sees, through a linear layer: attributes as one-hot vectors, of which it is a sum of a row for each attribute's value,
//! or features as they are.

use std::ops::Range;

use rand::Rng;

use super::dense::{Dense, DensePlaces};
use super::parameters::Parameters;
use crate::{Features, Objects};

/// How objects become first states.
pub trait Encoder: Clone + std::fmt::Debug + Send + Sync {
    /// What it encodes.
    type Objects: Sync;

    /// Where its two arrays are among the speaker's numbers.
    fn places(&self) -> [Range<usize>; 2];

    /// Another one of the same size, with arrays of its own.
    fn fresh(&self, parameters: &mut Parameters, rng: &mut impl Rng) -> Self;

    /// Takes numbers that have changed.
    fn refresh(&mut self, parameters: &Parameters);

    /// The number of objects.
    fn count(objects: &Self::Objects) -> usize;

    /// Writes a row of H for each object of a range.
    fn forward(&self, parameters: &Parameters, objects: &Self::Objects, range: Range<usize>, out: &mut [f32]);

    /// Adds to the gradients of both arrays.
    fn backward(&self, objects: &Self::Objects, range: Range<usize>, gradient: &[f32], sums: [&mut [f32]; 2]);
}

/// A row for each value of each attribute, `[Σ V_k, H]`, and biases.
#[derive(Clone, Debug)]
pub struct AttributeEncoder {
    table: Range<usize>,
    bias: Range<usize>,
    /// The first row of each attribute.
    first: Vec<usize>,
    num_values: Vec<u32>,
    hidden: usize,
}

impl AttributeEncoder {
    pub(super) fn new(
        parameters: &mut Parameters,
        num_values: &[u32],
        hidden: usize,
        rng: &mut impl Rng,
    ) -> Self {
        let first = starts(num_values);
        let rows: usize = num_values.iter().map(|&values| values as usize).sum();
        let table = parameters.uniform("encoder.table", &[rows, hidden], rows, rng);
        let bias = parameters.uniform("encoder.bias", &[hidden], rows, rng);
        Self { table, bias, first, num_values: num_values.to_vec(), hidden }
    }

    /// The numbers of the values in the one-hot vector.
    fn rows<'a>(&'a self, object: &'a [u32]) -> impl Iterator<Item = usize> + 'a {
        assert_eq!(object.len(), self.first.len(), "objects have as many attributes as the speaker's");
        object.iter().zip(&self.first).zip(&self.num_values).map(|((&value, &first), &values)| {
            assert!(value < values, "an attribute of {values} values has the value {value}");
            first + value as usize
        })
    }
}

impl Encoder for AttributeEncoder {
    type Objects = Objects;

    fn places(&self) -> [Range<usize>; 2] {
        [self.table.clone(), self.bias.clone()]
    }

    fn fresh(&self, parameters: &mut Parameters, rng: &mut impl Rng) -> Self {
        Self::new(parameters, &self.num_values, self.hidden, rng)
    }

    fn refresh(&mut self, _parameters: &Parameters) {}

    fn count(objects: &Objects) -> usize {
        objects.count()
    }

    fn forward(&self, parameters: &Parameters, objects: &Objects, range: Range<usize>, out: &mut [f32]) {
        let (table, bias) = (parameters.at(&self.table), parameters.at(&self.bias));
        for (object, out) in range.zip(out.chunks_exact_mut(self.hidden)) {
            out.copy_from_slice(bias);
            for row in self.rows(objects.get(object)) {
                add(out, &table[row * self.hidden..][..self.hidden]);
            }
        }
    }

    fn backward(
        &self,
        objects: &Objects,
        range: Range<usize>,
        gradient: &[f32],
        [table, bias]: [&mut [f32]; 2],
    ) {
        for (object, gradient) in range.zip(gradient.chunks_exact(self.hidden)) {
            add(bias, gradient);
            for row in self.rows(objects.get(object)) {
                add(&mut table[row * self.hidden..][..self.hidden], gradient);
            }
        }
    }
}

/// Weights `[H, D]` and biases.
#[derive(Clone, Debug)]
pub struct FeatureEncoder {
    places: DensePlaces,
    layer: Dense,
}

impl FeatureEncoder {
    pub(super) fn new(parameters: &mut Parameters, width: usize, hidden: usize, rng: &mut impl Rng) -> Self {
        let names = ["encoder.weight", "encoder.bias"];
        let places = DensePlaces::new(parameters, names, [width, hidden], rng);
        let layer = places.pack(parameters);
        Self { places, layer }
    }

    /// D.
    fn width(&self) -> usize {
        self.places.weight.len() / self.places.bias.len()
    }

    /// The gradient of the vectors `[N, D]`, given that of what they were encoded as, `[N, H]`.
    pub(super) fn of_features(&self, of_encoded: &[f32]) -> Vec<f32> {
        let rows = of_encoded.len() / self.places.bias.len();
        let mut of_features = vec![0.0; rows * self.width()];
        self.layer.backward(rows, of_encoded, &mut of_features);
        of_features
    }
}

impl Encoder for FeatureEncoder {
    type Objects = Features;

    fn places(&self) -> [Range<usize>; 2] {
        [self.places.weight.clone(), self.places.bias.clone()]
    }

    fn fresh(&self, parameters: &mut Parameters, rng: &mut impl Rng) -> Self {
        Self::new(parameters, self.width(), self.places.bias.len(), rng)
    }

    fn refresh(&mut self, parameters: &Parameters) {
        self.layer = self.places.pack(parameters);
    }

    fn count(objects: &Features) -> usize {
        objects.count()
    }

    fn forward(&self, _parameters: &Parameters, objects: &Features, range: Range<usize>, out: &mut [f32]) {
        self.layer.forward(range.len(), &objects.floats(range), out);
    }

    fn backward(&self, objects: &Features, range: Range<usize>, gradient: &[f32], sums: [&mut [f32]; 2]) {
        self.layer.sum(range.len(), gradient, &objects.floats(range), sums);
    }
}

/// Where each attribute begins in the one-hot vector.
pub(super) fn starts(num_values: &[u32]) -> Vec<usize> {
    let ends = num_values.iter().scan(0, |end, &values| {
        *end += values as usize;
        Some(*end)
    });
    ends.zip(num_values).map(|(end, &values)| end - values as usize).collect()
}

pub(super) fn add(sum: &mut [f32], values: &[f32]) {
    sum.iter_mut().zip(values).for_each(|(sum, value)| *sum += value);
}
