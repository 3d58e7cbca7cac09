//! What a convolution reads: values, as they are or normalised on the way.

use super::shape::Convolution;
use super::unit::Unit;
use crate::after::After;
use crate::normalisation::{Affine, OnLoad};
use crate::scratch::with_scratch;

/// The tensor that is read, in slices.
#[derive(Clone, Copy, Debug)]
pub(super) struct Source<'a> {
    pub values: &'a [f32],
    load: Option<Load<'a>>,
}

/// One slice of it.
#[derive(Clone, Copy, Debug)]
pub(super) struct Slice<'a> {
    pub values: &'a [f32],
    load: Option<Load<'a>>,
    index: usize,
}

#[derive(Clone, Copy, Debug)]
struct Load<'a> {
    affine: &'a Affine,
    relu: bool,
}

impl<'a> Source<'a> {
    /// The values as they are.
    pub fn plain(values: &'a [f32]) -> Self {
        Self { values, load: None }
    }

    /// Gives `work` the input of a convolution.
    pub fn with<R>(
        shape: &Convolution,
        values: &[f32],
        on_load: Option<OnLoad<'_>>,
        work: impl FnOnce(Source<'_>) -> R,
    ) -> R {
        let Some(OnLoad { normalisation, relu }) = on_load else { return work(Source::plain(values)) };
        normalisation.over.check([shape.batch, shape.size.iter().product(), shape.channels_in]);
        let affine = Affine::new(normalisation, shape.batch, shape.channels_in, shape.size[0]);
        work(Source { values, load: Some(Load { affine: &affine, relu }) })
    }

    /// Whether slices are read as they are.
    pub fn is_plain(&self) -> bool {
        self.load.is_none()
    }

    /// A slice of so many floats.
    pub fn slice(&self, index: usize, len: usize) -> Slice<'a> {
        Slice { values: &self.values[index * len..][..len], load: self.load, index }
    }

    /// Gives `work` all values as they are to be multiplied, which are slices of so many floats.
    pub fn settle<R>(&self, slice_len: usize, work: impl FnOnce(&[f32]) -> R) -> R {
        let Some(Load { affine, relu }) = self.load else { return work(self.values) };
        with_scratch(self.values.len(), |values| {
            affine.apply(slice_len, self.values, After::relu(relu), values);
            work(values)
        })
    }
}

impl Slice<'_> {
    /// Copies whole pixels in a unit, from a float of the slice on.
    pub fn copy(&self, unit: Unit, from: usize, out: &mut [f32]) {
        let values = &self.values[from..][..out.len() * unit.len()];
        match self.load {
            None => unit.copy(values, out),
            Some(Load { affine, relu }) if unit == Unit::Single => {
                affine.write(self.index, relu, values, out);
            }
            Some(Load { affine, relu }) => with_scratch(values.len(), |normalised| {
                affine.write(self.index, relu, values, normalised);
                unit.copy(normalised, out);
            }),
        }
    }
}
