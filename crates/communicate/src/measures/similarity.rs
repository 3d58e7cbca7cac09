//! How far two languages say the same.

use super::topographic::edit_distance;
use crate::{Error, Messages, Result};

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
    let sum: f64 = one
        .words()
        .zip(other.words())
        .map(|(one, other)| {
            let longer = one.len().max(other.len());
            if longer == 0 { 1.0 } else { 1.0 - edit_distance(one, other) as f64 / longer as f64 }
        })
        .sum();
    Ok(sum / one.count() as f64)
}
