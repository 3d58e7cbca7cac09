//! Distances of messages and of feature vectors, and which of them can occur.

use super::edit::Pattern;
use crate::Messages;
use crate::measures::labels::Labels;

/// How far two messages are apart.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum MessageDistance {
    /// The edit distance over all T positions, those after the end as the end symbol: EGG's. (EGG divides it by a constant, which
    /// changes no rank.)
    #[default]
    Edit,
    /// The edit distance of the symbols before the ends.
    Words,
    /// The edit distance of the symbols before the ends by the length of the longer word; 0 for two empty ones.
    NormalizedWords,
    /// The number of positions that differ, those after the end as the end symbol.
    Hamming,
}

/// How far two feature vectors are apart.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum FeatureDistance {
    /// 1 less the cosine of the angle between them.
    #[default]
    Cosine,
    /// The length of their difference.
    Euclidean,
}

/// Number of symbols, which are 0, 1, … below it.
#[derive(Clone, Copy, Debug)]
pub(super) struct Symbols(pub usize);

/// The distances of messages as classes: equal distances have the same class, larger ones a larger.
pub(super) struct Distances {
    distance: MessageDistance,
    /// Symbols renamed to 0, 1, …, in rows of T.
    symbols: Vec<u32>,
    num_symbols: Symbols,
    max_length: usize,
    /// How much of each row is compared.
    lengths: Vec<usize>,
    /// The class of `d / m` at `d (T + 1) + m`, for [`MessageDistance::NormalizedWords`].
    quotients: Vec<usize>,
    num_classes: usize,
}

impl Distances {
    pub fn new(messages: &Messages, distance: MessageDistance) -> Self {
        let max_length = messages.max_length();
        let labels = Labels::new(messages.rows().values());
        let lengths = match distance {
            MessageDistance::Edit | MessageDistance::Hamming => vec![max_length; messages.count()],
            MessageDistance::Words | MessageDistance::NormalizedWords => {
                messages.words().map(<[u32]>::len).collect()
            }
        };
        let (quotients, num_classes) = match distance {
            MessageDistance::NormalizedWords => classes_of_quotients(max_length),
            _ => (Vec::new(), max_length + 1),
        };
        Self {
            distance,
            num_symbols: Symbols(labels.counts.len()),
            symbols: labels.of,
            max_length,
            lengths,
            quotients,
            num_classes,
        }
    }

    pub fn num_classes(&self) -> usize {
        self.num_classes
    }

    /// The distances of this row to others.
    pub fn of(&self, row: usize) -> OfRow<'_> {
        let word = self.compared(row);
        let pattern = match self.distance {
            MessageDistance::Hamming => None,
            _ => Some(Pattern::new(word, self.num_symbols)),
        };
        OfRow { distances: self, word, pattern }
    }

    fn compared(&self, row: usize) -> &[u32] {
        &self.symbols[row * self.max_length..][..self.lengths[row]]
    }
}

/// Distances of one row.
pub(super) struct OfRow<'a> {
    distances: &'a Distances,
    word: &'a [u32],
    /// For edit distances.
    pattern: Option<Pattern<'a>>,
}

impl OfRow<'_> {
    /// The class of the distance to this row.
    pub fn class(&self, other: usize) -> usize {
        let Distances { distance, max_length, quotients, .. } = self.distances;
        let other = self.distances.compared(other);
        let Some(pattern) = &self.pattern else { return hamming(self.word, other) };
        let edits = pattern.distance(other);
        match distance {
            MessageDistance::NormalizedWords => {
                quotients[edits * (max_length + 1) + self.word.len().max(other.len())]
            }
            _ => edits,
        }
    }
}

/// Number of places that differ.
pub(super) fn hamming(one: &[u32], other: &[u32]) -> usize {
    one.iter().zip(other).filter(|(one, other)| one != other).count()
}

/// The classes of all quotients `d / m` with `d ≤ m ≤ max_length`, and their number; `0 / 0` is 0.
fn classes_of_quotients(max_length: usize) -> (Vec<usize>, usize) {
    let side = max_length + 1;
    let value = |cell: usize| (cell / side, (cell % side).max(1));
    let mut cells: Vec<usize> = (0..side * side).filter(|cell| cell / side <= cell % side).collect();
    // Fractions are compared by products, so that equal ones are equal.
    let order = |&one: &usize, &other: &usize| {
        let ((d, m), (e, n)) = (value(one), value(other));
        (d * n).cmp(&(e * m))
    };
    cells.sort_by(order);
    let mut classes = vec![0; side * side];
    let mut count = 0;
    for group in cells.chunk_by(|one, other| order(one, other).is_eq()) {
        for &cell in group {
            classes[cell] = count;
        }
        count += 1;
    }
    (classes, count)
}
