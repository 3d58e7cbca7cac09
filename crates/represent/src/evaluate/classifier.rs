//! The linear classifier that the probes produce.

use ndarray::{ArrayView2, ArrayViewMut2, linalg::general_mat_mul};
use serde::{Deserialize, Serialize};

use super::{EvaluateError, Features};

/// A linear map from features to class scores, in the units of the raw features.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct LinearClassifier {
    /// Weights `[C, D]`, row-major, one row per class.
    pub weights: Vec<f64>,
    /// Bias `[C]`.
    pub bias: Vec<f64>,
}

impl LinearClassifier {
    /// Number of classes C.
    pub fn num_classes(&self) -> usize {
        self.bias.len()
    }

    /// Number of features D.
    pub fn width(&self) -> usize {
        self.weights.len() / self.bias.len().max(1)
    }

    /// Class scores (logits) x·Wᵀ + b, `[N, C]`.
    ///
    /// # Errors
    ///
    /// If the features have another width than the weights.
    pub fn scores(&self, features: Features<'_>) -> Result<Vec<f32>, EvaluateError> {
        features.expect_width(self.width(), "the feature array")?;
        let weights: Vec<f32> = self.weights.iter().map(|&w| w as f32).collect();
        let mut scores = vec![0.0; features.num_rows() * self.num_classes()];
        linear_scores(features, &weights, &self.bias, &mut scores);
        Ok(scores)
    }

    /// The class with the highest score for each row, `[N]`; the lower index on a tie.
    ///
    /// # Errors
    ///
    /// As [`Self::scores`].
    pub fn predict(&self, features: Features<'_>) -> Result<Vec<usize>, EvaluateError> {
        Ok(self.scores(features)?.chunks_exact(self.num_classes()).map(highest).collect())
    }
}

/// Writes x·Wᵀ + b into `scores` `[N, C]`; `weights` is `[C, D]`.
pub(crate) fn linear_scores(features: Features<'_>, weights: &[f32], bias: &[f64], scores: &mut [f32]) {
    let num_classes = bias.len();
    for row in scores.chunks_exact_mut(num_classes) {
        for (score, &b) in row.iter_mut().zip(bias) {
            *score = b as f32;
        }
    }
    let x = matrix(features.values(), features.width()); // [N, D]
    let w = matrix(weights, features.width()); // [C, D]
    general_mat_mul(1.0, &x, &w.t(), 1.0, &mut matrix_mut(scores, num_classes));
}

/// A row-major view of `values` with `width` columns.
pub(crate) fn matrix<T>(values: &[T], width: usize) -> ArrayView2<'_, T> {
    ArrayView2::from_shape((values.len() / width, width), values).expect("a whole number of rows")
}

/// A mutable row-major view of `values` with `width` columns.
pub(crate) fn matrix_mut<T>(values: &mut [T], width: usize) -> ArrayViewMut2<'_, T> {
    ArrayViewMut2::from_shape((values.len() / width, width), values).expect("a whole number of rows")
}

/// The index of the highest score; the lower index on a tie.
pub(crate) fn highest(scores: &[f32]) -> usize {
    let mut best = 0;
    for (class, &score) in scores.iter().enumerate() {
        if score > scores[best] {
            best = class;
        }
    }
    best
}
