//! How messages are used: how many there are, how long they are, and how well they tell objects apart.

use super::entropy::{message_labels, object_labels};
use crate::{Language, Messages};

/// Number of different messages.
pub fn distinct_messages(messages: &Messages) -> usize {
    message_labels(messages).counts.len()
}

/// The share of rows whose message is said of no other object. Rows of the same object may share a message.
///
/// ```
/// use autodidact_communicate::{Language, Messages, Objects, measures};
///
/// let objects = Objects::from_rows(&[[0], [1], [2], [2]])?;
/// let messages = Messages::from_rows(&[[1], [1], [2], [2]])?;
/// assert_eq!(measures::uniqueness(&Language::new(objects, messages)?), 0.5);
/// # Ok::<(), autodidact_communicate::Error>(())
/// ```
pub fn uniqueness(language: &Language) -> f64 {
    let per_message = pairs(language);
    let unique: u64 = per_message.iter().filter(|of_one| of_one.len() == 1).map(|of_one| of_one[0]).sum();
    unique as f64 / language.count() as f64
}

/// The accuracy of the best listener that names one object per message: `Σ_m max_x n(x, m) / N`.
pub fn best_accuracy(language: &Language) -> f64 {
    let right: u64 = pairs(language).iter().filter_map(|of_one| of_one.iter().max()).sum();
    right as f64 / language.count() as f64
}

/// For each message how often it goes with each of its objects.
fn pairs(language: &Language) -> Vec<Vec<u64>> {
    let (messages, objects) = (message_labels(language.messages()), object_labels(language.objects()));
    let joint = messages.joint(&objects);
    let mut pairs = vec![Vec::new(); messages.counts.len()];
    let mut counted = vec![false; joint.counts.len()];
    for (&pair, &message) in joint.of.iter().zip(&messages.of) {
        let pair = pair as usize;
        if !std::mem::replace(&mut counted[pair], true) {
            pairs[message as usize].push(joint.counts[pair]);
        }
    }
    pairs
}
