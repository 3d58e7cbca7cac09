//! Gradients between backward pass and update: accumulation over micro-batches, and clipping.

use autodidact_nn::TensorMap;

use autodidact_nn::updates::norm;

/// Averages the gradients of several micro-batches.
///
/// Without batch statistics the average over equal micro-batches is exactly the gradient of the whole
/// batch. With batch norm it is not: each micro-batch is normalised by its own statistics.
#[derive(Clone, Debug, Default)]
pub struct GradientAccumulator {
    sum: TensorMap,
    count: usize,
}

impl GradientAccumulator {
    /// Adds the gradients of one micro-batch.
    pub fn add(&mut self, gradients: TensorMap) {
        self.count += 1;
        for (name, gradient) in gradients {
            match self.sum.entry(name) {
                std::collections::btree_map::Entry::Vacant(entry) => {
                    entry.insert(gradient);
                }
                std::collections::btree_map::Entry::Occupied(mut entry) => {
                    let sum = entry.get_mut();
                    sum.values = sum.values.clone() + gradient.values;
                }
            }
        }
    }

    /// The average since the last call, and an empty accumulator.
    ///
    /// # Panics
    /// If nothing was added.
    pub fn take(&mut self) -> TensorMap {
        assert!(self.count > 0, "an average of no gradients was asked for");
        let count = std::mem::take(&mut self.count) as f64;
        let mut sum = std::mem::take(&mut self.sum);
        if count > 1.0 {
            for tensor in sum.values_mut() {
                tensor.values = tensor.values.clone().div_scalar(count);
            }
        }
        sum
    }
}

/// Euclidean norm over all tensors.
pub fn global_norm(tensors: &TensorMap) -> f64 {
    tensors.values().map(|tensor| norm(tensor.values.clone()).powi(2)).sum::<f64>().sqrt()
}

/// Scales all gradients by one factor so that their global norm is at most `max_norm`, and returns the
/// norm before.
pub fn clip_by_global_norm(gradients: TensorMap, max_norm: f64) -> (TensorMap, f64) {
    let norm = global_norm(&gradients);
    if norm <= max_norm {
        return (gradients, norm);
    }
    let factor = max_norm / norm;
    let clipped = gradients
        .into_iter()
        .map(|(name, mut tensor)| {
            tensor.values = tensor.values.mul_scalar(factor);
            (name, tensor)
        })
        .collect();
    (clipped, norm)
}
