//! What symbols name.

use std::collections::BTreeMap;

use crate::Language;

/// How often a symbol at a position goes with a value of an attribute.
#[derive(Clone, Debug, PartialEq)]
pub struct SymbolValues {
    /// The symbols that occur at each position before and at the end of messages, ascending.
    pub symbols: Vec<Vec<u32>>,
    /// For each position and each of its symbols a row of `P(a_k = v | s_j)`, attribute after attribute.
    pub shares: Vec<f64>,
}

/// The shares of the values among the objects that a symbol at a position is said of. What comes after the end of a message is not
/// counted.
///
/// ```
/// use autodidact_communicate::{Language, Messages, Objects, measures};
///
/// let objects = Objects::from_rows(&[[0, 0], [0, 1], [1, 0], [1, 1]])?;
/// let messages = Messages::from_rows(&[[1, 3], [1, 4], [2, 3], [2, 3]])?;
/// let table = measures::symbol_values(&Language::new(objects, messages)?);
/// assert_eq!(table.symbols, [[1, 2], [3, 4]]);
/// // The symbol 1 in the first place names the first value of the first attribute and says nothing of the second.
/// assert_eq!(table.shares[..4], [1.0, 0.0, 0.5, 0.5]);
/// # Ok::<(), autodidact_communicate::Error>(())
/// ```
pub fn symbol_values(language: &Language) -> SymbolValues {
    let num_values = language.objects().num_values();
    let width = num_values.iter().sum::<u32>() as usize;
    let mut table = SymbolValues { symbols: Vec::new(), shares: Vec::new() };
    for position in 0..language.messages().max_length() {
        // Of each symbol the number of its objects, and of those with each value.
        let mut counts: BTreeMap<u32, (usize, Vec<usize>)> = BTreeMap::new();
        let said = language.objects().iter().zip(language.messages().iter());
        for ((object, message), length) in said.zip(language.messages().lengths()) {
            if position >= length {
                continue;
            }
            let (count, values) = counts.entry(message[position]).or_insert_with(|| (0, vec![0; width]));
            *count += 1;
            let mut first = 0;
            for (&value, &of_attribute) in object.iter().zip(&num_values) {
                values[(first + value) as usize] += 1;
                first += of_attribute;
            }
        }
        table.symbols.push(counts.keys().copied().collect());
        for (count, values) in counts.values() {
            table.shares.extend(values.iter().map(|&value| value as f64 / *count as f64));
        }
    }
    table
}
