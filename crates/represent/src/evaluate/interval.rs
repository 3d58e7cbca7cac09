//! The uncertainty of a single accuracy: how far chance in the choice of test examples can move it.
//!
//! Uncertainty over training seeds is another matter and needs several runs.

use serde::{Deserialize, Serialize};

/// A closed interval of fractions.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Interval {
    /// Lower end.
    pub low: f64,
    /// Upper end.
    pub high: f64,
}

/// The 95 % normal quantile z(0.975).
pub(crate) const Z_95: f64 = 1.959963984540054;

/// The Wilson score interval of a proportion.
///
/// With p = `successes`/n, n = `trials` and normal quantile z:
/// (p + z²/2n ± z·√(p(1−p)/n + z²/4n²)) / (1 + z²/n). Unlike p ± z·√(p(1−p)/n) it stays inside \[0, 1\] and keeps its
/// coverage near the ends. For zero trials nothing is known and the interval is \[0, 1\].
///
/// Source: Wilson 1927, "Probable inference, the law of succession, and statistical inference".
///
/// # Panics
///
/// If `successes > trials`.
///
/// ```
/// use autodidact_represent::evaluate::wilson_interval;
///
/// let interval = wilson_interval(9, 10, 1.96);
/// assert!(interval.low > 0.59 && interval.high < 0.99);
/// ```
pub fn wilson_interval(successes: usize, trials: usize, z: f64) -> Interval {
    assert!(successes <= trials, "{successes} successes in {trials} trials");
    if trials == 0 {
        return Interval { low: 0.0, high: 1.0 };
    }
    let n = trials as f64;
    let p = successes as f64 / n;
    let z2 = z * z;
    let centre = p + z2 / (2.0 * n);
    let half_width = z * (p * (1.0 - p) / n + z2 / (4.0 * n * n)).sqrt();
    let scale = 1.0 + z2 / n;
    // Rounding can step over the ends at p = 0 and p = 1, where the exact bound is 0 or 1.
    Interval { low: ((centre - half_width) / scale).max(0.0), high: ((centre + half_width) / scale).min(1.0) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn interval_matches_the_closed_form_at_the_ends() {
        // p = 0: low = 0, high = z²/(n + z²).
        let z2 = Z_95 * Z_95;
        let none = wilson_interval(0, 20, Z_95);
        assert_eq!(none.low, 0.0);
        assert!((none.high - z2 / (20.0 + z2)).abs() < 1e-15);
        let all = wilson_interval(20, 20, Z_95);
        assert!((all.low - 20.0 / (20.0 + z2)).abs() < 1e-15);
        assert!((all.high - 1.0).abs() < 1e-15);
    }

    #[test]
    fn interval_narrows_with_more_trials() {
        let width = |n| {
            let interval = wilson_interval(n / 2, n, Z_95);
            interval.high - interval.low
        };
        assert!(width(10_000) < width(1_000) / 3.0);
        assert_eq!(wilson_interval(0, 0, Z_95), Interval { low: 0.0, high: 1.0 });
    }
}
