//! The maximum of a Brownian motion, drawn given what is known of it.

use crate::path::{normal, uniform_of};
use crate::{Bridge, Optimizer};

/// A maximum that was drawn.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Maximum {
    /// Where it is.
    pub x: f64,
    /// How high it is, in the unit of the values; for a minimum, how low.
    pub value: f64,
}

impl Bridge {
    /// Where in the interval its supremum lies, as a share, given that it is `supremum`: drawn with the numbers of a seed.
    ///
    /// With `a` and `b` the distances of the supremum from both ends over the deviation of the whole interval, the density at a
    /// share s is proportional to `(s (1 − s))^(−3/2) exp(−a² / 2s − b² / 2(1 − s))`, the product of two first passages. So
    /// `s / (1 − s)` is, with probability `b / (a + b)`, inverse Gaussian of mean `a / b` and shape a², and else one over an inverse Gaussian of
    /// mean `b / a` and shape b².
    pub fn place_of_supremum(&self, supremum: f64, seed: u64) -> f64 {
        let [a, b] = self.ends.map(|end| (supremum - end).max(0.0) / self.variance.sqrt());
        if a == 0.0 || b == 0.0 {
            return if a == 0.0 { 0.0 } else { 1.0 };
        }
        let draw = |mean: f64, shape: f64| inverse_gaussian(mean, shape, seed);
        if uniform_of(seed, 0) * (a + b) <= b {
            let ratio = draw(a / b, a * a);
            ratio / (1.0 + ratio)
        } else {
            1.0 / (1.0 + draw(b / a, b * b))
        }
    }
}

/// An inverse Gaussian number: Michael, Schucany, Haas 1976, with the smaller root in a form that loses no digits.
fn inverse_gaussian(mean: f64, shape: f64, seed: u64) -> f64 {
    let spread = 0.5 * mean * normal(seed, 1).powi(2) / shape;
    let smaller = mean / (1.0 + spread + (spread * (2.0 + spread)).sqrt());
    if uniform_of(seed, 2) * (mean + smaller) <= mean { smaller } else { mean * (mean / smaller) }
}

impl Optimizer {
    /// A draw of the function's maximum, value and place, given all values so far, if it is a Brownian motion of the scale that the
    /// search goes by: exact, with the numbers of a seed. Nothing before both ends and the scale are known.
    ///
    /// The point of such a draw is Thompson's choice of what to evaluate next.
    ///
    /// ```
    /// use autodidact_brownian::{BrownianPath, Next, Optimizer, Settings};
    ///
    /// let path = BrownianPath::new(3);
    /// let mut optimizer = Optimizer::new(0.0, 1.0, Settings::posterior(0.05, 0.05))?;
    /// while let Next::Evaluate(query) = optimizer.ask() {
    ///     optimizer.tell(query.id, path.at(query.x))?;
    /// }
    /// let answer = optimizer.answer().expect("both ends were told");
    /// let drawn: Vec<f64> = (0..100).filter_map(|seed| optimizer.sample_maximum(seed)).map(|drawn| drawn.value).collect();
    /// // The search stopped since that is more than ε above the answer with a probability of one in twenty.
    /// assert!(drawn.iter().filter(|value| **value > answer.value + 0.05).count() < 15);
    /// # Ok::<(), autodidact_brownian::Error>(())
    /// ```
    pub fn sample_maximum(&self, seed: u64) -> Option<Maximum> {
        let scale = self.scale()? * (self.state.upper - self.state.lower).sqrt();
        let leaves = self.leaves().iter().enumerate();
        let drawn = leaves.map(|(index, leaf)| {
            (index, leaf, leaf.bridge(scale).supremum(uniform_of(seed, 3 + index as u64)))
        });
        let (_, leaf, supremum) = drawn.max_by(|a, b| a.2.total_cmp(&b.2))?;
        let share = leaf.bridge(scale).place_of_supremum(supremum, seed);
        let at = leaf.ends[0] + share * leaf.share();
        Some(Maximum { x: self.state.x(at), value: self.state.settings.goal.turn(supremum) })
    }
}
