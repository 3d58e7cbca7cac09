//! The loss and its two parts.

use super::listener::Listener;
use super::speaker::Speaker;
use super::table::weighted_log;
use crate::{Error, Result};

/// L, `L_info` and `L_adapt` in nats, each computed by its own sum.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Decomposition {
    /// L = −Σ p(x) π(m|x) log ρ(x|m). Infinite if the listener excludes an object that may be meant.
    pub total: f64,
    /// `L_info = H(X|M)`, which is the speaker's alone.
    pub information: f64,
    /// `L_adapt = Σ p(m) KL(ρ*(·|m) ‖ ρ(·|m))`, 0 for the Bayes listener and infinite if the total is.
    pub adaptation: f64,
}

impl Decomposition {
    /// Of a speaker and a listener.
    ///
    /// # Errors
    /// [`Error::Mismatch`] if they are not of the same objects and messages.
    pub fn new(speaker: &Speaker, listener: &Listener) -> Result<Self> {
        check(speaker, listener)?;
        let bayes = speaker.bayes_listener();
        let mut loss = Self { total: 0.0, information: 0.0, adaptation: 0.0 };
        for message in 0..speaker.num_messages() {
            let mut divergence = 0.0;
            for object in 0..speaker.num_objects() {
                let joint = speaker.joint(object, message);
                let (best, given) =
                    (bayes.probability(message, object), listener.probability(message, object));
                loss.total -= weighted_log(joint, given);
                loss.information -= weighted_log(joint, best);
                divergence += weighted_log(best, best / given);
            }
            loss.adaptation += match speaker.message_probability(message) {
                0.0 => 0.0,
                of_message => of_message * divergence,
            };
        }
        Ok(loss)
    }
}

pub(super) fn check(speaker: &Speaker, listener: &Listener) -> Result<()> {
    for (of, found, expected) in [
        ("objects", listener.num_objects(), speaker.num_objects()),
        ("messages", listener.num_messages(), speaker.num_messages()),
    ] {
        if found != expected {
            return Err(Error::Mismatch { what: "listener", of, found, expected });
        }
    }
    Ok(())
}
