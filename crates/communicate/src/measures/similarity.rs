//! How far languages say the same.

use std::collections::HashMap;

use rayon::prelude::*;
use serde::{Deserialize, Serialize};

use super::topographic::edit_distance;
use crate::{Error, Language, Messages, Result};

/// Similarity of two languages that speak of the same objects, row by row:
///
/// ```text
/// mean over rows of 1 − edit distance(w, w') / max(|w|, |w'|)
/// ```
///
/// with the words w and w' before the ends; two empty ones are equal. Symbols are compared as they are: languages that differ in
/// the names of symbols alone are not similar by this.
///
/// # Errors
/// [`Error::Lengths`] if there are not as many messages in both.
///
/// ```
/// use autodidact_communicate::{Messages, measures::language_similarity};
///
/// let one = Messages::from_rows(&[[1, 2, 3, 4], [4, 0, 0, 0]])?;
/// let other = Messages::from_rows(&[[1, 2], [4, 0]])?;
/// assert_eq!(language_similarity(&one, &other)?, 0.75);
/// # Ok::<(), autodidact_communicate::Error>(())
/// ```
pub fn language_similarity(one: &Messages, other: &Messages) -> Result<f64> {
    if one.count() != other.count() {
        return Err(Error::Lengths { first: one.count(), second: other.count() });
    }
    let sum: f64 = one.words().zip(other.words()).map(|(one, other)| of_words(one, other)).sum();
    Ok(sum / one.count() as f64)
}

fn of_words(one: &[u32], other: &[u32]) -> f64 {
    let longer = one.len().max(other.len());
    if longer == 0 { 1.0 } else { 1.0 - edit_distance(one, other) as f64 / longer as f64 }
}

/// Similarities of several languages, for instance those of runs that differ in their seed.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Similarities {
    /// Rows that were compared.
    pub objects: usize,
    /// [`language_similarity`] of each language, a row, to each language.
    pub matrix: Vec<Vec<f64>>,
    /// The mean of two different languages.
    pub mean: f64,
    /// The mean that the same languages would have if their messages were dealt out to objects by chance: [`Self::mean`] compares with
    /// this, not with 0.
    pub by_chance: f64,
}

/// Compares each of some languages that speak of the same objects, row by row, with each other one.
///
/// By chance, the message of each row is compared with that of any row: `mean over i and j of 1 − edit distance(w_i, w'_j) / max(|w_i|, |w'_j|)`.
/// That takes N² edit distances for each pair of languages (of distinct messages).
///
/// # Errors
/// [`Error::Languages`] if there are fewer than two, [`Error::Lengths`] if they do not have as many messages.
///
/// ```
/// use autodidact_communicate::{Messages, measures::language_similarities};
///
/// let one = Messages::from_rows(&[[1, 1], [2, 2]])?;
/// let other = Messages::from_rows(&[[1, 2], [2, 2]])?;
/// let found = language_similarities(&[one, other])?;
/// assert_eq!(found.matrix, [[1.0, 0.75], [0.75, 1.0]]);
/// // 1 1 beside 1 2 and 2 2, 2 2 beside 1 2 and 2 2.
/// assert_eq!(found.by_chance, (0.5 + 0.0 + 0.5 + 1.0) / 4.0);
/// # Ok::<(), autodidact_communicate::Error>(())
/// ```
pub fn language_similarities(languages: &[Messages]) -> Result<Similarities> {
    let count = languages.len();
    if count < 2 {
        return Err(Error::Languages { found: count });
    }
    let mut found = Similarities {
        objects: languages[0].count(),
        matrix: vec![vec![1.0; count]; count],
        mean: 0.0,
        by_chance: 0.0,
    };
    let share = 2.0 / (count * (count - 1)) as f64;
    for one in 0..count {
        for other in 0..one {
            let similarity = language_similarity(&languages[one], &languages[other])?;
            (found.matrix[one][other], found.matrix[other][one]) = (similarity, similarity);
            found.mean += share * similarity;
            found.by_chance += share * by_chance(&languages[one], &languages[other]);
        }
    }
    Ok(found)
}

/// The mean similarity of any message of one language and any of the other.
fn by_chance(one: &Messages, other: &Messages) -> f64 {
    let [one, other] = [one, other].map(|messages| {
        let mut counts: HashMap<&[u32], usize> = HashMap::new();
        messages.words().for_each(|word| *counts.entry(word).or_default() += 1);
        let mut counts: Vec<(&[u32], usize)> = counts.into_iter().collect();
        counts.sort_unstable();
        counts
    });
    let of_word = |&(word, count): &(&[u32], usize)| -> f64 {
        let with = other.iter().map(|&(other, times)| times as f64 * of_words(word, other));
        count as f64 * with.sum::<f64>()
    };
    // Added up in the order of the words, whatever thread was first.
    let sums: Vec<f64> = one.par_iter().map(of_word).collect();
    let rows = |counts: &[(&[u32], usize)]| counts.iter().map(|(_, count)| count).sum::<usize>() as f64;
    sums.iter().sum::<f64>() / (rows(&one) * rows(&other))
}

/// What some languages say of the objects that all of them speak of, in the same order: that of the first language. Of an object that
/// occurs several times in a language, its first message counts.
///
/// # Errors
/// [`Error::Languages`] if there are none, [`Error::NothingShared`] if there is no such object.
pub fn of_shared_objects(languages: &[Language]) -> Result<Vec<Messages>> {
    let Some(first) = languages.first() else { return Err(Error::Languages { found: 0 }) };
    let rows: Vec<HashMap<&[u32], usize>> = languages
        .iter()
        .map(|language| {
            let mut rows = HashMap::new();
            for (row, object) in language.objects().iter().enumerate() {
                rows.entry(object).or_insert(row);
            }
            rows
        })
        .collect();
    let mut shared: Vec<Vec<usize>> = vec![Vec::new(); languages.len()];
    for (row, object) in first.objects().iter().enumerate().filter(|&(row, object)| rows[0][object] == row) {
        let in_all: Option<Vec<usize>> = rows.iter().map(|rows| rows.get(object).copied()).collect();
        if let Some(in_all) = in_all {
            debug_assert_eq!(in_all[0], row, "the first message counts");
            shared.iter_mut().zip(in_all).for_each(|(rows, row)| rows.push(row));
        }
    }
    if shared[0].is_empty() {
        return Err(Error::NothingShared { languages: languages.len() });
    }
    languages.iter().zip(shared).map(|(language, rows)| language.messages().select(&rows)).collect()
}
