//! What a collection of pictures offers, wherever it comes from.

use crate::{Image, Result};

/// A finite, indexed collection of pictures, some with labels.
///
/// Sources decode lazily or hold everything in memory; either way `image(i)` is a pure function of `i`
/// and may be called from many threads.
pub trait Dataset: Send + Sync {
    /// Number of pictures.
    fn len(&self) -> usize;

    /// Whether there is no picture at all.
    fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Decodes picture `index`.
    ///
    /// # Errors
    /// If the file cannot be read or decoded; the error names the path.
    fn image(&self, index: usize) -> Result<Image>;

    /// The class of picture `index`, an index into [`Dataset::class_names`], if it has one.
    fn label(&self, index: usize) -> Option<usize>;

    /// Class names in label order; empty for an unlabelled collection.
    fn class_names(&self) -> &[String];

    /// Where picture `index` comes from, as a person would look for it (`photos/hat/1.jpg`,
    /// `data_batch_1.bin#17`, `procedural#42`).
    fn path(&self, index: usize) -> String;
}
