//! What a speaker sees: attributes as one-hot vectors through a linear layer, which is a sum of a row for each attribute's value.

use std::ops::Range;

use rand::Rng;

use super::parameters::Parameters;
use crate::Objects;

/// Where the numbers of the encoder are: a row for each value of each attribute, `[Σ V_k, H]`, and biases.
#[derive(Clone, Debug)]
pub(super) struct AttributeEncoder {
    table: Range<usize>,
    bias: Range<usize>,
    /// The first row of each attribute.
    first: Vec<usize>,
    num_values: Vec<u32>,
    hidden: usize,
}

impl AttributeEncoder {
    pub fn new(parameters: &mut Parameters, num_values: &[u32], hidden: usize, rng: &mut impl Rng) -> Self {
        let first = starts(num_values);
        let rows: usize = num_values.iter().map(|&values| values as usize).sum();
        let table = parameters.uniform("encoder.table", &[rows, hidden], rows, rng);
        let bias = parameters.uniform("encoder.bias", &[hidden], rows, rng);
        Self { table, bias, first, num_values: num_values.to_vec(), hidden }
    }

    /// Lengths of the gradients of table and bias.
    pub fn lens(&self) -> [usize; 2] {
        [self.table.len(), self.bias.len()]
    }

    pub fn places(&self) -> [Range<usize>; 2] {
        [self.table.clone(), self.bias.clone()]
    }

    /// The numbers of the values in the one-hot vector.
    fn rows<'a>(&'a self, object: &'a [u32]) -> impl Iterator<Item = usize> + 'a {
        assert_eq!(object.len(), self.first.len(), "objects have as many attributes as the speaker's");
        object.iter().zip(&self.first).zip(&self.num_values).map(|((&value, &first), &values)| {
            assert!(value < values, "an attribute of {values} values has the value {value}");
            first + value as usize
        })
    }

    /// Writes a row for each object.
    pub fn forward(&self, parameters: &Parameters, objects: &Objects, range: Range<usize>, out: &mut [f32]) {
        let (table, bias) = (parameters.at(&self.table), parameters.at(&self.bias));
        for (object, out) in range.zip(out.chunks_exact_mut(self.hidden)) {
            out.copy_from_slice(bias);
            for row in self.rows(objects.get(object)) {
                add(out, &table[row * self.hidden..][..self.hidden]);
            }
        }
    }

    /// Adds to the gradients of table and bias.
    pub fn backward(
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
