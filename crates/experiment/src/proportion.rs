//! How certain a share is that was counted.

use crate::statistics::Interval;

/// The exact interval of Clopper and Pearson 1934 for the probability of something that happened `successes` times in
/// `trials`: the probabilities under which as many, or as few, are not rarer than `(1 − confidence) / 2`.
///
/// ```
/// use autodidact_experiment::proportion::clopper_pearson;
///
/// let share = clopper_pearson(0, 400, 0.95);
/// assert_eq!(share.low, 0.0);
/// assert!((share.high - (1.0 - 0.025f64.powf(1.0 / 400.0))).abs() < 1e-12);
/// ```
///
/// # Panics
/// If there were no trials, or more successes than trials.
pub fn clopper_pearson(successes: u64, trials: u64, confidence: f64) -> Interval {
    assert!(trials > 0 && successes <= trials, "{successes} of {trials} is no share");
    let tail = (1.0 - confidence) / 2.0;
    // The chance of at most `successes` falls with the probability, that of at least as many rises.
    let high = if successes == trials { 1.0 } else { root(|p| at_most(successes, trials, p) <= tail) };
    let low = if successes == 0 { 0.0 } else { root(|p| 1.0 - at_most(successes - 1, trials, p) >= tail) };
    Interval { estimate: successes as f64 / trials as f64, low, high, confidence }
}

/// The probability from which on `holds`.
fn root(holds: impl Fn(f64) -> bool) -> f64 {
    let (mut below, mut above) = (0.0, 1.0);
    for _ in 0..200 {
        let middle = 0.5 * (below + above);
        if holds(middle) {
            above = middle;
        } else {
            below = middle;
        }
    }
    above
}

/// The chance of at most so many successes.
fn at_most(successes: u64, trials: u64, probability: f64) -> f64 {
    if probability <= 0.0 {
        return 1.0;
    }
    if probability >= 1.0 {
        return if successes == trials { 1.0 } else { 0.0 };
    }
    let odds = probability.ln() - (-probability).ln_1p();
    let mut log_term = trials as f64 * (-probability).ln_1p();
    let mut total = log_term.exp();
    for k in 0..successes {
        log_term += ((trials - k) as f64).ln() - ((k + 1) as f64).ln() + odds;
        total += log_term.exp();
    }
    total.min(1.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn intervals_agree_with_scipy() {
        let reference: Vec<serde_json::Value> =
            serde_json::from_str(include_str!("../tests/reference/proportions.json")).unwrap();
        assert!(!reference.is_empty());
        for case in reference {
            let [successes, trials] = ["successes", "trials"].map(|name| case[name].as_u64().unwrap());
            let share = clopper_pearson(successes, trials, 0.95);
            for (end, expected) in
                [share.low, share.high].into_iter().zip(case["interval"].as_array().unwrap())
            {
                assert!((end - expected.as_f64().unwrap()).abs() < 1e-10, "{case}: {share:?}");
            }
        }
    }
}
