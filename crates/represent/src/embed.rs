//! Representations of a collection.

use std::sync::Arc;

use autodidact_data::Dataset;
use autodidact_data::augment::AugmentConfig;
use autodidact_data::loader::{Loader, LoaderConfig, Skipped};
use autodidact_nn::state::to_vec;
use autodidact_nn::{Mode, ResNet};
use burn::module::Module;
use burn::tensor::Device;

use crate::Result;
use crate::views::micro_batches;

/// Pictures per forward pass; the result does not depend on it.
const BATCH: usize = 256;

/// Representations in the order of the collection.
#[derive(Clone, Debug)]
pub struct Embeddings {
    /// `[N, width]`, row-major.
    pub values: Vec<f32>,
    /// Features per picture.
    pub width: usize,
    /// Class per picture, where it has one.
    pub labels: Vec<Option<usize>>,
    /// Where each picture comes from.
    pub paths: Vec<String>,
    /// Pictures that could not be decoded; they have no row.
    pub skipped: Vec<Skipped>,
}

impl Embeddings {
    /// Number of pictures.
    pub fn len(&self) -> usize {
        self.labels.len()
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.labels.is_empty()
    }

    /// The labels, if every picture has one.
    pub fn complete_labels(&self) -> Option<Vec<usize>> {
        self.labels.iter().copied().collect()
    }
}

/// Representations y = f(x) of every picture, batch norm in evaluation mode, prepared by `view` (nothing random
/// should be in it; see [`AugmentConfig::whole`] and [`AugmentConfig::evaluation`]).
///
/// # Errors
/// If no picture can be decoded.
pub fn embed(
    encoder: &ResNet,
    dataset: Arc<dyn Dataset>,
    view: &AugmentConfig,
    device: &Device,
    threads: usize,
    progress: &mut dyn FnMut(usize),
) -> Result<Embeddings> {
    let encoder = encoder.valid();
    let len = dataset.len();
    let mut out = Embeddings { values: Vec::new(), width: 0, labels: vec![], paths: vec![], skipped: vec![] };
    let config = LoaderConfig { threads, ..LoaderConfig::evaluation(BATCH.min(len.max(1))) };
    let mut loader = Loader::new(dataset.clone(), std::slice::from_ref(view), config)?;
    for first in (0..len).step_by(BATCH) {
        let batch = loader.next_batch()?;
        let views = micro_batches(&batch, batch.len(), device).next().expect("a batch has pictures");
        let features = encoder.forward(views.views[0].clone(), Mode::Evaluate);
        out.width = features.dims()[1];
        let values = to_vec(features);
        // A picture that could not be read was replaced by another one, which has its own row elsewhere.
        for (row, &index) in batch.indices.iter().enumerate() {
            if index == first + row {
                out.values.extend_from_slice(&values[row * out.width..(row + 1) * out.width]);
                out.labels.push(batch.labels[row]);
                out.paths.push(dataset.path(index));
            }
        }
        progress(first + batch.len());
        loader.recycle(batch);
    }
    out.skipped = loader.skipped().cloned().collect();
    Ok(out)
}
