//! Batches of augmented views, in an order and with contents that do not depend on the number of threads.
//!
//! A [`Loader`] walks a collection epoch after epoch. The order of an epoch is a pure function of the seed and
//! the epoch, every view a pure function of the seed, the epoch, the picture and the view; a saved [`Position`]
//! is therefore all it takes to continue a run to the bit.
//!
//! ```
//! use std::sync::Arc;
//! use autodidact_data::{Dataset, Image, Result, augment::AugmentConfig, loader::{Loader, LoaderConfig}};
//!
//! struct Gray;
//! impl Dataset for Gray {
//!     fn len(&self) -> usize { 10 }
//!     fn image(&self, index: usize) -> Result<Image> { Ok(Image::new(8, 8, vec![index as u8; 192])) }
//!     fn label(&self, _: usize) -> Option<usize> { None }
//!     fn class_names(&self) -> &[String] { &[] }
//!     fn path(&self, index: usize) -> String { format!("gray#{index}") }
//! }
//!
//! let views = [AugmentConfig::byol_view1(16), AugmentConfig::byol_view2(16)];
//! let config = LoaderConfig { batch_size: 4, seed: 1, ..LoaderConfig::default() };
//! let mut loader = Loader::new(Arc::new(Gray), &views, config)?;
//! for _ in 0..loader.batches_per_epoch() {
//!     let batch = loader.next_batch()?;
//!     assert_eq!(batch.views[0].len(), 4 * 3 * 16 * 16); // [batch, 3, height, width]
//!     loader.recycle(batch);
//! }
//! # Ok::<(), autodidact_data::Error>(())
//! ```
//!
//! Left out: sampling with replacement, class-balanced sampling, and transfer to a device.

mod assemble;
mod batch;
mod config;
mod prefetch;

use std::{collections::BTreeMap, sync::Arc};

use assemble::Assembler;
pub use batch::{Batch, Position, Skipped};
pub use config::LoaderConfig;
use prefetch::Prefetch;

use crate::{
    Dataset, Error, Result,
    augment::{Augment, AugmentConfig},
};

/// An endless, seeded sequence of batches over a collection.
pub struct Loader {
    assembler: Arc<Assembler>,
    source: Source,
    /// Of the next batch to be handed out.
    position: Position,
    skipped: BTreeMap<usize, Skipped>,
}

/// Who builds the batches.
enum Source {
    /// The caller's thread, with batches given back for reuse.
    Inline(Vec<Batch>),
    /// Other threads; none are running before the first batch and after a change of position.
    Threads(Option<Prefetch>),
}

impl Loader {
    /// A loader at the start of epoch 0, one view per pipeline.
    ///
    /// # Errors
    /// [`Error::Setting`] if a pipeline or a loader setting is out of range, if there is no pipeline, or if the
    /// collection has no picture or, with `drop_last`, fewer than one batch.
    pub fn new(dataset: Arc<dyn Dataset>, views: &[AugmentConfig], config: LoaderConfig) -> Result<Self> {
        config.validate(dataset.len())?;
        if views.is_empty() {
            return Err(Error::Setting {
                field: "views".into(),
                value: "empty".into(),
                expected: "at least one pipeline".into(),
            });
        }
        let views = views.iter().cloned().map(Augment::new).collect::<Result<_>>()?;
        // The caller's thread alone is faster than a second thread competing with training for one core.
        let source = if config.threads > 1 { Source::Threads(None) } else { Source::Inline(Vec::new()) };
        let assembler = Arc::new(Assembler::new(dataset, views, config));
        Ok(Self { assembler, source, position: Position::default(), skipped: BTreeMap::new() })
    }

    /// The settings.
    pub fn config(&self) -> &LoaderConfig {
        &self.assembler.config
    }

    /// The collection.
    pub fn dataset(&self) -> &Arc<dyn Dataset> {
        &self.assembler.dataset
    }

    /// Number of batches in an epoch; the last is smaller if `drop_last` is off and the division leaves a rest.
    pub fn batches_per_epoch(&self) -> usize {
        self.assembler.batches_per_epoch()
    }

    /// Epoch and number of the batch that [`Loader::next_batch`] gives next.
    pub fn position(&self) -> Position {
        self.position
    }

    /// Continues at `position`, as saved from [`Loader::position`]: what follows equals an uninterrupted run
    /// to the bit.
    ///
    /// # Errors
    /// [`Error::Setting`] if the epoch has no such batch; the collection or the batch size has changed.
    pub fn seek(&mut self, position: Position) -> Result<()> {
        let batches = self.batches_per_epoch();
        if position.batch >= batches {
            return Err(Error::Setting {
                field: "position.batch".into(),
                value: position.batch.to_string(),
                expected: format!("below {batches}, the batches of an epoch; is it the same collection?"),
            });
        }
        self.position = position;
        if let Source::Threads(prefetch) = &mut self.source {
            *prefetch = None;
        }
        Ok(())
    }

    /// The next batch; epochs follow each other without end.
    ///
    /// A picture that cannot be decoded is replaced by the next readable one of the collection and listed in
    /// [`Batch::skipped`] and [`Loader::skipped`].
    ///
    /// # Errors
    /// [`Error::NothingReadable`] if no picture at all can be decoded.
    pub fn next_batch(&mut self) -> Result<Batch> {
        let batch = match &mut self.source {
            Source::Inline(spare) => {
                let mut batch = spare.pop().unwrap_or_default();
                self.assembler.assemble(self.position, &mut batch)?;
                batch
            }
            Source::Threads(prefetch) => {
                let running = prefetch.get_or_insert_with(|| Prefetch::start(&self.assembler, self.position));
                let received = running.receive();
                if received.is_err() {
                    *prefetch = None;
                }
                received?
            }
        };
        debug_assert_eq!(batch.position, self.position, "batches arrive in order");
        self.position = self.assembler.after(self.position);
        self.remember(batch.skipped.iter().cloned());
        Ok(batch)
    }

    /// The rest of the current epoch, or a whole one at its start; ends after the first error.
    pub fn epoch(&mut self) -> impl Iterator<Item = Result<Batch>> {
        let epoch = self.position.epoch;
        let mut failed = false;
        std::iter::from_fn(move || {
            (!failed && self.position.epoch == epoch).then(|| {
                let batch = self.next_batch();
                failed = batch.is_err();
                batch
            })
        })
    }

    /// Takes a used batch back, so that its memory serves a later one.
    pub fn recycle(&mut self, batch: Batch) {
        match &mut self.source {
            Source::Inline(spare) => spare.push(batch),
            Source::Threads(Some(prefetch)) => prefetch.recycle(batch),
            Source::Threads(None) => {}
        }
    }

    /// Adds pictures that could not be decoded before a run was continued to those of [`Loader::skipped`].
    pub fn remember(&mut self, skipped: impl IntoIterator<Item = Skipped>) {
        for picture in skipped {
            self.skipped.entry(picture.index).or_insert(picture);
        }
    }

    /// The pictures that could not be decoded so far, each once, by index: what a run reports at its end.
    pub fn skipped(&self) -> impl Iterator<Item = &Skipped> {
        self.skipped.values()
    }
}

#[cfg(test)]
mod tests;
