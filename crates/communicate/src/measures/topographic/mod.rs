//! Topographic similarity: whether messages of similar objects are similar (Brighton and Kirby, "Understanding Linguistic Evolution
//! by Visualizing the Emergence of Topographic Mappings", 2006).
//!
//! It is Spearman's correlation, with average ranks for ties, of the distances of objects and the distances of messages over all pairs of
//! rows. Between objects of attributes only K + 1 distances can occur and between messages some more, so pairs are counted in a table
//! and nothing is kept of each: any N takes the same few kilobytes. For feature vectors see
//! [`topographic_similarity_of_features`].

mod distance;
mod edit;
mod features;
mod rank;

use rayon::prelude::*;

pub use distance::{FeatureDistance, MessageDistance};
pub use edit::edit_distance;
pub use features::topographic_similarity_of_features;
pub use rank::spearman;

use distance::{Distances, hamming};
use rank::RankCorrelation;

use crate::Language;

/// Topographic similarity as EGG measures it by default: the Hamming distance of objects, the edit distance of messages.
///
/// Messages are compared over all T positions, those after the end as the end symbol. `None` if there are no two rows, or all pairs
/// of objects or all pairs of messages are equally far apart.
///
/// 10 000 rows of 6 attributes and 10 symbols are 50 million pairs: one to two seconds on two cores.
pub fn topographic_similarity(language: &Language) -> Option<f64> {
    topographic_similarity_by(language, MessageDistance::Edit)
}

/// Topographic similarity with another distance of messages. (The cosine distance of one-hot attributes, also in use, has the ranks of
/// the Hamming distance, so it gives the same number.)
///
/// ```
/// use autodidact_communicate::measures::topographic::{MessageDistance, topographic_similarity_by};
/// use autodidact_communicate::{Language, Messages, Objects};
///
/// let objects = Objects::from_rows(&[[0, 0], [0, 1], [1, 0], [1, 1]])?;
/// let messages = Messages::from_rows(&[[1, 2, 0], [2, 0, 0], [1, 2, 3], [2, 3, 0]])?;
/// let language = Language::new(objects, messages)?;
/// let by_edits = topographic_similarity_by(&language, MessageDistance::Words).unwrap();
/// let by_positions = topographic_similarity_by(&language, MessageDistance::Hamming).unwrap();
/// assert!(by_edits > by_positions);
/// # Ok::<(), autodidact_communicate::Error>(())
/// ```
pub fn topographic_similarity_by(language: &Language, distance: MessageDistance) -> Option<f64> {
    let objects = language.objects();
    let distances = Distances::new(language.messages(), distance);
    let num_classes = distances.num_classes();
    let cells = (objects.num_attributes() + 1) * num_classes;
    let count_row = |mut table: Vec<u64>, row: usize| {
        let object = objects.get(row);
        let distances = distances.of(row);
        for other in row + 1..language.count() {
            table[hamming(object, objects.get(other)) * num_classes + distances.class(other)] += 1;
        }
        table
    };
    let table: Vec<u64> = (0..language.count())
        .into_par_iter()
        .fold(|| vec![0; cells], count_row)
        .reduce_with(|mut sum, table| {
            sum.iter_mut().zip(table).for_each(|(sum, count)| *sum += count);
            sum
        })?;
    let mut of_messages = vec![0; num_classes];
    for row in table.chunks_exact(num_classes) {
        of_messages.iter_mut().zip(row).for_each(|(sum, count)| *sum += count);
    }
    let mut correlation = RankCorrelation::new(&of_messages);
    for row in table.chunks_exact(num_classes) {
        correlation.add(row.iter().copied().enumerate());
    }
    correlation.finish()
}
