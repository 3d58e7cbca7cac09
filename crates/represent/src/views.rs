//! From a loader's batch to tensors on a device.

use autodidact_data::loader::Batch;
use burn::tensor::{Device, Int, Tensor, TensorData};

/// One or two views of some pictures on a device.
#[derive(Clone, Debug)]
pub struct Views {
    /// `[N, 3, H, W]` per pipeline.
    pub views: Vec<Tensor<4>>,
    /// Classes `[N]`, if every picture has one.
    pub labels: Option<Tensor<1, Int>>,
}

/// Cuts a batch into micro-batches of `size` pictures and moves each to `device`.
///
/// # Panics
/// If the batch is no multiple of `size`.
pub fn micro_batches<'a>(
    batch: &'a Batch,
    size: usize,
    device: &'a Device,
) -> impl Iterator<Item = Views> + 'a {
    assert!(batch.len().is_multiple_of(size), "a batch of {} in micro-batches of {size}", batch.len());
    (0..batch.len()).step_by(size).map(move |start| {
        let views = (0..batch.views.len())
            .map(|view| {
                let [_, channels, height, width] = batch.shape(view);
                let picture = channels * height * width;
                let values = batch.views[view][start * picture..(start + size) * picture].to_vec();
                Tensor::from_data(TensorData::new(values, [size, channels, height, width]), device)
            })
            .collect();
        Views { views, labels: labels(&batch.labels[start..start + size], device) }
    })
}

fn labels(labels: &[Option<usize>], device: &Device) -> Option<Tensor<1, Int>> {
    let labels: Option<Vec<i64>> =
        labels.iter().map(|label| label.and_then(|label| i64::try_from(label).ok())).collect();
    let labels = labels?;
    let count = labels.len();
    Some(Tensor::from_data(TensorData::new(labels, [count]), device))
}
