//! Mean softmax cross-entropy of a linear map and its gradient, the inner loop of every probe.

use ndarray::linalg::general_mat_mul;
use rayon::prelude::*;

use super::classifier::{linear_scores, matrix, matrix_mut};
use super::{Features, LabelledFeatures};

/// Rows per matrix product: few enough that the block stays in the second-level cache at 512 features.
const BLOCK_ROWS: usize = 256;

/// Parts that the rows are cut into, each summed by one thread. Fixed, so that the result does not depend on the
/// number of threads.
const LANES: usize = 16;

/// Sum of the cross-entropy over the rows, and of its gradient in the weights `[C, D]` then the bias `[C]`.
///
/// Products run in f32, block by block; sums over blocks run in f64, always in the same order.
pub(crate) fn cross_entropy_sum(data: LabelledFeatures<'_>, parameters: &[f64], gradient: &mut [f64]) -> f64 {
    let width = data.features().width();
    let num_rows = data.features().num_rows();
    let (weights, bias) = parameters.split_at(data.num_classes() * width);
    let weights: Vec<f32> = weights.iter().map(|&w| w as f32).collect();

    let lane_rows = num_rows.div_ceil(LANES).next_multiple_of(BLOCK_ROWS);
    let lanes: Vec<(f64, Vec<f64>)> = data
        .features()
        .values()
        .par_chunks(lane_rows * width)
        .zip(data.labels().par_chunks(lane_rows))
        .map(|(values, labels)| lane(values, width, labels, &weights, bias))
        .collect();

    gradient.fill(0.0);
    let mut loss = 0.0;
    for (lane_loss, lane_gradient) in lanes {
        loss += lane_loss;
        for (sum, value) in gradient.iter_mut().zip(lane_gradient) {
            *sum += value;
        }
    }
    loss
}

/// [`cross_entropy_sum`] over the rows of one lane.
fn lane(values: &[f32], width: usize, labels: &[usize], weights: &[f32], bias: &[f64]) -> (f64, Vec<f64>) {
    let num_classes = bias.len();
    let mut gradient = vec![0.0; num_classes * width + num_classes];
    let mut weight_gradient = vec![0.0_f32; num_classes * width];
    let mut scores = vec![0.0_f32; BLOCK_ROWS * num_classes];
    let mut loss = 0.0;
    for (values, labels) in values.chunks(BLOCK_ROWS * width).zip(labels.chunks(BLOCK_ROWS)) {
        let scores = &mut scores[..labels.len() * num_classes];
        linear_scores(Features::trusted(values, width), weights, bias, scores); // [m, C]
        let (to_weights, to_bias) = gradient.split_at_mut(num_classes * width);
        for (row, &label) in scores.chunks_exact_mut(num_classes).zip(labels) {
            loss += residual(row, label);
            for (sum, &value) in to_bias.iter_mut().zip(&*row) {
                *sum += f64::from(value);
            }
        }
        let residuals = matrix(scores, num_classes); // [m, C]
        general_mat_mul(
            1.0,
            &residuals.t(),
            &matrix(values, width),
            0.0,
            &mut matrix_mut(&mut weight_gradient, width),
        );
        for (sum, &value) in to_weights.iter_mut().zip(&weight_gradient) {
            *sum += f64::from(value);
        }
    }
    (loss, gradient)
}

/// Turns the scores of one row into softmax − one-hot and returns the cross-entropy −log softmax(label).
fn residual(scores: &mut [f32], label: usize) -> f64 {
    let highest = scores.iter().copied().fold(f32::NEG_INFINITY, f32::max);
    let label_score = scores[label] - highest;
    let mut sum = 0.0_f64;
    for score in scores.iter_mut() {
        *score = (*score - highest).exp();
        sum += f64::from(*score);
    }
    let scale = (1.0 / sum) as f32;
    for score in &mut *scores {
        *score *= scale;
    }
    scores[label] -= 1.0;
    sum.ln() - f64::from(label_score)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn gradient_matches_central_differences() {
        let values: Vec<f32> = (0..700 * 3).map(|i| ((i * 37 % 101) as f32 - 50.0) / 30.0).collect();
        let labels: Vec<usize> = (0..700).map(|i| i * i % 4).collect();
        let data = LabelledFeatures::new(&values, 3, &labels, 4).unwrap();
        let parameters: Vec<f64> = (0..16).map(|i| f64::from(i * 7 % 11) / 10.0 - 0.5).collect();
        let mut gradient = vec![0.0; 16];
        cross_entropy_sum(data, &parameters, &mut gradient);
        for index in 0..16 {
            let loss = |step: f64| {
                let mut moved = parameters.clone();
                moved[index] += step;
                cross_entropy_sum(data, &moved, &mut [0.0; 16])
            };
            // The scores are f32, so the loss carries a noise of about 700 · 1e-7; a wide step keeps it small.
            let numeric = (loss(1e-2) - loss(-1e-2)) / 2e-2;
            assert!(
                (numeric - gradient[index]).abs() < 2e-2,
                "{index}: {numeric} against {}",
                gradient[index]
            );
        }
    }

    #[test]
    fn uniform_scores_cost_the_logarithm_of_the_number_of_classes() {
        let data = LabelledFeatures::new(&[1.0, 2.0], 1, &[0, 2], 4).unwrap();
        let mut gradient = vec![0.0; 8];
        let loss = cross_entropy_sum(data, &[0.0; 8], &mut gradient);
        assert!((loss - 2.0 * 4.0_f64.ln()).abs() < 1e-6);
        // Row 0 pushes class 0 by 1/4 − 1, row 1 pushes it by 2 · 1/4.
        assert!((gradient[0] + 0.25).abs() < 1e-6, "{gradient:?}");
    }
}
