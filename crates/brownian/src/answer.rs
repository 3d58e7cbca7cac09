//! What a search found, and what is promised about it.

use std::fmt;

use serde::{Deserialize, Serialize};

/// Why a search ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Reason {
    /// Its stop was reached.
    Stop,
    /// The evaluations were spent.
    Evaluations,
    /// No number lies between the ends of the interval that would be split next, or all that are left were given up.
    Exhausted,
}

/// What is promised about an answer, if the function is a Brownian motion, of the given scale or of an unknown one.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "kebab-case")]
pub enum Guarantee {
    /// Before the search, over all Brownian motions.
    Optimistic {
        /// The supremum is at most this far above the answer…
        within: f64,
        /// …but for a probability of this at most.
        failure: f64,
        /// The upper bound of the scale that was estimated, if it was; `failure` has its part.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        estimated_scale: Option<f64>,
    },
    /// Given the values that were found, with an exact probability; with an estimated scale, the sum of that and of the probability
    /// that the scale is larger, which is from before the values.
    Posterior {
        /// The supremum is at most this far above the answer…
        within: f64,
        /// …but for this probability.
        failure: f64,
        /// The upper bound of the scale that was estimated, if it was; `failure` has its part.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        estimated_scale: Option<f64>,
    },
    /// Of a function that is nowhere steeper than a constant: Piyavskii 1972, Shubert 1972.
    Lipschitz {
        /// The supremum is at most this far above the answer.
        within: f64,
        /// The constant.
        constant: f64,
    },
    /// The search ended before there was one, or its rule has none.
    None,
}

impl fmt::Display for Guarantee {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let motion = |estimated: &Option<f64>| match estimated {
            None => "a Brownian motion of this scale".to_owned(),
            Some(scale) => format!("a Brownian motion of unknown scale (estimated: {scale:.3e} at most)"),
        };
        match self {
            Self::Optimistic { within, failure, estimated_scale } => write!(
                f,
                "for {} the supremum is at most {within} further, but for a probability of {failure:.2e}",
                motion(estimated_scale)
            ),
            Self::Posterior { within, failure, estimated_scale } => write!(
                f,
                "given these values, {} goes more than {within} further with a probability of {failure:.2e}{}",
                motion(estimated_scale),
                if estimated_scale.is_some() { " at most, that of a larger scale included" } else { "" }
            ),
            Self::Lipschitz { within, constant } => write!(
                f,
                "where the function changes by at most {constant} over a distance of 1, its supremum is at most {within} further"
            ),
            Self::None => f.write_str("the search ended before anything was guaranteed"),
        }
    }
}

/// What a search found.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Answer {
    /// The best point.
    pub x: f64,
    /// The value there.
    pub value: f64,
    /// Values that were told.
    pub evaluations: u64,
    /// What the function does not go beyond: above it for a maximum, below it for a minimum, with the probability of the
    /// guarantee, whether or not the search reached its stop.
    pub bound: f64,
    /// Why the search ended, or nothing while it goes on.
    pub reason: Option<Reason>,
    /// What is promised, if the function is a Brownian motion; [`Optimizer::doubt`](crate::Optimizer::doubt) says what speaks against
    /// that.
    pub guarantee: Guarantee,
}
