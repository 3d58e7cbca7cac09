//! What can be wrong with features, labels or options handed to an evaluator.

use thiserror::Error;

/// An input that an evaluator refuses, with the value it met and what it expected.
#[derive(Debug, Error, Clone, PartialEq)]
#[non_exhaustive]
pub enum EvaluateError {
    /// The array holds no rows.
    #[error("{what} is empty; expected at least {needed} rows of features")]
    TooFewRows {
        /// Which array.
        what: &'static str,
        /// The smallest number of rows that makes sense.
        needed: usize,
    },
    /// The array is not a whole number of rows.
    #[error("{len} values are not a whole number of rows of width {width}; check the feature width")]
    Ragged {
        /// Number of values.
        len: usize,
        /// Number of features per row.
        width: usize,
    },
    /// A feature is NaN or infinite.
    #[error(
        "feature {column} of row {row} is {value}; expected a finite number (did the encoder diverge, or was the \
         input not normalised?)"
    )]
    NotFinite {
        /// Row of the value.
        row: usize,
        /// Column of the value.
        column: usize,
        /// The value.
        value: f32,
    },
    /// Rows and labels differ in number.
    #[error("{labels} labels for {rows} rows of features; expected one label per row")]
    LabelCount {
        /// Number of labels.
        labels: usize,
        /// Number of rows.
        rows: usize,
    },
    /// A label does not name a class.
    #[error("label {label} of row {row} is outside 0..{num_classes}; expected a class index")]
    LabelOutOfRange {
        /// Row of the label.
        row: usize,
        /// The label.
        label: usize,
        /// Number of classes.
        num_classes: usize,
    },
    /// Two arrays that belong together differ in width or number of classes.
    #[error(
        "{what} has {got} {unit}, expected {expected}; both splits must come from the same encoder and label list"
    )]
    Mismatch {
        /// Which array.
        what: &'static str,
        /// What is counted.
        unit: &'static str,
        /// The count expected.
        expected: usize,
        /// The count met.
        got: usize,
    },
    /// More neighbours are asked for than there are keys.
    #[error("{k} neighbours asked of {available} candidates; choose k between 1 and {available}")]
    NeighbourCount {
        /// Neighbours asked for.
        k: usize,
        /// Candidates at hand.
        available: usize,
    },
    /// An option is outside its range.
    #[error("option `{field}` is {value}; expected {expected}")]
    Option {
        /// Name of the option.
        field: &'static str,
        /// The value met.
        value: String,
        /// The allowed range in words.
        expected: &'static str,
    },
}

impl EvaluateError {
    /// An option outside its range.
    pub(crate) fn option(field: &'static str, value: impl std::fmt::Display, expected: &'static str) -> Self {
        Self::Option { field, value: format!("{value}"), expected }
    }
}
