//! Means that come with an interval: percentile bootstrap, seeded.
//!
//! A result over a handful of seeds is never one number. The interval is the percentile bootstrap (Efron 1979), the
//! robust centre is the interquartile mean (Agarwal et al. 2021, *Deep RL at the edge of the statistical precipice*),
//! and two arms that share seeds are compared by their paired differences.
//!
//! Tests of significance are left out: a rule reads an interval.

use std::fmt;

use rand::RngExt;
use serde::{Deserialize, Serialize};

use crate::rng::Seeds;

/// The arithmetic mean; NaN of nothing.
pub fn mean(values: &[f64]) -> f64 {
    values.iter().sum::<f64>() / values.len() as f64
}

/// The sample standard deviation, with n − 1; NaN of fewer than two values.
pub fn standard_deviation(values: &[f64]) -> f64 {
    let centre = mean(values);
    let squares: f64 = values.iter().map(|value| (value - centre).powi(2)).sum();
    if values.len() < 2 { f64::NAN } else { (squares / (values.len() as f64 - 1.0)).sqrt() }
}

/// The interquartile mean: the mean without the ⌊n/4⌋ smallest and the ⌊n/4⌋ largest values (Agarwal et al. 2021;
/// the same as a mean trimmed by 25 % at each end). NaN of nothing.
pub fn interquartile_mean(values: &[f64]) -> f64 {
    let mut sorted = values.to_vec();
    sorted.sort_by(f64::total_cmp);
    let cut = sorted.len() / 4;
    mean(&sorted[cut..sorted.len() - cut])
}

/// The quantile at `level` in [0, 1] of sorted values, by linear interpolation between the nearest two.
///
/// # Panics
/// If there are no values.
pub fn quantile(sorted: &[f64], level: f64) -> f64 {
    let position = level.clamp(0.0, 1.0) * (sorted.len() - 1) as f64;
    let below = position.floor() as usize;
    let above = position.ceil() as usize;
    sorted[below] + (sorted[above] - sorted[below]) * (position - below as f64)
}

/// An estimate and the interval around it.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Interval {
    /// The statistic of the values themselves.
    #[serde(with = "crate::metrics::number")]
    pub estimate: f64,
    /// Lower end; −∞ where one value says nothing of its spread.
    #[serde(with = "crate::metrics::number")]
    pub low: f64,
    /// Upper end; ∞ where one value says nothing of its spread.
    #[serde(with = "crate::metrics::number")]
    pub high: f64,
    /// The confidence level, for instance 0.95.
    pub confidence: f64,
}

impl Interval {
    /// Whether the whole interval lies above `value`.
    pub fn is_above(&self, value: f64) -> bool {
        self.low > value
    }

    /// Whether the whole interval lies below `value`.
    pub fn is_below(&self, value: f64) -> bool {
        self.high < value
    }

    /// Whether both ends are finite: there was more than one value.
    pub fn is_bounded(&self) -> bool {
        self.low.is_finite() && self.high.is_finite()
    }

    /// As many decimals as show two digits of the interval's width, or three of the estimate where there is none.
    pub fn decimals(&self) -> usize {
        let (size, digits) = if self.is_bounded() && self.high > self.low {
            (self.high - self.low, 2.0)
        } else {
            (self.estimate.abs(), 3.0)
        };
        if size > 0.0 { (digits - 1.0 - size.log10().floor()).clamp(0.0, 9.0) as usize } else { 1 }
    }

    /// `62.1 [60.0, 64.3]` with so many decimals; `62.1 (one value, no interval)` where there is none.
    pub fn display(&self, decimals: usize) -> String {
        let Self { estimate, low, high, .. } = self;
        if self.is_bounded() {
            format!("{estimate:.decimals$} [{low:.decimals$}, {high:.decimals$}]")
        } else {
            format!("{estimate:.decimals$} (one value, no interval)")
        }
    }
}

/// As [`Interval::display`] with [`Interval::decimals`].
impl fmt::Display for Interval {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.display(self.decimals()))
    }
}

/// The percentile bootstrap.
///
/// ```
/// use autodidact_experiment::statistics::Bootstrap;
///
/// let with = [62.0, 63.5, 61.8];
/// let without = [40.1, 42.0, 39.5];
/// let gain = Bootstrap::default().paired_difference(&with, &without);
/// assert!(gain.is_above(20.0));
/// ```
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Bootstrap {
    /// How many times the values are drawn anew.
    pub resamples: usize,
    /// The confidence level.
    pub confidence: f64,
    /// The seed of the draws.
    pub seed: u64,
}

impl Default for Bootstrap {
    /// 10 000 resamples, 95 %.
    fn default() -> Self {
        Self { resamples: 10_000, confidence: 0.95, seed: 0 }
    }
}

impl Bootstrap {
    /// The interval of the mean.
    ///
    /// # Panics
    /// If there are no values.
    pub fn mean(&self, values: &[f64]) -> Interval {
        self.interval(values, mean)
    }

    /// The interval of the interquartile mean.
    ///
    /// # Panics
    /// If there are no values.
    pub fn interquartile_mean(&self, values: &[f64]) -> Interval {
        self.interval(values, interquartile_mean)
    }

    /// The interval of the mean of `first[i] − second[i]`: values of the same index share a seed.
    ///
    /// # Panics
    /// If there are no values, or not as many on both sides.
    pub fn paired_difference(&self, first: &[f64], second: &[f64]) -> Interval {
        assert_eq!(first.len(), second.len(), "paired values come in pairs");
        let differences: Vec<f64> = first.iter().zip(second).map(|(a, b)| a - b).collect();
        self.mean(&differences)
    }

    /// The interval of any statistic. With one value it is unbounded: a single seed says nothing of the spread.
    ///
    /// # Panics
    /// If there are no values.
    pub fn interval(&self, values: &[f64], statistic: impl Fn(&[f64]) -> f64) -> Interval {
        assert!(!values.is_empty(), "an interval of no values was asked for");
        let estimate = statistic(values);
        let confidence = self.confidence;
        if values.len() == 1 {
            return Interval { estimate, low: f64::NEG_INFINITY, high: f64::INFINITY, confidence };
        }
        let mut draws = Seeds::new(self.seed).stream("bootstrap");
        let mut sample = vec![0.0; values.len()];
        let mut statistics: Vec<f64> = (0..self.resamples)
            .map(|_| {
                sample.fill_with(|| values[draws.random_range(0..values.len())]);
                statistic(&sample)
            })
            .collect();
        statistics.sort_by(f64::total_cmp);
        let tail = (1.0 - confidence) / 2.0;
        Interval {
            estimate,
            low: quantile(&statistics, tail),
            high: quantile(&statistics, 1.0 - tail),
            confidence,
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::Value;

    use super::*;

    /// Values of `scipy.stats`: `tests/reference/generate.py`.
    const REFERENCE: &str = include_str!("../tests/reference/statistics.json");

    fn numbers(value: &Value) -> Vec<f64> {
        serde_json::from_value(value.clone()).unwrap()
    }

    fn assert_close(found: f64, expected: f64, tolerance: f64, what: &str) {
        assert!((found - expected).abs() <= tolerance, "{what}: {found}, expected {expected} ± {tolerance}");
    }

    #[test]
    fn centres_and_spread_equal_those_of_scipy() {
        let reference: Value = serde_json::from_str(REFERENCE).unwrap();
        for case in reference["samples"].as_array().unwrap() {
            let values = numbers(&case["values"]);
            // Sums in another order: a few units in the last place.
            assert_close(mean(&values), case["mean"].as_f64().unwrap(), 1e-12, "mean");
            assert_close(standard_deviation(&values), case["std"].as_f64().unwrap(), 1e-12, "std");
            assert_close(interquartile_mean(&values), case["trim_mean_25"].as_f64().unwrap(), 1e-12, "IQM");
        }
    }

    #[test]
    fn intervals_agree_with_scipy_bootstrap() {
        let reference: Value = serde_json::from_str(REFERENCE).unwrap();
        for case in reference["samples"].as_array().unwrap() {
            let values = numbers(&case["values"]);
            let bootstrap = Bootstrap { resamples: 100_000, ..Bootstrap::default() };
            // Both draw at random: with 100 000 resamples an end's standard error is below 1 % of the width.
            for (name, interval) in
                [("mean_ci", bootstrap.mean(&values)), ("iqm_ci", bootstrap.interquartile_mean(&values))]
            {
                let expected = numbers(&case[name]);
                let tolerance = 0.03 * (expected[1] - expected[0]);
                assert_close(interval.low, expected[0], tolerance, name);
                assert_close(interval.high, expected[1], tolerance, name);
            }
        }
    }

    #[test]
    fn paired_differences_agree_with_scipy_bootstrap() {
        let reference: Value = serde_json::from_str(REFERENCE).unwrap();
        let case = &reference["paired"];
        let (first, second) = (numbers(&case["first"]), numbers(&case["second"]));
        let interval =
            Bootstrap { resamples: 100_000, ..Bootstrap::default() }.paired_difference(&first, &second);
        let expected = numbers(&case["ci"]);
        let tolerance = 0.03 * (expected[1] - expected[0]);
        assert_close(interval.estimate, case["mean"].as_f64().unwrap(), 1e-12, "difference");
        assert_close(interval.low, expected[0], tolerance, "low");
        assert_close(interval.high, expected[1], tolerance, "high");
    }

    #[test]
    fn the_same_seed_gives_the_same_interval_and_another_does_not() {
        let values = [1.0, 4.0, 2.0, 8.0, 5.5, 7.1];
        let interval = |seed| Bootstrap { seed, ..Bootstrap::default() }.mean(&values);
        assert_eq!(interval(1), interval(1));
        assert_ne!(interval(1), interval(2));
    }

    #[test]
    fn one_value_decides_nothing() {
        let interval = Bootstrap::default().mean(&[62.0]);
        assert!(!interval.is_above(0.0) && !interval.is_below(100.0) && !interval.is_bounded());
        assert_eq!(interval.display(1), "62.0 (one value, no interval)");
        let text = serde_json::to_string(&interval).unwrap();
        assert_eq!(serde_json::from_str::<Interval>(&text).unwrap(), interval);
    }

    #[test]
    fn decimals_follow_the_width() {
        let text = |estimate, low, high| Interval { estimate, low, high, confidence: 0.95 }.to_string();
        assert_eq!(text(62.345, 61.04, 63.61), "62.3 [61.0, 63.6]");
        assert_eq!(text(0.01234, 0.01221, 0.01249), "0.01234 [0.01221, 0.01249]");
        assert_eq!(text(12_345.6, 11_000.0, 14_000.0), "12346 [11000, 14000]");
        assert_eq!(text(0.5, f64::NEG_INFINITY, f64::INFINITY), "0.500 (one value, no interval)");
        assert_eq!(text(0.0, 0.0, 0.0), "0.0 [0.0, 0.0]");
    }

    #[test]
    fn equal_values_have_an_interval_without_width() {
        let interval = Bootstrap::default().mean(&[3.0; 4]);
        assert_eq!((interval.low, interval.estimate, interval.high), (3.0, 3.0, 3.0));
    }

    #[test]
    fn nothing_has_no_mean() {
        assert!(
            mean(&[]).is_nan() && interquartile_mean(&[]).is_nan() && standard_deviation(&[1.0]).is_nan()
        );
    }
}
