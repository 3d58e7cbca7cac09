//! Seeded, stratified choices of examples: validation splits and the few labels of semi-supervised runs.
//!
//! The choice depends on the seed, the labels and the fraction alone. Each example draws a 64-bit key from `ChaCha8`, in
//! order, and each class keeps its smallest keys; so a larger fraction with the same seed contains the smaller one.

use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::{Rng, SeedableRng};
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use super::EvaluateError;

/// Examples in two parts; both lists of indices are sorted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Split {
    /// The examples that stay.
    pub rest: Vec<usize>,
    /// The examples set aside.
    pub held_out: Vec<usize>,
}

/// The labelled examples of a semi-supervised run.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct LabelSubset {
    /// Indices of the examples, sorted.
    pub indices: Vec<usize>,
    /// SHA-256 of the indices as little-endian 64-bit integers, in hexadecimal: two runs with the same hash saw the
    /// same labels.
    pub hash: String,
}

/// Sets aside `fraction` of each class.
///
/// Per class of n examples, round(`fraction`·n) are set aside, at least one and at most n − 1; a class with a single
/// example keeps it in the rest.
///
/// # Errors
///
/// If `fraction` is not inside (0, 1), or no class has two examples.
///
/// ```
/// use autodidact_represent::evaluate::stratified_split;
///
/// let split = stratified_split(&[0, 0, 0, 0, 1, 1, 1, 1], 0.25, 7)?;
/// assert_eq!((split.rest.len(), split.held_out.len()), (6, 2));
/// # Ok::<(), autodidact_represent::evaluate::EvaluateError>(())
/// ```
pub fn stratified_split(labels: &[usize], fraction: f64, seed: u64) -> Result<Split, EvaluateError> {
    if !(fraction > 0.0 && fraction < 1.0) {
        return Err(EvaluateError::option(
            "validation_fraction",
            fraction,
            "a fraction strictly between 0 and 1",
        ));
    }
    let held_out = pick(labels, seed, |count| {
        let wanted = (fraction * count as f64).round() as usize;
        wanted.max(1).min(count - 1)
    });
    if held_out.is_empty() {
        return Err(EvaluateError::TooFewRows { what: "every class of the split", needed: 2 });
    }
    let mut is_held_out = vec![false; labels.len()];
    for &index in &held_out {
        is_held_out[index] = true;
    }
    let rest = (0..labels.len()).filter(|&index| !is_held_out[index]).collect();
    Ok(Split { rest, held_out })
}

/// Keeps the labels of `fraction` of the examples of each class, at least one per class.
///
/// Grill et al. 2020 (App. C.1) use the fixed `ImageNet` lists of `SimCLR`; for other data this draws such a list.
///
/// # Errors
///
/// If `fraction` is not inside (0, 1] or there are no labels.
///
/// ```
/// use autodidact_represent::evaluate::label_fraction;
///
/// let labels: Vec<usize> = (0..1000).map(|i| i % 10).collect();
/// let subset = label_fraction(&labels, 0.01, 0)?;
/// assert_eq!(subset.indices.len(), 10);
/// assert_eq!(subset.hash.len(), 64);
/// # Ok::<(), autodidact_represent::evaluate::EvaluateError>(())
/// ```
pub fn label_fraction(labels: &[usize], fraction: f64, seed: u64) -> Result<LabelSubset, EvaluateError> {
    if !(fraction > 0.0 && fraction <= 1.0) {
        return Err(EvaluateError::option("fraction", fraction, "a fraction above 0 and at most 1"));
    }
    if labels.is_empty() {
        return Err(EvaluateError::TooFewRows { what: "the label list", needed: 1 });
    }
    let indices = pick(labels, seed, |count| ((fraction * count as f64).round() as usize).clamp(1, count));
    let mut hasher = Sha256::new();
    for &index in &indices {
        hasher.update((index as u64).to_le_bytes());
    }
    Ok(LabelSubset { indices, hash: hex::encode(hasher.finalize()) })
}

/// Sorted indices of `wanted(count)` examples of each class.
fn pick(labels: &[usize], seed: u64, wanted: impl Fn(usize) -> usize) -> Vec<usize> {
    let mut rng = ChaCha8Rng::seed_from_u64(seed);
    let num_classes = labels.iter().max().map_or(0, |label| label + 1);
    let mut classes: Vec<Vec<(u64, usize)>> = vec![Vec::new(); num_classes];
    for (index, &label) in labels.iter().enumerate() {
        classes[label].push((rng.next_u64(), index));
    }
    let mut picked = Vec::new();
    for mut class in classes.into_iter().filter(|class| !class.is_empty()) {
        class.sort_unstable();
        picked.extend(class[..wanted(class.len())].iter().map(|&(_, index)| index));
    }
    picked.sort_unstable();
    picked
}

#[cfg(test)]
mod tests {
    use super::*;

    fn unbalanced() -> Vec<usize> {
        (0..200)
            .map(|i| {
                if i < 150 {
                    0
                } else if i < 199 {
                    1
                } else {
                    3
                }
            })
            .collect()
    }

    #[test]
    fn split_is_a_partition_with_the_share_of_each_class() {
        let labels = unbalanced();
        let split = stratified_split(&labels, 0.1, 3).unwrap();
        let mut all = [split.rest.clone(), split.held_out.clone()].concat();
        all.sort_unstable();
        assert_eq!(all, (0..200).collect::<Vec<_>>());
        let of = |class| split.held_out.iter().filter(|&&i| labels[i] == class).count();
        // The single example of class 3 stays for training.
        assert_eq!((of(0), of(1), of(3)), (15, 5, 0));
    }

    #[test]
    fn seeds_give_different_splits_and_the_same_seed_the_same() {
        let labels = unbalanced();
        let split = |seed| stratified_split(&labels, 0.1, seed).unwrap();
        assert_eq!(split(1), split(1));
        assert_ne!(split(1), split(2));
    }

    #[test]
    fn every_class_keeps_a_label_and_larger_fractions_contain_smaller_ones() {
        let labels = unbalanced();
        let small = label_fraction(&labels, 0.01, 5).unwrap();
        let large = label_fraction(&labels, 0.1, 5).unwrap();
        assert_eq!(small.indices.len(), 2 + 1 + 1);
        assert!(small.indices.iter().all(|index| large.indices.contains(index)));
        assert_ne!(small.hash, large.hash);
        assert_eq!(label_fraction(&labels, 1.0, 5).unwrap().indices.len(), 200);
    }

    #[test]
    fn hash_is_that_of_the_little_endian_list() {
        // python: hashlib.sha256(struct.pack("<2Q", 0, 1)).hexdigest()
        let subset = label_fraction(&[0, 1], 0.5, 0).unwrap();
        assert_eq!(subset.hash, "9d34149fbd1fe777eb238799054c8cbfbce372255f219f8740838def9bfd02db");
    }

    #[test]
    fn lists_of_published_runs_stay_the_same() {
        // Not an outside truth: a change here means that recorded hashes no longer name the same examples.
        let labels: Vec<usize> = (0..40).map(|i| i % 4).collect();
        assert_eq!(label_fraction(&labels, 0.1, 1).unwrap().indices, [1, 23, 24, 38]);
        assert_eq!(stratified_split(&labels, 0.1, 2).unwrap().held_out, [14, 20, 27, 29]);
    }

    #[test]
    fn impossible_fractions_are_refused() {
        for fraction in [0.0, 1.0, -0.5, f64::NAN] {
            assert!(
                stratified_split(&[0, 0], fraction, 0).unwrap_err().to_string().contains("strictly between")
            );
        }
        assert!(stratified_split(&[0, 1], 0.5, 0).is_err());
        assert!(label_fraction(&[0], 1.5, 0).is_err());
        assert!(label_fraction(&[], 0.5, 0).is_err());
    }
}
