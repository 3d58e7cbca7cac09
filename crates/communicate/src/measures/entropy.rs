//! Entropies of messages, symbols, positions and objects, in bits.
//!
//! ```
//! use autodidact_communicate::Messages;
//! use autodidact_communicate::measures::entropy;
//!
//! let messages = Messages::from_rows(&[[1, 1], [1, 2], [1, 0], [1, 0]])?;
//! assert_eq!(entropy::of_messages(&messages), 1.5);
//! assert_eq!(entropy::of_positions(&messages), [0.0, 1.5]);
//! # Ok::<(), autodidact_communicate::Error>(())
//! ```

use super::labels::{Labels, entropy_of};
use crate::{Messages, Objects};

/// H(M): of whole messages.
pub fn of_messages(messages: &Messages) -> f64 {
    message_labels(messages).entropy()
}

/// H(X): of whole objects; log₂ N if all differ.
pub fn of_objects(objects: &Objects) -> f64 {
    object_labels(objects).entropy()
}

/// H of the symbols before the ends, wherever they stand; 0 if all messages are empty.
pub fn of_symbols(messages: &Messages) -> f64 {
    let symbols: Vec<u32> = messages.words().flatten().copied().collect();
    entropy_of(&Labels::new(&symbols).counts)
}

/// `H(s_j)`: of the symbols at each of the T positions, the end symbol and what is after it among them.
pub fn of_positions(messages: &Messages) -> Vec<f64> {
    (0..messages.max_length()).map(|position| position_labels(messages, position).entropy()).collect()
}

pub(crate) fn message_labels(messages: &Messages) -> Labels {
    Labels::new(&messages.iter().collect::<Vec<_>>())
}

pub(crate) fn object_labels(objects: &Objects) -> Labels {
    Labels::new(&objects.iter().collect::<Vec<_>>())
}

pub(crate) fn position_labels(messages: &Messages, position: usize) -> Labels {
    Labels::new(&messages.position(position).collect::<Vec<_>>())
}

pub(crate) fn attribute_labels(objects: &Objects) -> Vec<Labels> {
    (0..objects.num_attributes())
        .map(|attribute| Labels::new(&objects.attribute(attribute).collect::<Vec<_>>()))
        .collect()
}
