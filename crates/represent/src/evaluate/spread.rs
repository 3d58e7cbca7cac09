//! Numbers that tell whether a representation has collapsed: spread, effective rank, cosines of pairs.
//!
//! They take one batch of embeddings `[N, D]`. What they mean over a training run is
//! [`CollapseMonitor`](super::CollapseMonitor)'s matter.

use ndarray::{Array2, linalg::general_mat_mul};
use serde::{Deserialize, Serialize};

use super::EvaluateError;
use super::classifier::matrix;
use super::eigen::symmetric_eigenvalues;
use super::features::Features;
use super::knn::normalised;

/// The spread of unit-length embeddings: s = √D · mean over d of std over the batch of n(z)_d, with n(z) = z/‖z‖.
///
/// Embeddings spread evenly over the sphere give s ≈ 1, embeddings that all point one way give 0. The standard
/// deviation divides by N − 1; zero rows stay zero.
///
/// # Errors
///
/// If there are fewer than two rows.
///
/// ```
/// use autodidact_represent::evaluate::{Features, feature_spread};
///
/// let collapsed = Features::new(&[1.0, 2.0, 2.0, 4.0, 3.0, 6.0], 2)?; // one direction
/// assert!(feature_spread(collapsed)? < 1e-6);
/// let corners = Features::new(&[1.0, 0.0, -1.0, 0.0, 0.0, 1.0, 0.0, -1.0], 2)?;
/// assert!(feature_spread(corners)? > 0.9);
/// # Ok::<(), autodidact_represent::evaluate::EvaluateError>(())
/// ```
pub fn feature_spread(z: Features<'_>) -> Result<f64, EvaluateError> {
    let num = z.num_rows();
    if num < 2 {
        return Err(EvaluateError::TooFewRows { what: "the batch of embeddings", needed: 2 });
    }
    let unit = normalised(z);
    let width = z.width();
    let total: f64 = (0..width)
        .map(|column| {
            let values = || unit[column..].iter().step_by(width).map(|&x| f64::from(x));
            let mean = values().sum::<f64>() / num as f64;
            (values().map(|x| (x - mean).powi(2)).sum::<f64>() / (num - 1) as f64).sqrt()
        })
        .sum();
    Ok(total / width as f64 * (width as f64).sqrt())
}

/// The effective rank exp(H(p)), with p the singular values of z divided by their sum and H the entropy in nats.
///
/// Between 1 (one direction) and min(N, D) (all directions alike); 0 if z is all zeros. The embeddings are taken as
/// they are, neither centred nor normalised.
///
/// Source: Roy and Vetterli 2007, "The effective rank: a measure of effective dimensionality", def. 1.
///
/// ```
/// use autodidact_represent::evaluate::{Features, effective_rank};
///
/// let identity = Features::new(&[1.0, 0.0, 0.0, 0.0, 1.0, 0.0, 0.0, 0.0, 1.0], 3)?;
/// assert!((effective_rank(identity) - 3.0).abs() < 1e-12);
/// # Ok::<(), autodidact_represent::evaluate::EvaluateError>(())
/// ```
pub fn effective_rank(z: Features<'_>) -> f64 {
    let singular = singular_values(z);
    let sum: f64 = singular.iter().sum();
    if sum == 0.0 {
        return 0.0;
    }
    let entropy: f64 = singular.iter().map(|s| s / sum).filter(|&p| p > 0.0).map(|p| -p * p.ln()).sum();
    entropy.exp()
}

/// The min(N, D) singular values of z, the largest first.
///
/// They are the roots of the eigenvalues of the smaller Gram matrix in f64, so a singular value below about 1e-8 of the
/// largest is not resolved; one that is lost in rounding is 0.
pub fn singular_values(z: Features<'_>) -> Vec<f64> {
    let values: Vec<f64> = z.values().iter().map(|&x| f64::from(x)).collect();
    let z = matrix(&values, z.width()); // [N, D]
    let z = if z.nrows() < z.ncols() { z.reversed_axes() } else { z }; // [larger, smaller]
    let size = z.ncols();
    let mut gram = Array2::zeros((size, size));
    general_mat_mul(1.0, &z.t(), &z, 0.0, &mut gram);
    let eigenvalues = symmetric_eigenvalues(gram);
    let largest = eigenvalues.first().copied().unwrap_or(0.0);
    let rounding = largest * f64::EPSILON * size as f64;
    eigenvalues.into_iter().map(|value| if value > rounding { value.sqrt() } else { 0.0 }).collect()
}

/// Mean cosines between the embeddings of two views of the same images.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct PairCosines {
    /// Mean cosine of two views of one image.
    pub positive: f64,
    /// Mean cosine of views of two different images; near `positive` means that images are not told apart.
    pub negative: f64,
}

/// Mean cosines of rows with the same index (positive pairs) and with different indices (negative pairs).
///
/// # Errors
///
/// If the shapes differ or there are fewer than two rows.
///
/// ```
/// use autodidact_represent::evaluate::{Features, pair_cosines};
///
/// let view = Features::new(&[1.0, 0.0, 0.0, 2.0], 2)?;
/// let cosines = pair_cosines(view, view)?;
/// assert_eq!((cosines.positive, cosines.negative), (1.0, 0.0));
/// # Ok::<(), autodidact_represent::evaluate::EvaluateError>(())
/// ```
pub fn pair_cosines(first: Features<'_>, second: Features<'_>) -> Result<PairCosines, EvaluateError> {
    let (num, width) = (first.num_rows(), first.width());
    second.expect_width(width, "the second view")?;
    if second.num_rows() != num {
        return Err(EvaluateError::Mismatch {
            what: "the second view",
            unit: "rows",
            expected: num,
            got: second.num_rows(),
        });
    }
    if num < 2 {
        return Err(EvaluateError::TooFewRows { what: "each view", needed: 2 });
    }
    let (a, b) = (normalised(first), normalised(second));
    let positive: f64 = a.iter().zip(&b).map(|(&x, &y)| f64::from(x) * f64::from(y)).sum();
    // All pairs at once: Σᵢⱼ aᵢ·bⱼ = (Σᵢ aᵢ)·(Σⱼ bⱼ).
    let column_sum = |values: &[f32], column| -> f64 {
        values[column..].iter().step_by(width).map(|&x| f64::from(x)).sum()
    };
    let all: f64 = (0..width).map(|column| column_sum(&a, column) * column_sum(&b, column)).sum();
    let num = num as f64;
    Ok(PairCosines { positive: positive / num, negative: (all - positive) / (num * (num - 1.0)) })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rank_counts_directions_whatever_their_length() {
        // Three equal rows: one direction. Zeros: none.
        assert!((effective_rank(Features::new(&[2.0; 12], 4).unwrap()) - 1.0).abs() < 1e-12);
        assert_eq!(effective_rank(Features::new(&[0.0; 12], 4).unwrap()), 0.0);
        let scaled = Features::new(&[1e-3, 0.0, 0.0, 1e-3], 2).unwrap();
        assert!((effective_rank(scaled) - 2.0).abs() < 1e-9);
    }

    #[test]
    fn single_rows_and_unequal_views_are_refused() {
        let one = Features::new(&[1.0, 2.0], 2).unwrap();
        let two = Features::new(&[1.0, 2.0, 3.0, 4.0], 2).unwrap();
        assert!(feature_spread(one).unwrap_err().to_string().contains("at least 2 rows"));
        assert!(pair_cosines(one, one).is_err());
        assert!(pair_cosines(two, one).unwrap_err().to_string().contains("1 rows, expected 2"));
    }
}
