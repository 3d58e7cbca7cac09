//! A listener with an independent distribution for each attribute, as most networks have, and what it cannot say.

use super::listener::Listener;
use super::speaker::Speaker;
use super::table::weighted_log;
use crate::{Error, Objects, Result};

/// `ρ(x|m) = Π_k ρ_k(x_k|m)`. Its probabilities of N objects add up to less than 1 where other combinations of values have some.
#[derive(Clone, Debug, PartialEq)]
pub struct FactorisedListener {
    /// For each attribute [messages, values].
    attributes: Vec<Listener>,
}

impl FactorisedListener {
    /// From `ρ_k(·|m)` for each attribute: its `objects` are the values.
    ///
    /// # Errors
    /// [`Error::Empty`] without attributes, [`Error::Mismatch`] if they are not of the same messages.
    pub fn new(attributes: Vec<Listener>) -> Result<Self> {
        let Some(first) = attributes.first() else {
            return Err(Error::Empty { what: "listener's attributes", rows: 0, columns: 0 });
        };
        let expected = first.num_messages();
        match attributes.iter().map(Listener::num_messages).find(|&found| found != expected) {
            Some(found) => {
                Err(Error::Mismatch { what: "listener of an attribute", of: "messages", found, expected })
            }
            None => Ok(Self { attributes }),
        }
    }

    /// The best for a speaker: `ρ_k(v|m)` is the posterior probability that attribute k has the value v.
    ///
    /// # Errors
    /// [`Error::Mismatch`] if the speaker does not speak of as many objects.
    pub fn best(speaker: &Speaker, objects: &Objects) -> Result<Self> {
        check(speaker, objects)?;
        let bayes = speaker.bayes_listener();
        let num_values = objects.num_values();
        let attributes = num_values.iter().enumerate().map(|(attribute, &num_values)| {
            let num_values = num_values as usize;
            let mut marginals = vec![0.0; speaker.num_messages() * num_values];
            for (message, of_message) in marginals.chunks_exact_mut(num_values).enumerate() {
                for (object, value) in objects.attribute(attribute).enumerate() {
                    of_message[value as usize] += bayes.probability(message, object);
                }
            }
            Listener::trusted(marginals, num_values)
        });
        Self::new(attributes.collect())
    }

    /// Its probabilities of these objects, as a table.
    ///
    /// # Errors
    /// [`Error::Lengths`] if objects do not have as many attributes, [`Error::Attribute`] if one has a value that the listener does not know.
    pub fn listener(&self, objects: &Objects) -> Result<Listener> {
        let num_values: Vec<u32> = self
            .attributes
            .iter()
            .map(|attribute| u32::try_from(attribute.num_objects()).unwrap_or(u32::MAX))
            .collect();
        objects.check_values(&num_values)?;
        let num_messages = self.attributes[0].num_messages();
        let values = (0..num_messages).flat_map(|message| {
            objects.iter().map(move |object| {
                let of_attributes = self.attributes.iter().zip(object);
                of_attributes
                    .map(|(attribute, &value)| attribute.probability(message, value as usize))
                    .product()
            })
        });
        Ok(Listener::trusted(values.collect(), objects.count()))
    }
}

/// The conditional total correlation `Σ_k H(X_k|M) − H(X|M)`, in nats: the least co-adaptation loss that a factorised listener can have, 0
/// if attributes are independent given the message. A converged probe with a softmax for each attribute measures `L_info` and this.
///
/// # Errors
/// [`Error::Mismatch`] if the speaker does not speak of as many objects.
pub fn conditional_total_correlation(speaker: &Speaker, objects: &Objects) -> Result<f64> {
    let best = FactorisedListener::best(speaker, objects)?;
    let bayes = speaker.bayes_listener();
    let mut sum = 0.0;
    for message in 0..speaker.num_messages() {
        let of_attributes: f64 = best.attributes.iter().map(|attribute| entropy(attribute, message)).sum();
        sum += speaker.message_probability(message) * (of_attributes - entropy(&bayes, message));
    }
    Ok(sum)
}

fn entropy(listener: &Listener, message: usize) -> f64 {
    let probabilities = (0..listener.num_objects()).map(|object| listener.probability(message, object));
    -probabilities.map(|p| weighted_log(p, p)).sum::<f64>()
}

fn check(speaker: &Speaker, objects: &Objects) -> Result<()> {
    let (found, expected) = (objects.count(), speaker.num_objects());
    if found != expected {
        return Err(Error::Mismatch { what: "table of objects", of: "objects", found, expected });
    }
    Ok(())
}
