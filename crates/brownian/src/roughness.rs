//! How rough a function was found to be, and whether that agrees with what was assumed.
//!
//! The value in the middle of an interval of length `h` differs from the mean of its ends by an *innovation*. Divided by `√h / 2`,
//! those of a Brownian motion of scale σ are independent and normal with variance σ², whatever interval a search chooses
//! next: it chooses by values that it knows. So their mean square estimates σ² without bias, in spite of all preference for
//! high places. Their size at each depth of halving tells the exponent of Hurst: a function whose increments over `h` grow like
//! `h^H` has mean squares that grow like `2^(1 − 2H)` from one depth to the next.

use serde::{Deserialize, Serialize};

/// Innovations that say something of the scale, and the pairs of depth and count that say something of the exponent.
const LEAST: u64 = 8;
/// Innovations of a depth that count for the exponent.
const LEAST_OF_DEPTH: u64 = 4;
/// How far a kurtosis may be above that of normal numbers, in standard errors for many of them. It is skewed for few, so that
/// the number is not a normal quantile: in 5581 searches of drawn paths (ε of 0.1 to 0.003) the largest was 3.84.
const MOST_DEVIATIONS: f64 = 4.0;
/// The standard normal number that is exceeded with probability 1/20.
const ONE_IN_TWENTY: f64 = 1.644_853_626_951_472_7;

/// The innovations of one depth.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Innovations {
    pub count: u64,
    /// Of squares, in the unit of values.
    pub sum: f64,
    /// Of fourth powers.
    #[serde(default)]
    pub fourths: f64,
}

/// How rough a function was found to be.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Roughness {
    /// Midpoints that were evaluated.
    pub innovations: u64,
    /// The estimate of the scale σ: the standard deviation of increments over a distance of 1.
    pub scale: f64,
    /// What σ is below with probability 1/20, and above with probability 1/20, for a Brownian motion.
    pub interval: [f64; 2],
    /// The exponent of Hurst, 1/2 for a Brownian motion, less for rougher and more for smoother functions; nothing if fewer
    /// than three depths have innovations enough.
    pub hurst: Option<Hurst>,
    /// The kurtosis of innovations of one depth, in the mean over depths with enough of them: 3 for a Brownian motion, more
    /// where single values stand out.
    #[serde(default)]
    pub kurtosis: Option<Kurtosis>,
}

/// A kurtosis.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Kurtosis {
    /// The mean.
    pub value: f64,
    /// How far it is above 3, in standard errors for many normal innovations.
    pub deviations: f64,
}

/// An exponent of Hurst.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Hurst {
    /// The estimate.
    pub exponent: f64,
    /// Its standard error, if innovations are normal.
    pub error: f64,
}

/// Why a promise about Brownian motions of a scale does not hold for a function.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "kebab-case")]
pub enum Doubt {
    /// The scale is larger than assumed, even at the lower end of its interval.
    Scale {
        /// That lower end.
        at_least: f64,
    },
    /// The exponent of Hurst is below 1/2 by more than two standard errors: at small distances the function is rougher than
    /// any Brownian motion.
    Rougher {
        /// The exponent.
        hurst: Hurst,
    },
    /// Single innovations stand out as those of a Brownian motion would in one search of a thousand at most.
    HeavyTails {
        /// Their kurtosis.
        kurtosis: Kurtosis,
    },
}

impl Roughness {
    /// From the innovations of each depth; `length` is that of the whole interval.
    pub(crate) fn new(depths: &[Innovations], length: f64) -> Option<Self> {
        let count: u64 = depths.iter().map(|depth| depth.count).sum();
        if count < LEAST {
            return None;
        }
        let sum: f64 = depths.iter().map(|depth| depth.sum).sum();
        let scale = |divisor: f64| (sum / (divisor * length)).sqrt();
        let interval = [ONE_IN_TWENTY, -ONE_IN_TWENTY].map(|normal| scale(chi_square(count as f64, normal)));
        Some(Self {
            innovations: count,
            scale: scale(count as f64),
            interval,
            hurst: hurst(depths),
            kurtosis: kurtosis(depths),
        })
    }

    /// What speaks against a Brownian motion of this scale.
    pub fn doubt(&self, scale: f64) -> Option<Doubt> {
        if let Some(hurst) = self.hurst
            && hurst.exponent + 2.0 * hurst.error < 0.5
        {
            return Some(Doubt::Rougher { hurst });
        }
        if let Some(kurtosis) = self.kurtosis.filter(|kurtosis| kurtosis.deviations > MOST_DEVIATIONS) {
            return Some(Doubt::HeavyTails { kurtosis });
        }
        let [at_least, _] = self.interval;
        (at_least > scale).then_some(Doubt::Scale { at_least })
    }
}

impl std::fmt::Display for Doubt {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Scale { at_least } => {
                write!(f, "the values are rougher than was assumed: their scale is {at_least:.3} at least")
            }
            Self::Rougher { hurst: Hurst { exponent, error } } => write!(
                f,
                "the values are rougher than a Brownian motion at small distances: exponent of Hurst {exponent:.2} ± {error:.2}"
            ),
            Self::HeavyTails { kurtosis: Kurtosis { value, .. } } => write!(
                f,
                "single values stand out more than those of a Brownian motion do: kurtosis {value:.1} instead of 3"
            ),
        }
    }
}

/// The quantile of the chi-square distribution at that of a standard normal number: Wilson and Hilferty 1931.
pub(crate) fn chi_square(degrees: f64, normal: f64) -> f64 {
    let variance = 2.0 / (9.0 * degrees);
    degrees * (1.0 - variance + normal * variance.sqrt()).powi(3)
}

/// The mean kurtosis over depths.
fn kurtosis(depths: &[Innovations]) -> Option<Kurtosis> {
    let enough = depths.iter().filter(|depth| depth.count >= LEAST && depth.sum > 0.0);
    let (total, weighted) = enough.fold((0.0, 0.0), |(total, weighted), depth| {
        let count = depth.count as f64;
        // Of n normal numbers it is 3 n / (n + 2) in the mean.
        let expected = 3.0 * count / (count + 2.0);
        let own = count * depth.fourths / (depth.sum * depth.sum);
        (total + count, weighted + count * (own - expected))
    });
    let excess = weighted / total;
    (total > 0.0 && excess.is_finite())
        .then(|| Kurtosis { value: 3.0 + excess, deviations: excess * (total / 24.0).sqrt() })
}

/// A weighted line through the logarithms of the mean squares by depth.
fn hurst(depths: &[Innovations]) -> Option<Hurst> {
    // The logarithm of a mean of n squares of normal numbers is 1/n too low in the mean, with a variance of 2/n.
    let points: Vec<[f64; 3]> = depths
        .iter()
        .enumerate()
        .filter(|(_, depth)| depth.count >= LEAST_OF_DEPTH && depth.sum > 0.0)
        .map(|(at, depth)| {
            let count = depth.count as f64;
            [at as f64, ((depth.sum / count).ln() + 1.0 / count) / std::f64::consts::LN_2, count]
        })
        .collect();
    if points.len() < 3 {
        return None;
    }
    let total: f64 = points.iter().map(|[.., weight]| weight).sum();
    let mean = |axis: usize| points.iter().map(|point| point[2] * point[axis]).sum::<f64>() / total;
    let (x, y) = (mean(0), mean(1));
    let spread: f64 = points.iter().map(|[at, _, weight]| weight * (at - x).powi(2)).sum();
    let slope =
        points.iter().map(|[at, value, weight]| weight * (at - x) * (value - y)).sum::<f64>() / spread;
    let error = (2.0 / spread).sqrt() / std::f64::consts::LN_2;
    Some(Hurst { exponent: 0.5 * (1.0 - slope), error: 0.5 * error })
}

#[cfg(test)]
mod tests {
    use super::*;

    /// `scipy.stats.chi2.ppf` of 0.05 and 0.95, scipy 1.17.1.
    #[test]
    fn quantiles_are_close_to_scipys() {
        for (degrees, low, high) in [
            (10.0, 3.940_299_136_119_060_5, 18.307_038_053_275_146),
            (30.0, 18.492_660_981_953_47, 43.772_971_825_742_19),
            (100.0, 77.929_465_165_017_26, 124.342_113_404_004_07),
            (1000.0, 927.594_363_020_979, 1_074.679_448_803_441),
        ] {
            for (normal, expected) in [(-ONE_IN_TWENTY, low), (ONE_IN_TWENTY, high)] {
                let got = chi_square(degrees, normal);
                assert!((got / expected - 1.0).abs() < 5e-3, "{degrees}: {got}, {expected}");
            }
        }
    }

    /// Mean squares that double from depth to depth are those of increments that do not depend on the distance: H = 0.
    #[test]
    fn exponents_of_exact_laws_are_found() {
        for (factor, exponent) in [(1.0, 0.5), (2.0, 0.0), (0.5, 1.0), (0.125, 2.0)] {
            let depths: Vec<Innovations> = (0..8)
                .map(|depth| {
                    // So many that the correction does not count.
                    let count = 1 << 40;
                    Innovations { count, sum: count as f64 * f64::powi(factor, depth), fourths: 0.0 }
                })
                .collect();
            let found = hurst(&depths).expect("eight depths");
            assert!((found.exponent - exponent).abs() < 1e-9, "{factor}: {found:?}");
        }
    }
}
