//! A speaker that is a table.

use super::listener::Listener;
use super::table::{distributions, softmax};
use crate::rows::Rows;
use crate::{Error, Result};

/// π(m|x) for N objects and all messages, with the probabilities p(x) of the objects.
#[derive(Clone, Debug, PartialEq)]
pub struct Speaker {
    prior: Vec<f64>,
    /// [N, messages].
    probabilities: Rows<f64>,
}

const WHAT: &str = "speaker's probabilities";

impl Speaker {
    /// From p(x) `[N]` and π(m|x) `[N, messages]`, row by row.
    ///
    /// # Errors
    /// [`Error::Empty`] and [`Error::Fill`] if this is no table, [`Error::Distribution`] names the row whose numbers are no probabilities
    /// or do not add up to 1 within 1e-9, [`Error::Lengths`] if there are not as many objects in both.
    pub fn new(prior: Vec<f64>, probabilities: Vec<f64>, num_messages: usize) -> Result<Self> {
        Self::of(prior, distributions(probabilities, num_messages, WHAT)?)
    }

    /// From π(m|x) with all objects as likely.
    ///
    /// # Errors
    /// As [`Self::new`].
    pub fn uniform_prior(probabilities: Vec<f64>, num_messages: usize) -> Result<Self> {
        let probabilities = distributions(probabilities, num_messages, WHAT)?;
        let count = probabilities.count();
        Self::of(vec![1.0 / count as f64; count], probabilities)
    }

    /// From logits, whose softmax over messages is π(m|x).
    ///
    /// # Errors
    /// As [`Self::new`], for logits that are NaN or +∞ and for rows of −∞ only.
    pub fn from_logits(prior: Vec<f64>, logits: Vec<f64>, num_messages: usize) -> Result<Self> {
        Self::of(prior, softmax(logits, num_messages, "speaker's logits")?)
    }

    fn of(prior: Vec<f64>, probabilities: Rows<f64>) -> Result<Self> {
        if prior.len() != probabilities.count() {
            return Err(Error::Lengths { first: prior.len(), second: probabilities.count() });
        }
        let columns = prior.len();
        let prior = distributions(prior, columns, "objects' probabilities")?.values().to_vec();
        Ok(Self { prior, probabilities })
    }

    /// N, the number of objects.
    pub fn num_objects(&self) -> usize {
        self.prior.len()
    }

    /// The number of messages.
    pub fn num_messages(&self) -> usize {
        self.probabilities.columns()
    }

    /// p(x).
    pub fn prior(&self, object: usize) -> f64 {
        self.prior[object]
    }

    /// π(m|x).
    pub fn probability(&self, object: usize, message: usize) -> f64 {
        self.probabilities.row(object)[message]
    }

    /// p(x) π(m|x).
    pub fn joint(&self, object: usize, message: usize) -> f64 {
        self.prior(object) * self.probability(object, message)
    }

    /// `p(m) = Σ_x p(x) π(m|x)`.
    pub fn message_probability(&self, message: usize) -> f64 {
        (0..self.num_objects()).map(|object| self.joint(object, message)).sum()
    }

    /// ρ*(x|m), the best listener for this speaker. A message that is never said tells nothing: its row is p(x).
    pub fn bayes_listener(&self) -> Listener {
        let mut values = Vec::with_capacity(self.num_messages() * self.num_objects());
        for message in 0..self.num_messages() {
            let of_message = self.message_probability(message);
            values.extend((0..self.num_objects()).map(|object| {
                if of_message > 0.0 { self.joint(object, message) / of_message } else { self.prior(object) }
            }));
        }
        Listener::trusted(values, self.num_objects())
    }
}
