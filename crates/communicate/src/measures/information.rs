//! What messages, positions and symbols tell of objects and attributes, in bits.
//!
//! H(X|M) is the information loss of Rita et al. 2022 for a speaker that says exactly what is written down, in bits instead of nats.

use super::entropy::{attribute_labels, message_labels, object_labels, position_labels};
use super::labels::Labels;
use crate::{END, Language, Messages};

/// I(X; M): what a message tells of the object.
///
/// ```
/// use autodidact_communicate::measures::information;
/// use autodidact_communicate::{Language, Messages, Objects};
///
/// let objects = Objects::from_rows(&[[0], [1], [2], [3]])?;
/// // Odd and even.
/// let language = Language::new(objects, Messages::from_rows(&[[1], [2], [1], [2]])?)?;
/// assert_eq!(information::of_messages(&language), 1.0);
/// assert_eq!(information::lost(&language), 1.0);
/// # Ok::<(), autodidact_communicate::Error>(())
/// ```
pub fn of_messages(language: &Language) -> f64 {
    object_labels(language.objects()).information(&message_labels(language.messages()))
}

/// H(X|M): what stays unknown of the object when the message is known.
pub fn lost(language: &Language) -> f64 {
    let (objects, messages) = (object_labels(language.objects()), message_labels(language.messages()));
    (objects.joint(&messages).entropy() - messages.entropy()).max(0.0)
}

/// `H(X_k|M)`: what stays unknown of each attribute when the message is known. Their sum is what the best listener with an independent
/// distribution for each attribute loses; it is [`lost`] where attributes are independent given the message, and more where they are not.
///
/// ```
/// use autodidact_communicate::measures::information;
/// use autodidact_communicate::{Language, Messages, Objects};
///
/// // One message for two objects that differ in both attributes: one coin, and two for who looks at each attribute by itself.
/// let objects = Objects::from_rows(&[[0, 0], [1, 1]])?;
/// let language = Language::new(objects, Messages::from_rows(&[[1], [1]])?)?;
/// assert_eq!(information::lost(&language), 1.0);
/// assert_eq!(information::lost_of_attributes(&language), [1.0, 1.0]);
/// # Ok::<(), autodidact_communicate::Error>(())
/// ```
pub fn lost_of_attributes(language: &Language) -> Vec<f64> {
    let messages = message_labels(language.messages());
    let known = messages.entropy();
    attribute_labels(language.objects())
        .iter()
        .map(|attribute| (attribute.joint(&messages).entropy() - known).max(0.0))
        .collect()
}

/// H(M|X): what varies in messages of the same object, 0 if each object has one.
pub fn synonymy(language: &Language) -> f64 {
    let (objects, messages) = (object_labels(language.objects()), message_labels(language.messages()));
    (objects.joint(&messages).entropy() - objects.entropy()).max(0.0)
}

/// `I(s_j; a_k)`: what the symbol at each position tells of each attribute, a row of K numbers for each of the T positions.
pub fn of_positions(language: &Language) -> Vec<Vec<f64>> {
    let attributes = attribute_labels(language.objects());
    positions(language.messages()).map(|position| told(&position, &attributes)).collect()
}

/// `I(n_v; a_k)`: what the number of times that a symbol is in a message tells of each attribute, with the symbol; for those that
/// occur, in their order, [`END`] left out.
pub fn of_symbols(language: &Language) -> Vec<(u32, Vec<f64>)> {
    let attributes = attribute_labels(language.objects());
    let messages = language.messages();
    symbols(messages)
        .into_iter()
        .map(|symbol| (symbol, told(&occurrences(messages, symbol), &attributes)))
        .collect()
}

/// What one thing tells of each attribute.
pub(super) fn told(about: &Labels, attributes: &[Labels]) -> Vec<f64> {
    attributes.iter().map(|attribute| about.information(attribute)).collect()
}

pub(super) fn positions(messages: &Messages) -> impl Iterator<Item = Labels> + '_ {
    (0..messages.max_length()).map(|position| position_labels(messages, position))
}

/// The symbols that occur, in their order, without the end.
pub(super) fn symbols(messages: &Messages) -> Vec<u32> {
    let mut symbols: Vec<u32> = messages.words().flatten().copied().collect();
    symbols.sort_unstable();
    symbols.dedup();
    debug_assert!(!symbols.contains(&END), "the end is no part of a word");
    symbols
}

/// How often each message has this symbol.
pub(super) fn occurrences(messages: &Messages, symbol: u32) -> Labels {
    let counts: Vec<usize> =
        messages.words().map(|word| word.iter().filter(|&&other| other == symbol).count()).collect();
    Labels::new(&counts)
}
