//! An agent's numbers: named arrays, one after the other in one slice, so that an optimizer and a checkpoint see one array.

use std::ops::Range;

use rand::{Rng, RngExt};

/// A named array.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entry {
    /// Its name, the same for all agents of a kind.
    pub name: &'static str,
    /// Its shape.
    pub shape: Vec<usize>,
    /// Where it is.
    pub range: Range<usize>,
}

/// Named arrays in one slice.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Parameters {
    entries: Vec<Entry>,
    values: Vec<f32>,
}

impl Parameters {
    /// The arrays.
    pub fn entries(&self) -> &[Entry] {
        &self.entries
    }

    /// All numbers.
    pub fn values(&self) -> &[f32] {
        &self.values
    }

    /// The numbers of an array.
    pub fn get(&self, name: &str) -> Option<&[f32]> {
        self.entries.iter().find(|entry| entry.name == name).map(|entry| &self.values[entry.range.clone()])
    }

    /// An array of this name without a shape, and then those of others.
    pub(super) fn before(name: &'static str, values: &[f32], others: &Self) -> Self {
        let mut all = Self::default();
        all.constant(name, &[values.len()], 0.0);
        all.values.copy_from_slice(values);
        for Entry { name, shape, range } in &others.entries {
            let place = all.constant(name, shape, 0.0);
            all.values[place].copy_from_slice(&others.values[range.clone()]);
        }
        all
    }

    pub(super) fn values_mut(&mut self) -> &mut [f32] {
        &mut self.values
    }

    pub(super) fn at(&self, range: &Range<usize>) -> &[f32] {
        &self.values[range.clone()]
    }

    /// Adds an array of one number.
    pub(super) fn constant(&mut self, name: &'static str, shape: &[usize], value: f32) -> Range<usize> {
        let len: usize = shape.iter().product();
        let range = self.values.len()..self.values.len() + len;
        self.values.resize(range.end, value);
        self.entries.push(Entry { name, shape: shape.to_vec(), range: range.clone() });
        range
    }

    /// Adds an array that is uniform between `±1/√fan_in`, as `PyTorch`'s layers and cells begin.
    pub(super) fn uniform(
        &mut self,
        name: &'static str,
        shape: &[usize],
        fan_in: usize,
        rng: &mut impl Rng,
    ) -> Range<usize> {
        let bound = 1.0 / (fan_in as f32).sqrt();
        self.drawn(name, shape, || (2.0 * rng.random::<f32>() - 1.0) * bound)
    }

    /// Adds an array of normal numbers with this standard deviation.
    pub(super) fn normal(
        &mut self,
        name: &'static str,
        shape: &[usize],
        deviation: f64,
        rng: &mut impl Rng,
    ) -> Range<usize> {
        self.drawn(name, shape, || {
            // Box and Muller's; 1 − u is not 0.
            let (radius, angle) = (1.0 - rng.random::<f64>(), rng.random::<f64>());
            (deviation * (-2.0 * radius.ln()).sqrt() * (std::f64::consts::TAU * angle).cos()) as f32
        })
    }

    fn drawn(&mut self, name: &'static str, shape: &[usize], mut draw: impl FnMut() -> f32) -> Range<usize> {
        let range = self.constant(name, shape, 0.0);
        self.values[range.clone()].iter_mut().for_each(|value| *value = draw());
        range
    }
}
