//! What a convolution reads: values, as they are or normalised on the way.

use super::shape::Convolution;
use crate::after::After;
use crate::element::Element;
use crate::normalisation::{Affine, OnLoad};
use crate::scratch::with_scratch;
use crate::values::Values;
#[cfg(target_arch = "x86_64")]
use half::bf16;

/// The tensor that is read, in slices.
#[derive(Clone, Copy, Debug)]
pub(super) struct Source<'a> {
    pub values: Values<'a>,
    load: Option<Load<'a>>,
}

/// One slice of it.
#[derive(Clone, Copy, Debug)]
pub(super) struct Slice<'a> {
    values: Values<'a>,
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
    pub fn plain(values: Values<'a>) -> Self {
        Self { values, load: None }
    }

    /// Gives `work` the input of a convolution.
    pub fn with<R>(
        shape: &Convolution,
        values: Values<'_>,
        on_load: Option<OnLoad<'_>>,
        work: impl FnOnce(Source<'_>) -> R,
    ) -> R {
        let Some(OnLoad { normalisation, relu }) = on_load else { return work(Source::plain(values)) };
        normalisation.over.check([shape.batch, shape.size.iter().product(), shape.channels_in]);
        let affine = Affine::new(normalisation, shape.batch, shape.channels_in, shape.size[0]);
        work(Source { values, load: Some(Load { affine: &affine, relu }) })
    }

    /// The values, where they are read as they are.
    pub fn as_they_are(&self) -> Option<Values<'a>> {
        self.load.is_none().then_some(self.values)
    }

    /// The values, where they are read as they are and have 32 bits.
    pub fn floats(&self) -> Option<&'a [f32]> {
        match self.as_they_are() {
            Some(Values::F32(values)) => Some(values),
            _ => None,
        }
    }

    /// A slice of so many numbers.
    pub fn slice(&self, index: usize, len: usize) -> Slice<'a> {
        Slice { values: self.values.part(index * len, len), load: self.load, index }
    }

    /// Gives `work` all values as they are to be multiplied, which are slices of so many numbers.
    pub fn settle<R>(&self, slice_len: usize, work: impl FnOnce(&[f32]) -> R) -> R {
        self.values.settle(|values| {
            let Some(Load { affine, relu }) = self.load else { return work(values) };
            with_scratch(values.len(), |normalised| {
                affine.apply(slice_len, values, After::relu(relu), normalised);
                work(normalised)
            })
        })
    }
}

impl Slice<'_> {
    /// The numbers from one on, which are read as they are and have 32 bits.
    ///
    /// # Panics
    /// If they are not.
    pub fn floats(&self, from: usize) -> &[f32] {
        match self {
            Self { values: Values::F32(values), load: None, .. } => &values[from..],
            _ => unreachable!("planes that show some channels are filled from settled values"),
        }
    }

    /// So many numbers from one on, where they are read as they are and have 16 bits.
    #[cfg(target_arch = "x86_64")]
    pub fn halves(&self, from: usize, len: usize) -> Option<&[bf16]> {
        match self {
            Self { values: Values::Bf16(values), load: None, .. } => Some(&values[from..][..len]),
            _ => None,
        }
    }

    /// Copies whole pixels, from a number of the slice on.
    pub fn copy<E: Element>(&self, from: usize, out: &mut [E]) {
        let values = self.values.part(from, out.len());
        let Some(Load { affine, relu }) = self.load else { return E::write(values, out) };
        match values {
            Values::F32(values) => affine.write(self.index, relu, values, out),
            Values::Bf16(values) => affine.write(self.index, relu, values, out),
        }
    }
}
