//! Positional and bag-of-symbols disentanglement (Chaabouni et al., "Compositionality and Generalization in Emergent Languages", 2020).

use super::entropy::attribute_labels;
use super::information::{occurrences, positions, symbols, told};
use super::labels::Labels;
use crate::Language;

/// Positional disentanglement: how far each position tells of one attribute and of no other.
///
/// ```text
/// posdis = mean over positions j with H(s_j) > 0 of ( I(s_j; a¹) − I(s_j; a²) ) / H(s_j)
/// ```
///
/// with a¹ and a² the attributes of which `s_j` tells most and second most. `None` if objects have fewer than two attributes or every
/// position is constant (EGG stops with an error and gives NaN).
///
/// ```
/// use autodidact_communicate::{Language, Messages, Objects, measures};
///
/// let objects = Objects::from_rows(&[[0, 0], [0, 1], [1, 0], [1, 1]])?;
/// let same = Language::new(objects, Messages::from_rows(&[[5], [5], [5], [5]])?)?;
/// assert_eq!(measures::posdis(&same), None);
/// # Ok::<(), autodidact_communicate::Error>(())
/// ```
pub fn posdis(language: &Language) -> Option<f64> {
    mean_gap(positions(language.messages()), &attribute_labels(language.objects()))
}

/// Bag-of-symbols disentanglement: [`posdis`] with the number of times that a symbol is in the message in place of the symbol at a
/// position, over all symbols but the end. It does not ask where a symbol stands. `None` as for [`posdis`], and if all messages are empty.
pub fn bosdis(language: &Language) -> Option<f64> {
    let messages = language.messages();
    let counts = symbols(messages).into_iter().map(|symbol| occurrences(messages, symbol));
    mean_gap(counts, &attribute_labels(language.objects()))
}

fn mean_gap(parts: impl Iterator<Item = Labels>, attributes: &[Labels]) -> Option<f64> {
    if attributes.len() < 2 {
        return None;
    }
    let gaps: Vec<f64> = parts
        .filter(|part| !part.is_constant())
        .map(|part| {
            let mut told = told(&part, attributes);
            told.sort_unstable_by(|one, other| other.total_cmp(one));
            (told[0] - told[1]) / part.entropy()
        })
        .collect();
    (!gaps.is_empty()).then(|| gaps.iter().sum::<f64>() / gaps.len() as f64)
}
