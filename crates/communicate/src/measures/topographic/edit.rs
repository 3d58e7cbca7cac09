//! The edit distance: the least number of symbols to insert, to remove or to replace.

use super::distance::Symbols;

/// Edit distance of two words (Levenshtein 1966).
///
/// ```
/// use autodidact_communicate::measures::topographic::edit_distance;
///
/// assert_eq!(edit_distance(&[1, 2, 3], &[2, 3, 4]), 2);
/// ```
pub fn edit_distance(one: &[u32], other: &[u32]) -> usize {
    let mut row: Vec<usize> = (0..=other.len()).collect();
    for (above, symbol) in one.iter().enumerate() {
        let mut diagonal = std::mem::replace(&mut row[0], above + 1);
        for (at, other) in other.iter().enumerate() {
            let replaced = diagonal + usize::from(symbol != other);
            diagonal = row[at + 1];
            row[at + 1] = replaced.min(row[at] + 1).min(diagonal + 1);
        }
    }
    row[other.len()]
}

/// A word that is compared with many: for words of up to 64 symbols a column of the table of distances is two machine words
/// (Myers 1999, in the form of Hyyrö 2001 for whole words).
pub(super) struct Pattern<'a> {
    word: &'a [u32],
    /// For each symbol the places where the word has it; unused for longer words.
    places: Vec<u64>,
}

impl<'a> Pattern<'a> {
    /// All words are of these symbols.
    pub fn new(word: &'a [u32], symbols: Symbols) -> Self {
        let mut places = Vec::new();
        if fits(word) {
            places.resize(symbols.0, 0);
            for (place, &symbol) in word.iter().enumerate() {
                places[symbol as usize] |= 1 << place;
            }
        }
        Self { word, places }
    }

    pub fn distance(&self, other: &[u32]) -> usize {
        if !fits(self.word) {
            return edit_distance(self.word, other);
        }
        if self.word.is_empty() {
            return other.len();
        }
        let last = 1 << (self.word.len() - 1);
        // Where a cell is one more, or one less, than the cell above it.
        let (mut more, mut less) = (u64::MAX, 0_u64);
        let mut distance = self.word.len();
        for &symbol in other {
            let equal = self.places[symbol as usize];
            let vertical = equal | less;
            let horizontal = ((equal & more).wrapping_add(more) ^ more) | equal;
            let mut more_than_left = less | !(horizontal | more);
            let mut less_than_left = more & horizontal;
            distance += usize::from(more_than_left & last != 0);
            distance -= usize::from(less_than_left & last != 0);
            more_than_left = more_than_left << 1 | 1;
            less_than_left <<= 1;
            more = less_than_left | !(vertical | more_than_left);
            less = more_than_left & vertical;
        }
        distance
    }
}

/// Whether a column is one machine word.
fn fits(word: &[u32]) -> bool {
    word.len() <= u64::BITS as usize
}
