//! Fractional Brownian motions, to try searches on what is rougher or smoother than they take it for.

use crate::path::normal;

/// One realisation of a fractional Brownian motion on [0, 1], `B(0) = 0` and `E (B(t) − B(s))² = |t − s|^2H`, at `2^depth` even points
/// with straight lines between them.
///
/// The increments are drawn one after the other, each normal given all before it (Hosking 1984): exact, in `4^depth` steps.
///
/// ```
/// use autodidact_brownian::FractionalPath;
///
/// let path = FractionalPath::new(1, 0.7, 8);
/// assert_eq!(path.at(0.0), 0.0);
/// ```
#[derive(Clone, Debug, PartialEq)]
pub struct FractionalPath {
    values: Vec<f64>,
}

impl FractionalPath {
    /// The path of this number with an exponent of Hurst between 0 and 1.
    ///
    /// # Panics
    /// If the exponent is not between 0 and 1, or the depth above 14.
    pub fn new(seed: u64, hurst: f64, depth: u32) -> Self {
        assert!(hurst > 0.0 && hurst < 1.0, "an exponent of Hurst lies between 0 and 1, not at {hurst}");
        assert!(depth <= 14, "2^{depth} points take too long");
        let count = 1usize << depth;
        let power = |lag: f64| lag.abs().powf(2.0 * hurst);
        let covariance = |lag: usize| {
            let lag = lag as f64;
            0.5 * (power(lag + 1.0) - 2.0 * power(lag) + power(lag - 1.0))
        };
        let covariances: Vec<f64> = (0..count).map(covariance).collect();
        let mut increments: Vec<f64> = Vec::with_capacity(count);
        // The weights of the last increments in the mean of the next one, the latest first: Durbin and Levinson.
        let mut weights: Vec<f64> = Vec::new();
        let mut variance = 1.0;
        for index in 0..count {
            let mean: f64 =
                weights.iter().zip(increments.iter().rev()).map(|(weight, past)| weight * past).sum();
            increments.push(mean + f64::sqrt(variance) * normal(seed, index as u64));
            let Some(next) = covariances.get(index + 1) else { break };
            let known: f64 =
                weights.iter().zip(covariances[1..=index].iter().rev()).map(|(weight, c)| weight * c).sum();
            let reflection = (next - known) / variance;
            let before = weights.clone();
            for (weight, opposite) in weights.iter_mut().zip(before.iter().rev()) {
                *weight -= reflection * opposite;
            }
            weights.push(reflection);
            variance *= 1.0 - reflection * reflection;
        }
        let scale = (count as f64).powf(-hurst);
        let mut value = 0.0;
        let sums = increments.into_iter().map(|increment| {
            value += scale * increment;
            value
        });
        Self { values: std::iter::once(0.0).chain(sums).collect() }
    }

    /// `B(t)`.
    ///
    /// # Panics
    /// If `t` is not in [0, 1].
    pub fn at(&self, t: f64) -> f64 {
        assert!((0.0..=1.0).contains(&t), "a path on [0, 1] has no value at {t}");
        let place = t * (self.values.len() - 1) as f64;
        let index = (place as usize).min(self.values.len() - 2);
        let part = place - index as f64;
        (1.0 - part) * self.values[index] + part * self.values[index + 1]
    }
}
