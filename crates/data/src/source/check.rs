//! Finding broken files before a long run does.

use rayon::prelude::*;

use super::Subset;
use crate::{Dataset, Error, Image, Result};

/// How closely pictures are looked at.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Depth {
    /// Format, size and, for JPEG, the end marker: finds empty, cut and misnamed files; quick.
    #[default]
    Header,
    /// Decode everything: finds damage inside as well.
    Full,
}

/// A picture that cannot be read.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct BadFile {
    /// Its index in the dataset scanned.
    pub index: usize,
    /// Where it is ([`Dataset::path`]).
    pub path: String,
    /// What is wrong with it.
    pub reason: String,
}

impl BadFile {
    pub(super) fn new<D: Dataset + ?Sized>(dataset: &D, index: usize, error: &Error) -> Self {
        Self { index, path: dataset.path(index), reason: error.without_path() }
    }

    /// What to say where this is the first of a source's `count` pictures, none of which can be read.
    pub(super) fn none_readable(&self, count: usize) -> Error {
        Error::NoneReadable { count, path: self.path.clone(), reason: self.reason.clone() }
    }
}

/// Looks at every picture of `dataset` on all threads of the current pool and returns the unreadable ones, in order.
pub fn scan<D: Dataset + ?Sized>(dataset: &D, depth: Depth) -> Vec<BadFile> {
    let bad = |index| {
        let error = match depth {
            Depth::Header => dataset.dimensions(index).err(),
            Depth::Full => dataset.image(index).err(),
        }?;
        Some(BadFile::new(dataset, index, &error))
    };
    (0..dataset.len()).into_par_iter().filter_map(bad).collect()
}

/// A dataset without its unreadable pictures.
#[derive(Clone, Debug)]
pub struct Checked<D> {
    good: Subset<D>,
    bad: Vec<BadFile>,
}

impl<D: Dataset> Checked<D> {
    /// Scans `dataset` and keeps what can be read.
    ///
    /// # Errors
    /// [`Error::NoneReadable`] if nothing is left of a dataset that is not empty.
    pub fn new(dataset: D, depth: Depth) -> Result<Self> {
        let bad = scan(&dataset, depth);
        if let Some(first) = bad.first().filter(|_| bad.len() == dataset.len()) {
            return Err(first.none_readable(bad.len()));
        }
        let mut is_good = vec![true; dataset.len()];
        for file in &bad {
            is_good[file.index] = false;
        }
        let indices = (0..dataset.len()).filter(|&index| is_good[index]).collect();
        Ok(Self { good: Subset::new(dataset, indices), bad })
    }

    /// The pictures left out.
    pub fn bad_files(&self) -> &[BadFile] {
        &self.bad
    }
}

impl<D: Dataset> Dataset for Checked<D> {
    fn len(&self) -> usize {
        self.good.len()
    }

    fn image(&self, index: usize) -> Result<Image> {
        self.good.image(index)
    }

    fn label(&self, index: usize) -> Option<usize> {
        self.good.label(index)
    }

    fn class_names(&self) -> &[String] {
        self.good.class_names()
    }

    fn path(&self, index: usize) -> String {
        self.good.path(index)
    }

    fn dimensions(&self, index: usize) -> Result<(usize, usize)> {
        self.good.dimensions(index)
    }
}
