//! How a language is built: numbers for objects and messages, whoever made them.
//!
//! | measure | range | 1 says |
//! |---|---|---|
//! | [`topographic_similarity`] | −1 to 1 | messages differ the more, the more objects do |
//! | [`posdis`] | 0 to 1 | each position tells of one attribute |
//! | [`bosdis`] | 0 to 1 | each symbol, wherever it stands, tells of one attribute |
//! | [`context_independence`] | 0 to 1 | each attribute value has a symbol of its own |
//! | [`uniqueness`] | 0 to 1 | no message is said of two different objects |
//! | [`language_similarity`] | 0 to 1 | two languages have the same messages |
//!
//! [`entropy`], [`information`] and [`usage`] count what is said, [`symbol_values`] what symbols name and
//! [`message_tree`] what the beginnings of messages do, [`language_similarities`] compares more than two languages; [`Summary`] has the rest. How
//! easily a language is learnt is [`crate::training::probe::ease_of_learning`]. Entropies and information are in bits and of
//! the language as it is written down: frequencies are taken for probabilities, without a correction for small samples.
//!
//! A measure that is not defined for a language is `None`, never a number in its place: a correlation where all distances are equal, a
//! disentanglement where nothing varies.

mod context;
mod disentanglement;
mod labels;
mod similarity;
mod summary;
mod symbols;
mod tree;

pub mod entropy;
pub mod information;
pub mod topographic;
pub mod usage;

pub use context::context_independence;
pub use disentanglement::{bosdis, posdis};
pub use similarity::{Similarities, language_similarities, language_similarity, of_shared_objects};
pub use summary::{Lengths, MessageSummary, Summary};
pub use symbols::{SymbolValues, symbol_values};
pub use topographic::topographic_similarity;
pub use tree::{Prefix, message_tree};
pub use usage::uniqueness;
