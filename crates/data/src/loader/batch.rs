//! What a loader hands out.

use serde::{Deserialize, Serialize};

/// Some pictures, every one in one or more views.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Batch {
    /// One array per pipeline, `[batch, 3, height, width]`.
    pub views: Vec<Vec<f32>>,
    /// Height and width of every view in pixels; views are square.
    pub sizes: Vec<usize>,
    /// Class of every picture, where it has one.
    pub labels: Vec<Option<usize>>,
    /// Index of every picture in the collection; that of the replacement where one was needed.
    pub indices: Vec<usize>,
    /// Pictures of this batch that could not be decoded.
    pub skipped: Vec<Skipped>,
    /// Where the batch stands in the run.
    pub position: Position,
}

impl Batch {
    /// Number of pictures.
    pub fn len(&self) -> usize {
        self.indices.len()
    }

    /// Whether there is no picture; never so in a batch from a loader.
    pub fn is_empty(&self) -> bool {
        self.indices.is_empty()
    }

    /// The shape of view `view`, `[batch, 3, height, width]`.
    pub fn shape(&self, view: usize) -> [usize; 4] {
        [self.len(), 3, self.sizes[view], self.sizes[view]]
    }
}

/// A place in a run: batch number `batch` of `epoch`, both from zero.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Position {
    /// Passes over the collection completed.
    pub epoch: u64,
    /// Batches of this epoch completed.
    pub batch: usize,
}

/// A picture that could not be decoded.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Skipped {
    /// Its index in the collection.
    pub index: usize,
    /// Where it lies.
    pub path: String,
    /// The decoder's reason.
    pub reason: String,
    /// Index of the picture that took its place.
    pub replacement: usize,
}
