//! An interval between neighbouring evaluations.

use serde::{Deserialize, Serialize};

use crate::Bridge;

/// An interval between neighbouring evaluations, in shares of the whole one, where 0 is its lower end and 1 its upper.
///
/// Halves of halves are exact in `f64` down to a share of 2⁻⁵².
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Leaf {
    /// Its ends.
    pub ends: [f64; 2],
    /// The values there, turned so that more is better.
    pub values: [f64; 2],
}

impl Leaf {
    /// Its share of the whole interval.
    pub fn share(&self) -> f64 {
        self.ends[1] - self.ends[0]
    }

    /// The point that halves it, or none where no number lies between its ends.
    pub fn middle(&self) -> Option<f64> {
        let [a, b] = self.ends;
        let middle = a + 0.5 * (b - a);
        (a < middle && middle < b).then_some(middle)
    }

    /// A point at three eighths, or none where no number lies there between its ends.
    pub fn beside_middle(&self) -> Option<f64> {
        let [a, b] = self.ends;
        let point = a + 0.375 * (b - a);
        (a < point && point < b && Some(point) != self.middle()).then_some(point)
    }

    /// Both parts, where the value at a point between its ends is known.
    pub fn split(&self, at: f64, value: f64) -> [Self; 2] {
        let ([a, b], [x, y]) = (self.ends, self.values);
        [Self { ends: [a, at], values: [x, value] }, Self { ends: [at, b], values: [value, y] }]
    }

    /// What a Brownian motion whose deviation over the whole interval is `scale` does here.
    pub fn bridge(&self, scale: f64) -> Bridge {
        Bridge { variance: scale * scale * self.share(), ends: self.values }
    }
}
