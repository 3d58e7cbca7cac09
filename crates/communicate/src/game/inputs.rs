//! What both tables of objects can do, of attributes and of features.

use crate::{Features, Objects, Result};

/// Objects that a speaker sees: rows of attributes or of features.
pub trait Inputs: Clone {
    /// N, the number of objects.
    fn count(&self) -> usize;

    /// The objects of these numbers, in this order.
    ///
    /// # Errors
    /// [`Error::Empty`](crate::Error::Empty) if there are none.
    ///
    /// # Panics
    /// If there is no such object.
    fn select(&self, indices: &[usize]) -> Result<Self>;
}

impl Inputs for Objects {
    fn count(&self) -> usize {
        self.count()
    }

    fn select(&self, indices: &[usize]) -> Result<Self> {
        self.select(indices)
    }
}

impl Inputs for Features {
    fn count(&self) -> usize {
        self.count()
    }

    fn select(&self, indices: &[usize]) -> Result<Self> {
        self.select(indices)
    }
}
