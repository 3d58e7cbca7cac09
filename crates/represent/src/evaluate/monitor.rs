//! A collapse warning in plain language, from the history of a training run.
//!
//! The loss cannot give it: a representation that maps every image to one point has the lowest loss of all.

use std::fmt;

use serde::{Deserialize, Serialize};

use super::EvaluateError;
use super::features::Features;
use super::spread::{effective_rank, feature_spread, pair_cosines};

/// The collapse numbers of one batch.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct CollapseReading {
    /// Training step.
    pub step: u64,
    /// Spread of the embeddings ([`feature_spread`]).
    pub spread: f64,
    /// Effective rank ([`effective_rank`]).
    pub effective_rank: f64,
    /// Mean cosine of two views of one image.
    pub positive_cosine: f64,
    /// Mean cosine of views of different images.
    pub negative_cosine: f64,
    /// Number of embedding dimensions D.
    pub width: usize,
}

impl CollapseReading {
    /// Measures two views `[N, D]` of the same images; spread and rank are those of the first.
    ///
    /// # Errors
    ///
    /// If the shapes differ or there are fewer than two rows.
    pub fn measure(step: u64, first: Features<'_>, second: Features<'_>) -> Result<Self, EvaluateError> {
        let cosines = pair_cosines(first, second)?;
        Ok(Self {
            step,
            spread: feature_spread(first)?,
            effective_rank: effective_rank(first),
            positive_cosine: cosines.positive,
            negative_cosine: cosines.negative,
            width: first.width(),
        })
    }
}

/// When a reading is worth a warning.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct CollapseThresholds {
    /// Spread at or below which a representation counts as collapsed.
    pub collapsed_spread: f64,
    /// Spread below which a fall to less than half of the highest spread so far is reported.
    pub low_spread: f64,
    /// Effective rank at or below which only a few directions are in use; not reported for narrower embeddings.
    pub low_rank: f64,
    /// Consecutive readings that must agree, so that one odd batch raises no alarm.
    pub patience: usize,
}

impl Default for CollapseThresholds {
    fn default() -> Self {
        Self { collapsed_spread: 0.1, low_spread: 0.3, low_rank: 2.0, patience: 3 }
    }
}

/// What the last readings agree on; prints as a sentence with the numbers and what to look at.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
#[non_exhaustive]
pub enum CollapseWarning {
    /// All images map to nearly one direction.
    Collapsed(CollapseReading),
    /// The spread has fallen to less than half of its peak.
    Falling {
        /// The last reading.
        last: CollapseReading,
        /// The highest spread so far.
        peak: f64,
        /// The step of the highest spread.
        peak_step: u64,
    },
    /// The images differ, but only along a few directions.
    FewDirections(CollapseReading),
    /// The embeddings are no numbers any more.
    NotFinite(CollapseReading),
}

impl CollapseWarning {
    /// Whether both warn of the same thing, with whatever numbers.
    pub fn is_like(&self, other: &Self) -> bool {
        std::mem::discriminant(self) == std::mem::discriminant(other)
    }
}

impl fmt::Display for CollapseWarning {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Collapsed(last) => write!(
                f,
                "the representation has collapsed at step {}: spread {:.3} (1 = even over the sphere, 0 = one point), \
                 different images agree with cosine {:.3}. Check that the predictor is present, that the target has \
                 no gradient, and that the learning rate suits the optimizer",
                last.step, last.spread, last.negative_cosine
            ),
            Self::Falling { last, peak, peak_step } => write!(
                f,
                "the representation is losing spread: {:.3} at step {}, down from {:.3} at step {}. If it goes on it \
                 collapses; consider a smaller learning rate or a slower target (larger tau)",
                last.spread, last.step, peak, peak_step
            ),
            Self::FewDirections(last) => write!(
                f,
                "the representation uses few directions at step {}: effective rank {:.1} of {}. Images differ \
                 (spread {:.3}) but along hardly more than one line; look at the augmentations and the weight decay",
                last.step, last.effective_rank, last.width, last.spread
            ),
            Self::NotFinite(last) => write!(
                f,
                "the collapse monitors are not finite at step {} (spread {}, effective rank {}): training has \
                 diverged; lower the learning rate or go back to an earlier checkpoint",
                last.step, last.spread, last.effective_rank
            ),
        }
    }
}

/// Collects readings and says when they look like collapse.
///
/// It serialises with its readings, so that a resumed run warns as an uninterrupted one does.
///
/// ```
/// use autodidact_represent::evaluate::{CollapseMonitor, CollapseReading};
///
/// let reading = |step, spread| CollapseReading {
///     step, spread, effective_rank: 20.0, positive_cosine: 0.9, negative_cosine: 0.1, width: 64,
/// };
/// let mut monitor = CollapseMonitor::default();
/// assert!(monitor.push(reading(0, 0.9)).is_none());
/// for step in 1..3 {
///     assert!(monitor.push(reading(step, 0.02)).is_none());
/// }
/// let warning = monitor.push(reading(3, 0.02)).expect("three readings agree");
/// assert!(warning.to_string().starts_with("the representation has collapsed at step 3"));
/// ```
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct CollapseMonitor {
    thresholds: CollapseThresholds,
    readings: Vec<CollapseReading>,
}

impl CollapseMonitor {
    /// A monitor with thresholds of one's own.
    pub fn new(thresholds: CollapseThresholds) -> Self {
        Self { thresholds, readings: Vec::new() }
    }

    /// All readings so far.
    pub fn readings(&self) -> &[CollapseReading] {
        &self.readings
    }

    /// Adds a reading and returns the warning that the history now gives, the gravest first.
    pub fn push(&mut self, reading: CollapseReading) -> Option<CollapseWarning> {
        self.readings.push(reading);
        self.warning()
    }

    /// The warning that the history gives, if any.
    pub fn warning(&self) -> Option<CollapseWarning> {
        let patience = self.thresholds.patience.max(1);
        let last = *self.readings.last()?;
        if !(last.spread.is_finite() && last.effective_rank.is_finite()) {
            return Some(CollapseWarning::NotFinite(last));
        }
        let recent = &self.readings[self.readings.len().checked_sub(patience)?..];
        if recent.iter().all(|reading| reading.spread <= self.thresholds.collapsed_spread) {
            return Some(CollapseWarning::Collapsed(last));
        }
        let peak = self.readings.iter().max_by(|a, b| a.spread.total_cmp(&b.spread))?;
        let limit = self.thresholds.low_spread.min(0.5 * peak.spread);
        if recent.iter().all(|reading| reading.spread < limit) {
            return Some(CollapseWarning::Falling { last, peak: peak.spread, peak_step: peak.step });
        }
        let low_rank = self.thresholds.low_rank;
        let is_narrow = last.width as f64 <= 2.0 * low_rank;
        if !is_narrow && recent.iter().all(|reading| reading.effective_rank <= low_rank) {
            return Some(CollapseWarning::FewDirections(last));
        }
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn reading(step: u64, spread: f64, effective_rank: f64) -> CollapseReading {
        CollapseReading {
            step,
            spread,
            effective_rank,
            positive_cosine: 0.95,
            negative_cosine: 0.2,
            width: 64,
        }
    }

    fn warning_of(readings: &[(f64, f64)]) -> Option<CollapseWarning> {
        let mut monitor = CollapseMonitor::default();
        for (step, &(spread, rank)) in (0..).zip(readings) {
            monitor.push(reading(step, spread, rank));
        }
        monitor.warning()
    }

    #[test]
    fn healthy_history_gives_no_warning() {
        assert_eq!(warning_of(&[(0.4, 5.0), (0.8, 20.0), (0.95, 30.0), (0.93, 30.0)]), None);
        assert_eq!(warning_of(&[]), None);
        // A slow start is not a fall.
        assert_eq!(warning_of(&[(0.2, 5.0), (0.2, 5.0), (0.25, 6.0)]), None);
    }

    #[test]
    fn each_kind_of_trouble_is_named() {
        let collapsed = warning_of(&[(0.9, 20.0), (0.05, 3.0), (0.04, 2.5), (0.03, 2.5)]).unwrap();
        assert!(matches!(collapsed, CollapseWarning::Collapsed(last) if last.step == 3), "{collapsed}");
        let falling = warning_of(&[(0.9, 20.0), (0.28, 9.0), (0.25, 8.0), (0.2, 8.0)]).unwrap();
        assert!(falling.to_string().contains("0.200 at step 3, down from 0.900 at step 0"), "{falling}");
        let line = warning_of(&[(0.9, 1.2), (0.9, 1.1), (0.9, 1.1)]).unwrap();
        assert!(line.to_string().contains("effective rank 1.1 of 64"), "{line}");
        let diverged = warning_of(&[(0.9, 20.0), (f64::NAN, f64::NAN)]).unwrap();
        assert!(diverged.to_string().contains("diverged"), "{diverged}");
    }

    #[test]
    fn one_odd_batch_raises_no_alarm_and_recovery_ends_it() {
        assert_eq!(warning_of(&[(0.9, 20.0), (0.9, 20.0), (0.02, 1.0)]), None);
        assert_eq!(warning_of(&[(0.9, 20.0), (0.02, 1.0), (0.02, 1.0), (0.02, 1.0), (0.8, 20.0)]), None);
    }

    #[test]
    fn resumed_monitor_warns_as_before() {
        let mut monitor = CollapseMonitor::default();
        monitor.push(reading(0, 0.9, 20.0));
        monitor.push(reading(1, 0.05, 2.0));
        monitor.push(reading(2, 0.05, 2.0));
        let text = serde_json::to_string(&monitor).unwrap();
        let mut resumed: CollapseMonitor = serde_json::from_str(&text).unwrap();
        let next = reading(3, 0.05, 2.0);
        assert_eq!(resumed.push(next), monitor.push(next));
        assert!(resumed.warning().is_some());
    }

    #[test]
    fn measured_batches_tell_collapse_from_spread() {
        let spread: Vec<f32> = (0..32 * 8).map(|i| ((i * 7919 % 101) as f32 - 50.0) / 50.0).collect();
        let constant: Vec<f32> = (0..32 * 8).map(|i| 1.0 + 1e-3 * spread[i]).collect();
        let measure = |values: &[f32]| {
            let z = Features::new(values, 8).unwrap();
            CollapseReading::measure(0, z, z).unwrap()
        };
        let (healthy, collapsed) = (measure(&spread), measure(&constant));
        assert!(healthy.spread > 0.8 && healthy.effective_rank > 4.0, "{healthy:?}");
        assert!(collapsed.spread < 0.01 && collapsed.negative_cosine > 0.99, "{collapsed:?}");
    }
}
