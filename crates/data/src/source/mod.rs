//! Collections of pictures from disk and memory, each a [`Dataset`].
//!
//! [`open`] finds out what a path holds. The kinds, each usable by itself:
//! - [`Folder`]: picture files, flat, nested or one folder per class;
//! - [`Cifar`]: CIFAR-10 binary records;
//! - [`Idx`]: the MNIST family's IDX pairs;
//! - [`Tar`]: archives of pictures, as folders or as `key.jpg` + `key.cls` pairs;
//! - [`Memory`]: decoded pictures, also as a cache of any other source;
//! - [`Subset`] and [`Checked`]: parts of another dataset.
//!
//! No source guesses a split: when there are several and none is named, the error lists them.
//! Downloading is left to the caller.

mod check;
mod cifar;
mod folder;
mod gzip;
mod idx;
mod layout;
mod memory;
mod open;
mod subset;
mod tar;

pub use check::{BadFile, Checked, Depth, scan};
pub use cifar::Cifar;
pub use folder::Folder;
pub use idx::Idx;
pub use layout::Labels;
pub use memory::{Memory, Preload, Resize};
pub use open::open;
pub use subset::Subset;
pub use tar::Tar;

#[cfg(doc)]
use crate::Dataset;
use crate::decode::Limits;

/// How to read a source.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Options {
    /// Where labels come from, in folders and in archives.
    pub labels: Labels,
    /// The part to read, for instance `train`: a folder at the top of a folder or archive, the `data_batch_*` (`train`) or
    /// `test_batch` (`test`) files of CIFAR, the `train-*` or `t10k-*` (`test`) files of MNIST.
    pub split: Option<String>,
    /// What one picture may cost.
    pub limits: Limits,
}

impl Options {
    /// The same with this split.
    pub fn with_split(mut self, split: impl Into<String>) -> Self {
        self.split = Some(split.into());
        self
    }

    /// The same with this source of labels.
    pub fn with_labels(mut self, labels: Labels) -> Self {
        self.labels = labels;
        self
    }
}
