//! How much stronger one player is than another.

use serde::{Deserialize, Serialize};

/// The normal distribution's quantile of 97.5 %.
const Z: f64 = 1.959963984540054;

/// A difference of Elo ratings, with the interval that covers it in 95 of 100 matches.
///
/// With a share `s` of the points, a draw counting half a win, the difference is `400 log₁₀(s / (1 − s))`. The interval is
/// Wilson's for `s`, put through the same formula. It takes games for independent and their results for wins and losses, so
/// that with draws it is wider than it needs to be.
///
/// ```
/// use autodidact_arena::Elo;
///
/// let elo = Elo::of(75, 0, 25).expect("there were games");
/// assert_eq!(elo.difference.map(f64::round), Some(191.0));
/// assert!(elo.low.is_some_and(|low| low > 100.0));
/// // Who won all games may be stronger by any amount.
/// assert_eq!(Elo::of(10, 0, 0).and_then(|elo| elo.high), None);
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Elo {
    /// The difference; none if it is infinite, as all the ends are.
    pub difference: Option<f64>,
    /// The lower end.
    pub low: Option<f64>,
    /// The upper end.
    pub high: Option<f64>,
    /// The share of the points.
    pub score: f64,
    /// The interval of the share.
    pub score_interval: [f64; 2],
}

impl Elo {
    /// Of so many wins, draws and losses, if there were any.
    pub fn of(wins: u32, draws: u32, losses: u32) -> Option<Self> {
        let games = f64::from(wins + draws + losses);
        if games == 0.0 {
            return None;
        }
        let score = (f64::from(wins) + 0.5 * f64::from(draws)) / games;
        let [low, high] = wilson(score, games);
        Some(Self {
            difference: difference(score),
            low: difference(low),
            high: difference(high),
            score,
            score_interval: [low, high],
        })
    }
}

/// Wilson's interval (1927) for a share of `n`.
fn wilson(share: f64, n: f64) -> [f64; 2] {
    let z2 = Z * Z;
    let middle = share + z2 / (2.0 * n);
    let half = Z * (share * (1.0 - share) / n + z2 / (4.0 * n * n)).sqrt();
    let scale = 1.0 + z2 / n;
    // Nothing and everything are ends themselves, which roundings would miss.
    let low = if share == 0.0 { 0.0 } else { (middle - half) / scale };
    let high = if share == 1.0 { 1.0 } else { (middle + half) / scale };
    [low, high]
}

/// The difference of ratings at which a share is expected, if it is finite.
fn difference(score: f64) -> Option<f64> {
    Some(400.0 * (score / (1.0 - score)).log10()).filter(|difference| difference.is_finite())
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Two of the examples of R. G. Newcombe, *Two-sided confidence intervals for the single proportion*, 1998, table I, method 3:
    /// 81 of 263 is 0.2553 to 0.3662.
    #[test]
    fn the_interval_is_the_published_one() {
        let [low, high] = wilson(81.0 / 263.0, 263.0);
        assert!((low - 0.2553).abs() < 5e-5 && (high - 0.3662).abs() < 5e-5, "{low} {high}");
        // 0 of 20 is 0 to 0.1611.
        let [low, high] = wilson(0.0, 20.0);
        assert!(low == 0.0 && (high - 0.1611).abs() < 5e-5, "{low} {high}");
    }

    #[test]
    fn differences_are_antisymmetric_and_even_matches_are_even() {
        let even = Elo::of(3, 4, 3).expect("games");
        assert_eq!(even.difference, Some(0.0));
        let [one, other] = [Elo::of(7, 2, 1), Elo::of(1, 2, 7)].map(|elo| elo.expect("games"));
        let sum = |a: Option<f64>, b: Option<f64>| a.expect("finite") + b.expect("finite");
        assert!(sum(one.difference, other.difference).abs() < 1e-9);
        assert!(sum(one.low, other.high).abs() < 1e-9);
        assert_eq!(Elo::of(0, 0, 0), None);
        let lost = Elo::of(0, 0, 5).expect("games");
        assert_eq!((lost.difference, lost.low), (None, None));
        assert!(lost.high.is_some_and(|high| high < 0.0));
    }
}
