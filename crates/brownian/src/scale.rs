//! The scale of the function: known, or estimated on the way.

use serde::{Deserialize, Serialize};

use crate::roughness::{Innovations, chi_square};

/// The standard deviation of the function's increments over a distance of 1 in `x`: σ of a Brownian motion.
///
/// In a file a known one is its number.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(untagged)]
pub enum Scale {
    /// It is this; above 0.
    Known(f64),
    /// It is estimated from the values.
    Estimated(Estimate),
}

/// How a scale is estimated.
///
/// The search halves its longest intervals first, until there are [`Estimate::least`] innovations: differences of midpoints from
/// the means of their neighbours, which are independent and normal with variance σ² (times a known factor) whatever
/// intervals are chosen. Of n innovations z the estimate is an upper bound, `√(Σ z² / q)` with the lower quantile q of the
/// chi-square distribution of n degrees. It is made anew whenever n has doubled; the k-th takes `γ 2^-k` of the failure
/// probability, so that all hold at once but for γ, which is [`Estimate::share`] of δ.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct Estimate {
    /// The part of δ that estimates may take, between 0 and 1; the search has the rest.
    pub share: f64,
    /// Innovations before the first estimate, at least 8.
    pub least: u64,
}

impl Default for Estimate {
    fn default() -> Self {
        Self { share: 0.25, least: 32 }
    }
}

impl From<f64> for Scale {
    fn from(scale: f64) -> Self {
        Self::Known(scale)
    }
}

impl Estimate {
    /// Innovations at which the estimate of a round, from 0, is made.
    pub(crate) fn due(&self, round: u32) -> u64 {
        self.least.saturating_mul(1 << round.min(62))
    }

    /// The estimate of a round for the whole interval.
    pub(crate) fn upper(&self, delta: f64, round: u32, depths: &[Innovations]) -> f64 {
        let count: u64 = depths.iter().map(|depth| depth.count).sum();
        let sum: f64 = depths.iter().map(|depth| depth.sum).sum();
        let failure = delta * self.share * 0.5f64.powi(round as i32 + 1);
        (sum / low_quantile(count as f64, failure)).sqrt()
    }
}

/// The quantile of the chi-square distribution at a small probability p, or less. Wilson and Hilferty's goes below zero for few
/// degrees n and tiny p; Chernoff's bound `P(X ≤ q) ≤ (e q / n)^(n / 2)` gives `n p^(2 / n) / e` at least.
fn low_quantile(degrees: f64, probability: f64) -> f64 {
    let least = degrees / std::f64::consts::E * probability.powf(2.0 / degrees);
    chi_square(degrees, normal_quantile(probability)).max(least)
}

/// The standard normal number that is fallen short of with this probability, at most 1/2: Abramowitz and Stegun 26.2.23, within
/// 4.5e-4.
fn normal_quantile(probability: f64) -> f64 {
    let t = (-2.0 * probability.ln()).sqrt();
    let above = 2.515_517 + t * (0.802_853 + t * 0.010_328);
    let below = 1.0 + t * (1.432_788 + t * (0.189_269 + t * 0.001_308));
    above / below - t
}

#[cfg(test)]
mod tests {
    use super::*;

    /// `scipy.stats.norm.ppf` and `scipy.stats.chi2.ppf`, scipy 1.17.1.
    #[test]
    fn quantiles_are_close_to_scipys() {
        for (probability, expected) in [
            (0.5, 0.0),
            (0.1, -1.281_551_565_544_600_4),
            (0.00625, -2.497_705_474_412_373),
            (1e-6, -4.753_424_308_822_899),
        ] {
            let got = normal_quantile(probability);
            assert!((got - expected).abs() < 5e-4, "{probability}: {got}, {expected}");
        }
        for (degrees, probability, expected) in [
            (32.0, 0.00625, 15.511_358_314_696_079),
            (32.0, 1e-5, 8.483_302_090_345_001),
            (64.0, 0.003_125, 37.351_772_011_623_64),
            (1024.0, 2e-4, 871.431_455_051_163_4),
        ] {
            let got = low_quantile(degrees, probability);
            // Low ones come out too low, which makes bounds larger.
            assert!(
                got / expected < 1.005 && got / expected > 0.97,
                "{degrees}, {probability}: {got}, {expected}"
            );
        }
    }

    /// Values of `scipy.stats.chi2.ppf`, scipy 1.17.1, where the approximation has no root.
    #[test]
    fn tiny_probabilities_have_a_quantile_that_is_not_too_large() {
        for (degrees, probability, exact) in [
            (8.0, 1.250000e-10, 0.014823611044097686),
            (8.0, 1.000000e-15, 0.0007872578431512046),
            (16.0, 1.000000e-20, 0.02383939377356976),
            (32.0, 1.000000e-34, 0.10229992737975921),
        ] {
            let got = low_quantile(degrees, probability);
            assert!(got > 0.4 * exact && got <= exact, "{degrees}, {probability}: {got}, {exact}");
        }
    }
}
