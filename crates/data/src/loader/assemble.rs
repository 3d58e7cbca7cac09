//! Builds the batch at a given position: a pure function of the settings, the collection and the position.

use std::sync::{Arc, Mutex, PoisonError};

use rayon::iter::{IndexedParallelIterator, IntoParallelIterator, ParallelIterator};

use super::{Batch, LoaderConfig, Position, Skipped};
use crate::{
    Dataset, Error, Image, Result,
    augment::{Augment, Scratch, Stream},
};

/// Key of the stream that shuffles an epoch, where a view's stream has the picture's index and the view.
const SHUFFLE: u64 = u64::MAX;

/// What it takes to build any batch.
pub(super) struct Assembler {
    pub(super) dataset: Arc<dyn Dataset>,
    pub(super) config: LoaderConfig,
    views: Vec<Augment>,
    /// The order of the epoch asked for last.
    order: Mutex<(Option<u64>, Vec<usize>)>,
    /// One per thread that has ever worked at the same time.
    scratch: Mutex<Vec<Scratch>>,
}

/// One picture's place in a batch.
struct Slot<'a> {
    /// The picture the order asks for.
    wanted: usize,
    /// The picture that is there.
    index: &'a mut usize,
    label: &'a mut Option<usize>,
    /// `[3, size, size]` per view.
    outputs: Vec<&'a mut [f32]>,
}

impl Assembler {
    pub(super) fn new(dataset: Arc<dyn Dataset>, views: Vec<Augment>, config: LoaderConfig) -> Self {
        Self { dataset, config, views, order: Mutex::default(), scratch: Mutex::default() }
    }

    pub(super) fn batches_per_epoch(&self) -> usize {
        let (pictures, size) = (self.dataset.len(), self.config.batch_size);
        if self.config.drop_last { pictures / size } else { pictures.div_ceil(size) }
    }

    pub(super) fn after(&self, position: Position) -> Position {
        let Position { epoch, batch } = position;
        if batch + 1 == self.batches_per_epoch() {
            Position { epoch: epoch + 1, batch: 0 }
        } else {
            Position { epoch, batch: batch + 1 }
        }
    }

    /// Fills `batch` on the caller's thread.
    pub(super) fn assemble(&self, position: Position, batch: &mut Batch) -> Result<()> {
        let slots = self.prepare(position, batch);
        let skipped =
            slots.into_iter().map(|slot| self.fill(position.epoch, slot)).collect::<Result<Vec<_>>>()?;
        batch.skipped = skipped.into_iter().flatten().collect();
        Ok(())
    }

    /// Fills `batch` on the threads of the rayon pool it is called in.
    pub(super) fn assemble_parallel(&self, position: Position, batch: &mut Batch) -> Result<()> {
        let slots = self.prepare(position, batch);
        let skipped = slots
            .into_par_iter()
            .with_max_len(1)
            .map(|slot| self.fill(position.epoch, slot))
            .collect::<Vec<_>>();
        // Collected first: which of several errors is reported must not depend on the threads.
        let skipped = skipped.into_iter().collect::<Result<Vec<_>>>()?;
        batch.skipped = skipped.into_iter().flatten().collect();
        Ok(())
    }

    /// Sizes the arrays of `batch` and cuts them into one slot per picture.
    fn prepare<'a>(&self, position: Position, batch: &'a mut Batch) -> Vec<Slot<'a>> {
        let wanted = self.pictures(position);
        batch.position = position;
        batch.sizes.clear();
        batch.sizes.extend(self.views.iter().map(Augment::size));
        batch.indices.resize(wanted.len(), 0);
        batch.labels.resize(wanted.len(), None);
        batch.views.resize_with(self.views.len(), Vec::new);
        for (view, augment) in batch.views.iter_mut().zip(&self.views) {
            view.resize(wanted.len() * augment.len(), 0.0);
        }
        let mut slots: Vec<_> = wanted
            .into_iter()
            .zip(&mut batch.indices)
            .zip(&mut batch.labels)
            .map(|((wanted, index), label)| Slot {
                wanted,
                index,
                label,
                outputs: Vec::with_capacity(self.views.len()),
            })
            .collect();
        for (view, augment) in batch.views.iter_mut().zip(&self.views) {
            for (slot, output) in slots.iter_mut().zip(view.chunks_exact_mut(augment.len())) {
                slot.outputs.push(output);
            }
        }
        slots
    }

    /// The pictures of the batch at `position`.
    fn pictures(&self, position: Position) -> Vec<usize> {
        let mut guard = self.order.lock().unwrap_or_else(PoisonError::into_inner);
        let (epoch, order) = &mut *guard;
        if *epoch != Some(position.epoch) {
            order.clear();
            order.extend(0..self.dataset.len());
            if self.config.shuffle {
                Stream::new(self.config.seed, position.epoch, SHUFFLE, SHUFFLE).shuffle(order);
            }
            *epoch = Some(position.epoch);
        }
        let start = position.batch * self.config.batch_size;
        order[start..(start + self.config.batch_size).min(order.len())].to_vec()
    }

    /// Decodes a slot's picture and writes its views.
    ///
    /// Views are drawn from the stream of the picture that was asked for, so that a replacement that also
    /// occurs on its own is seen in different views.
    fn fill(&self, epoch: u64, slot: Slot<'_>) -> Result<Vec<Skipped>> {
        let (image, index, skipped) = self.decode(slot.wanted)?;
        *slot.index = index;
        *slot.label = self.dataset.label(index);
        let free = self.scratch.lock().unwrap_or_else(PoisonError::into_inner).pop();
        let mut scratch = free.unwrap_or_default();
        for (view, (augment, output)) in self.views.iter().zip(slot.outputs).enumerate() {
            let mut stream = Stream::new(self.config.seed, epoch, slot.wanted as u64, view as u64);
            let draw = augment.sample(&mut stream, image.width(), image.height());
            augment.apply(&image, &draw, &mut scratch, output);
        }
        self.scratch.lock().unwrap_or_else(PoisonError::into_inner).push(scratch);
        Ok(skipped)
    }

    /// Picture `wanted`, or the first readable one after it (past the end, from the start).
    fn decode(&self, wanted: usize) -> Result<(Image, usize, Vec<Skipped>)> {
        let count = self.dataset.len();
        let mut failures = Vec::new();
        for step in 0..count {
            let index = (wanted + step) % count;
            match self.dataset.image(index) {
                Ok(image) => {
                    let skipped = failures.into_iter().map(|(failed, error): (usize, Error)| Skipped {
                        index: failed,
                        path: self.dataset.path(failed),
                        reason: error.without_path(),
                        replacement: index,
                    });
                    return Ok((image, index, skipped.collect()));
                }
                Err(error) => failures.push((index, error)),
            }
        }
        let first = failures.first().map_or_else(String::new, |(_, error)| error.to_string());
        Err(Error::NothingReadable { count, first })
    }
}
