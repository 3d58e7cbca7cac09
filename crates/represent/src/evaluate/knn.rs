//! Nearest neighbours by cosine similarity, and the weighted k-NN probe.
//!
//! The probe is not in the BYOL paper. Published k-NN accuracies differ in k, temperature and feature, and are not
//! comparable across these: libraries use k = 200, T = 0.1 (CIFAR-10) and k = 20, T = 0.07 or 0.1 (small image sets).
//! The result therefore carries all three and prints them.
//!
//! Source: Wu et al. 2018, "Unsupervised feature learning via non-parametric instance discrimination", sec. 3.4.

use std::cmp::Ordering;
use std::fmt;

use ndarray::linalg::general_mat_mul;
use rayon::prelude::*;
use serde::{Deserialize, Serialize};

use super::EvaluateError;
use super::classifier::{matrix, matrix_mut};
use super::features::{Features, LabelledFeatures};
use super::report::ClassificationReport;

/// Queries per block of similarities: at 50 000 keys a block takes 12 MB.
const BLOCK_QUERIES: usize = 64;

/// Options of the k-NN probe.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct KnnConfig {
    /// Number of neighbours k that vote.
    pub k: usize,
    /// Temperature T: a neighbour of cosine similarity c votes with weight exp(c/T).
    pub temperature: f64,
}

impl Default for KnnConfig {
    /// k = 200, T = 0.1: the usual choice for CIFAR-10.
    fn default() -> Self {
        Self { k: 200, temperature: 0.1 }
    }
}

impl KnnConfig {
    /// k = 20, T = 0.07: the usual choice for sets with few images per class.
    pub fn few_images() -> Self {
        Self { k: 20, temperature: 0.07 }
    }
}

/// The result of a k-NN probe; prints as one line that says what was measured.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct KnnProbe {
    /// Accuracy of the weighted vote.
    #[serde(flatten)]
    pub report: ClassificationReport,
    /// Number of neighbours.
    pub k: usize,
    /// Temperature.
    pub temperature: f64,
    /// Which feature was compared, for instance `backbone` or `projection`.
    pub feature: String,
    /// Whether the queries were the keys themselves, each without itself.
    pub leave_one_out: bool,
}

impl fmt::Display for KnnProbe {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let percent = |fraction: f64| 100.0 * fraction;
        write!(
            f,
            "k-NN top-1 {:.2} % [{:.2}, {:.2}] (k = {}, T = {}, feature = {}, {} {})",
            percent(self.report.accuracy),
            percent(self.report.accuracy_interval.low),
            percent(self.report.accuracy_interval.high),
            self.k,
            self.temperature,
            self.feature,
            self.report.num_examples,
            if self.leave_one_out { "examples, leave-one-out" } else { "queries" },
        )
    }
}

/// The nearest keys of each query, the nearest first.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Neighbours {
    /// Number of neighbours per query.
    pub k: usize,
    /// Rows of the keys, `[N, k]`.
    pub indices: Vec<usize>,
    /// Cosine similarities, `[N, k]`.
    pub similarities: Vec<f32>,
}

impl Neighbours {
    /// Key and similarity of each neighbour of query `index`, the nearest first.
    ///
    /// # Panics
    ///
    /// If there is no such query.
    pub fn of(&self, index: usize) -> impl ExactSizeIterator<Item = (usize, f32)> {
        let range = index * self.k..(index + 1) * self.k;
        self.indices[range.clone()].iter().copied().zip(self.similarities[range].iter().copied())
    }
}

/// Finds the `k` keys of highest cosine similarity for each query.
///
/// Rows are divided by max(‖x‖, 1e-12), so a zero row is equally far from all. Equal similarities are ordered by the
/// key's index.
///
/// # Errors
///
/// If the widths differ, or `k` is 0 or more than the number of keys.
///
/// ```
/// use autodidact_represent::evaluate::{Features, neighbours};
///
/// let keys = [1.0, 0.0, 0.0, 2.0, -3.0, 0.0];
/// let found = neighbours(Features::new(&[5.0, 1.0], 2)?, Features::new(&keys, 2)?, 2)?;
/// assert_eq!(found.indices, [0, 1]);
/// # Ok::<(), autodidact_represent::evaluate::EvaluateError>(())
/// ```
pub fn neighbours(queries: Features<'_>, keys: Features<'_>, k: usize) -> Result<Neighbours, EvaluateError> {
    queries.expect_width(keys.width(), "the query array")?;
    check_k(k, keys.num_rows())?;
    Ok(nearest(&normalised(queries), &normalised(keys), keys.width(), k, false))
}

/// Classifies `queries` by the weighted vote of their nearest neighbours among `keys`.
///
/// Class c of a query q scores Σ exp(cos(q, xᵢ)/T) over its k nearest keys xᵢ with label c. On a tie the class with
/// the lower index wins. `feature` names what is compared, for the record.
///
/// # Errors
///
/// If the sets differ in width or classes, `k` is 0 or more than the number of keys, or the temperature is not above 0.
///
/// ```
/// use autodidact_represent::evaluate::{KnnConfig, LabelledFeatures, knn_probe};
///
/// let keys = LabelledFeatures::new(&[1.0, 0.1, 1.0, -0.1, 0.1, 1.0], 2, &[0, 0, 1], 2)?;
/// let queries = LabelledFeatures::new(&[2.0, 0.0, 0.0, 3.0], 2, &[0, 1], 2)?;
/// let probe = knn_probe(keys, queries, KnnConfig { k: 3, temperature: 0.1 }, "backbone")?;
/// assert_eq!(probe.report.accuracy, 1.0);
/// assert!(probe.to_string().contains("k = 3, T = 0.1, feature = backbone"));
/// # Ok::<(), autodidact_represent::evaluate::EvaluateError>(())
/// ```
pub fn knn_probe(
    keys: LabelledFeatures<'_>,
    queries: LabelledFeatures<'_>,
    config: KnnConfig,
    feature: &str,
) -> Result<KnnProbe, EvaluateError> {
    keys.expect_alike(queries, "the query set")?;
    check_temperature(config)?;
    let found = neighbours(queries.features(), keys.features(), config.k)?;
    Ok(vote(&found, keys, queries.labels(), config, feature, false))
}

/// [`knn_probe`] of a set on itself, each example without its own vote.
///
/// # Errors
///
/// As [`knn_probe`]; `k` must be below the number of examples.
pub fn knn_leave_one_out(
    data: LabelledFeatures<'_>,
    config: KnnConfig,
    feature: &str,
) -> Result<KnnProbe, EvaluateError> {
    check_temperature(config)?;
    check_k(config.k, data.features().num_rows() - 1)?;
    let keys = normalised(data.features());
    let found = nearest(&keys, &keys, data.features().width(), config.k, true);
    Ok(vote(&found, data, data.labels(), config, feature, true))
}

fn check_k(k: usize, available: usize) -> Result<(), EvaluateError> {
    if (1..=available).contains(&k) { Ok(()) } else { Err(EvaluateError::NeighbourCount { k, available }) }
}

fn check_temperature(config: KnnConfig) -> Result<(), EvaluateError> {
    if config.temperature > 0.0 && config.temperature.is_finite() {
        return Ok(());
    }
    Err(EvaluateError::option("temperature", config.temperature, "a finite number above 0"))
}

/// Rows divided by max(‖x‖, 1e-12), `[N, D]`.
pub(crate) fn normalised(features: Features<'_>) -> Vec<f32> {
    let mut values = Vec::with_capacity(features.values().len());
    for row in features.rows() {
        let norm = row.iter().map(|&x| f64::from(x).powi(2)).sum::<f64>().sqrt().max(1e-12);
        values.extend(row.iter().map(|&x| (f64::from(x) / norm) as f32));
    }
    values
}

/// The `k` nearest of `keys` `[M, D]` for each of `queries` `[N, D]`, all of unit length.
fn nearest(queries: &[f32], keys: &[f32], width: usize, k: usize, without_self: bool) -> Neighbours {
    let num_keys = keys.len() / width;
    let blocks: Vec<Vec<(f32, usize)>> = queries
        .par_chunks(BLOCK_QUERIES * width)
        .enumerate()
        .map(|(block, queries)| {
            let num_queries = queries.len() / width;
            let mut similarities = vec![0.0_f32; num_queries * num_keys]; // [m, M]
            general_mat_mul(
                1.0,
                &matrix(queries, width),
                &matrix(keys, width).t(),
                0.0,
                &mut matrix_mut(&mut similarities, num_keys),
            );
            let mut found = Vec::with_capacity(num_queries * k);
            let mut candidates = Vec::with_capacity(num_keys);
            for (row, similarities) in similarities.chunks_exact(num_keys).enumerate() {
                let own = block * BLOCK_QUERIES + row;
                candidates.clear();
                candidates.extend(similarities.iter().copied().zip(0..num_keys));
                if without_self {
                    candidates.swap_remove(own);
                }
                candidates.select_nth_unstable_by(k - 1, nearer);
                candidates[..k].sort_unstable_by(nearer);
                found.extend_from_slice(&candidates[..k]);
            }
            found
        })
        .collect();
    let (similarities, indices) = blocks.into_iter().flatten().unzip();
    Neighbours { k, indices, similarities }
}

/// Higher similarity first, then the lower index: a total order, so that the k chosen do not depend on the algorithm.
fn nearer(a: &(f32, usize), b: &(f32, usize)) -> Ordering {
    b.0.total_cmp(&a.0).then(a.1.cmp(&b.1))
}

/// The weighted vote of the neighbours.
fn vote(
    found: &Neighbours,
    keys: LabelledFeatures<'_>,
    labels: &[usize],
    config: KnnConfig,
    feature: &str,
    leave_one_out: bool,
) -> KnnProbe {
    let num_classes = keys.num_classes();
    let mut scores = Vec::with_capacity(labels.len() * num_classes);
    for query in 0..labels.len() {
        let mut votes = vec![0.0_f64; num_classes];
        let highest = f64::from(found.similarities[query * found.k]);
        for (key, similarity) in found.of(query) {
            // Relative to the nearest neighbour: the common factor changes no vote, and exp cannot overflow.
            votes[keys.labels()[key]] += ((f64::from(similarity) - highest) / config.temperature).exp();
        }
        scores.extend(votes.into_iter().map(|votes| votes as f32));
    }
    KnnProbe {
        report: ClassificationReport::from_scores(&scores, num_classes, labels),
        k: config.k,
        temperature: config.temperature,
        feature: feature.to_owned(),
        leave_one_out,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ties_go_to_the_lower_index() {
        let keys = [1.0; 400]; // 200 equal keys
        let keys = Features::new(&keys, 2).unwrap();
        let found = neighbours(keys, keys, 3).unwrap();
        assert!(found.indices.chunks(3).all(|indices| indices == [0, 1, 2]));
    }

    #[test]
    fn similarity_ignores_length_and_zero_rows_do_not_break() {
        let keys = Features::new(&[0.0, 0.0, 1e-3, 0.0, 0.0, 1e3], 2).unwrap();
        let found = neighbours(Features::new(&[3.0, 4.0], 2).unwrap(), keys, 3).unwrap();
        assert_eq!(found.indices, [2, 1, 0]);
        for (similarity, expected) in found.similarities.iter().zip([0.8, 0.6, 0.0]) {
            assert!((similarity - expected).abs() < 1e-6);
        }
    }

    #[test]
    fn leave_one_out_removes_the_own_vote() {
        // Each example sits next to one of the other class.
        let values = [1.0, 0.0, 1.0, 0.01, 0.0, 1.0, 0.01, 1.0];
        let data = LabelledFeatures::new(&values, 2, &[0, 1, 0, 1], 2).unwrap();
        let config = KnnConfig { k: 1, temperature: 0.1 };
        assert_eq!(knn_probe(data, data, config, "x").unwrap().report.accuracy, 1.0);
        let probe = knn_leave_one_out(data, config, "x").unwrap();
        assert_eq!(probe.report.accuracy, 0.0);
        assert!(probe.to_string().contains("4 examples, leave-one-out"), "{probe}");
    }

    #[test]
    fn tiny_temperature_follows_the_nearest_neighbour() {
        let keys = LabelledFeatures::new(&[1.0, 0.0, 0.9, 0.1, 0.9, 0.1], 2, &[0, 1, 1], 2).unwrap();
        let query = LabelledFeatures::new(&[1.0, 0.0], 2, &[0], 2).unwrap();
        let accuracy = |temperature| {
            knn_probe(keys, query, KnnConfig { k: 3, temperature }, "x").unwrap().report.accuracy
        };
        assert_eq!(accuracy(1e-5), 1.0);
        assert_eq!(accuracy(10.0), 0.0);
    }

    #[test]
    fn impossible_options_are_refused() {
        let data = LabelledFeatures::new(&[1.0, 2.0], 1, &[0, 1], 2).unwrap();
        let config = |k, temperature| KnnConfig { k, temperature };
        let message = |config| knn_probe(data, data, config, "x").unwrap_err().to_string();
        assert!(message(config(3, 0.1)).contains("3 neighbours asked of 2 candidates"));
        assert!(message(config(0, 0.1)).contains("between 1 and 2"));
        assert!(message(config(1, 0.0)).contains("`temperature` is 0"));
        assert!(knn_leave_one_out(data, config(2, 0.1), "x").is_err());
    }
}
