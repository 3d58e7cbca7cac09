//! What a collection of pictures offers, wherever it comes from.

use std::sync::Arc;

use crate::{Image, Result};

/// A finite, indexed collection of pictures, some with labels.
///
/// Sources decode lazily or hold everything in memory; either way `image(i)` is a pure function of `i`
/// and may be called from many threads. An index of [`Dataset::len`] or more is a bug of the caller and panics.
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
    /// `data_batch_1.bin#17`, `procedural-v2-seed-0#42`).
    fn path(&self, index: usize) -> String;

    /// Width and height of picture `index`, from the header alone where the source has files.
    ///
    /// # Errors
    /// If the file cannot be read or its header is damaged.
    fn dimensions(&self, index: usize) -> Result<(usize, usize)> {
        self.image(index).map(|image| (image.width(), image.height()))
    }
}

macro_rules! forward {
    ($($pointer:ty),*) => {$(
        impl<D: Dataset + ?Sized> Dataset for $pointer {
            fn len(&self) -> usize {
                (**self).len()
            }

            fn image(&self, index: usize) -> Result<Image> {
                (**self).image(index)
            }

            fn label(&self, index: usize) -> Option<usize> {
                (**self).label(index)
            }

            fn class_names(&self) -> &[String] {
                (**self).class_names()
            }

            fn path(&self, index: usize) -> String {
                (**self).path(index)
            }

            fn dimensions(&self, index: usize) -> Result<(usize, usize)> {
                (**self).dimensions(index)
            }
        }
    )*};
}

forward!(&D, Box<D>, Arc<D>);
