//! Chosen pictures of another dataset.

use crate::{Dataset, Image, Result};

/// The pictures of another dataset at given indices, in that order; an index may occur more than once.
#[derive(Clone, Debug)]
pub struct Subset<D> {
    dataset: D,
    indices: Vec<usize>,
}

impl<D: Dataset> Subset<D> {
    /// The pictures at `indices`.
    ///
    /// # Panics
    /// If an index is not below the dataset's length.
    pub fn new(dataset: D, indices: Vec<usize>) -> Self {
        let len = dataset.len();
        if let Some(index) = indices.iter().find(|&&index| index >= len) {
            panic!("index {index} of a dataset of {len} pictures");
        }
        Self { dataset, indices }
    }

    /// The first `count` pictures, or all if there are fewer.
    pub fn first(dataset: D, count: usize) -> Self {
        let indices = (0..count.min(dataset.len())).collect();
        Self { dataset, indices }
    }

    /// The indices into the whole dataset.
    pub fn indices(&self) -> &[usize] {
        &self.indices
    }

    /// The whole dataset.
    pub fn whole(&self) -> &D {
        &self.dataset
    }
}

impl<D: Dataset> Dataset for Subset<D> {
    fn len(&self) -> usize {
        self.indices.len()
    }

    fn image(&self, index: usize) -> Result<Image> {
        self.dataset.image(self.indices[index])
    }

    fn label(&self, index: usize) -> Option<usize> {
        self.dataset.label(self.indices[index])
    }

    fn class_names(&self) -> &[String] {
        self.dataset.class_names()
    }

    fn path(&self, index: usize) -> String {
        self.dataset.path(self.indices[index])
    }

    fn dimensions(&self, index: usize) -> Result<(usize, usize)> {
        self.dataset.dimensions(self.indices[index])
    }
}
