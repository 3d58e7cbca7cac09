//! All measures of a language at once.

use serde::Serialize;

use super::topographic::{MessageDistance, topographic_similarity_by};
use super::{bosdis, context_independence, entropy, information, posdis, usage};
use crate::{Language, Messages};

/// What is measured of messages alone.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct MessageSummary {
    /// T, the number of symbols that a message can have.
    pub max_length: usize,
    /// One more than the largest symbol.
    pub vocab_size: u32,
    /// Lengths of messages.
    pub message_length: Lengths,
    /// Number of different messages.
    pub distinct_messages: usize,
    /// H(M).
    pub message_entropy: f64,
    /// H of symbols before the ends.
    pub symbol_entropy: f64,
    /// `H(s_j)` of each position.
    pub position_entropies: Vec<f64>,
}

/// Everything that is measured of a language. Entropies and information are in bits; what is not defined is `None`.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Summary {
    /// N, the number of objects and messages.
    pub objects: usize,
    /// K, the number of attributes.
    pub attributes: usize,
    /// [`super::topographic_similarity`].
    pub topographic_similarity: Option<f64>,
    /// [`super::posdis`].
    pub posdis: Option<f64>,
    /// [`super::bosdis`].
    pub bosdis: Option<f64>,
    /// [`super::context_independence`].
    pub context_independence: Option<f64>,
    /// [`super::uniqueness`].
    pub uniqueness: f64,
    /// [`usage::best_accuracy`].
    pub best_accuracy: f64,
    /// H(X).
    pub object_entropy: f64,
    /// I(X; M).
    pub mutual_information: f64,
    /// H(X|M).
    pub information_lost: f64,
    /// H(M|X).
    pub synonymy: f64,
    /// `I(s_j; a_k)`, a row for each position.
    pub position_information: Vec<Vec<f64>>,
    /// Of the messages alone.
    #[serde(flatten)]
    pub messages: MessageSummary,
}

/// Lengths of messages, the end symbol counted.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Lengths {
    /// The shortest.
    pub min: usize,
    /// The mean.
    pub mean: f64,
    /// The longest.
    pub max: usize,
}

impl Lengths {
    /// Of these messages.
    pub fn new(messages: &Messages) -> Self {
        let lengths = || messages.lengths();
        Self {
            min: lengths().min().unwrap_or(0),
            mean: lengths().sum::<usize>() as f64 / messages.count() as f64,
            max: lengths().max().unwrap_or(0),
        }
    }
}

impl MessageSummary {
    /// Measures messages.
    pub fn new(messages: &Messages) -> Self {
        Self {
            max_length: messages.max_length(),
            vocab_size: messages.vocab_size(),
            message_length: Lengths::new(messages),
            distinct_messages: usage::distinct_messages(messages),
            message_entropy: entropy::of_messages(messages),
            symbol_entropy: entropy::of_symbols(messages),
            position_entropies: entropy::of_positions(messages),
        }
    }
}

impl Summary {
    /// Measures a language; the topographic similarity with this distance of messages.
    pub fn new(language: &Language, distance: MessageDistance) -> Self {
        Self {
            objects: language.count(),
            attributes: language.objects().num_attributes(),
            topographic_similarity: topographic_similarity_by(language, distance),
            posdis: posdis(language),
            bosdis: bosdis(language),
            context_independence: context_independence(language),
            uniqueness: usage::uniqueness(language),
            best_accuracy: usage::best_accuracy(language),
            object_entropy: entropy::of_objects(language.objects()),
            mutual_information: information::of_messages(language),
            information_lost: information::lost(language),
            synonymy: information::synonymy(language),
            position_information: information::of_positions(language),
            messages: MessageSummary::new(language.messages()),
        }
    }
}
