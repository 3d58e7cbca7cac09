//! A listener that is a table.

use super::table::{distributions, softmax};
use crate::Result;
use crate::rows::Rows;

/// ρ(x|m) for all messages and N objects.
#[derive(Clone, Debug, PartialEq)]
pub struct Listener {
    /// [messages, N].
    probabilities: Rows<f64>,
}

const WHAT: &str = "listener's probabilities";

impl Listener {
    /// From ρ(x|m) [messages, N], row by row.
    ///
    /// # Errors
    /// [`crate::Error::Empty`] and [`crate::Error::Fill`] if this is no table, [`crate::Error::Distribution`] names the row whose numbers
    /// are no probabilities or do not add up to 1 within 1e-9.
    pub fn new(probabilities: Vec<f64>, num_objects: usize) -> Result<Self> {
        Ok(Self { probabilities: distributions(probabilities, num_objects, WHAT)? })
    }

    /// From logits, whose softmax over objects is ρ(x|m).
    ///
    /// # Errors
    /// As [`Self::new`], for logits that are NaN or +∞ and for rows of −∞ only.
    pub fn from_logits(logits: Vec<f64>, num_objects: usize) -> Result<Self> {
        Ok(Self { probabilities: softmax(logits, num_objects, "listener's logits")? })
    }

    /// Without a check; the sum of a row may be less than 1, if the listener also knows objects that are not among the N.
    pub(super) fn trusted(probabilities: Vec<f64>, num_objects: usize) -> Self {
        Self {
            probabilities: Rows::new(probabilities, num_objects, WHAT).expect("tables are made of tables"),
        }
    }

    /// N, the number of objects.
    pub fn num_objects(&self) -> usize {
        self.probabilities.columns()
    }

    /// The number of messages.
    pub fn num_messages(&self) -> usize {
        self.probabilities.count()
    }

    /// ρ(x|m).
    pub fn probability(&self, message: usize, object: usize) -> f64 {
        self.probabilities.row(message)[object]
    }
}
