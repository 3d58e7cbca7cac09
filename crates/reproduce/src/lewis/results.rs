//! Results by arm and seed.

use std::collections::BTreeMap;

use autodidact_communicate::training::{Evaluation, Measured};
use autodidact_experiment::reproduction::JobResult;
use autodidact_experiment::statistics::{Bootstrap, Interval};

use super::arm::{Arm, Kind};
use super::exact::Exact;
use super::play::Played;
use super::task::EXACT;

/// A number of a measurement.
pub(super) type Value = fn(&Evaluation) -> f64;

/// All that was found.
pub(super) struct Results {
    pub exact: Exact,
    /// By seed, for each arm.
    arms: BTreeMap<(Kind, Arm), BTreeMap<u64, Played>>,
}

impl Results {
    pub fn new(results: &[JobResult]) -> Self {
        let mut exact = Exact::default();
        let mut arms: BTreeMap<(Kind, Arm), BTreeMap<u64, Played>> = BTreeMap::new();
        let mut tables = 0;
        for result in results {
            let value = result.result.clone();
            if result.job.arm == EXACT {
                let found: Exact = serde_json::from_value(value).expect("a result of this claim");
                exact.identity = exact.identity.max(found.identity);
                exact.bayes = exact.bayes.max(found.bayes);
                exact.gradient = exact.gradient.max(found.gradient);
                exact.factorised = exact.factorised.max(found.factorised);
                exact.total_correlation += found.total_correlation;
                tables += 1;
            } else {
                let played: Vec<Played> = serde_json::from_value(value).expect("a result of this claim");
                for played in played {
                    arms.entry((played.kind, played.arm)).or_default().insert(result.job.seed, played);
                }
            }
        }
        exact.total_correlation /= f64::from(tables.max(1));
        Self { exact, arms }
    }

    /// Runs of one kind.
    pub fn of(&self, kind: Kind) -> OfKind<'_> {
        OfKind { results: self, kind }
    }
}

/// Results of one kind.
#[derive(Clone, Copy)]
pub(super) struct OfKind<'a> {
    results: &'a Results,
    kind: Kind,
}

impl<'a> OfKind<'a> {
    /// The arms that were run.
    pub fn arms(self) -> impl Iterator<Item = Arm> {
        Arm::ALL.into_iter().filter(move |&arm| self.runs(arm).next().is_some())
    }

    /// Runs of an arm in the order of seeds.
    pub fn runs(self, arm: Arm) -> impl Iterator<Item = &'a Played> {
        self.results.arms.get(&(self.kind, arm)).into_iter().flat_map(BTreeMap::values)
    }

    /// A number at the end of each run of an arm.
    pub fn values(self, arm: Arm, value: Value) -> Vec<f64> {
        self.runs(arm).map(|played| value(played.last())).collect()
    }

    /// A number of one arm minus that of another, by seed.
    pub fn differences(self, arm: Arm, other: Arm, value: Value) -> Vec<f64> {
        self.pairs(arm, other).map(|(a, b)| value(a.last()) - value(b.last())).collect()
    }

    /// Both runs of each seed.
    pub fn pairs(self, arm: Arm, other: Arm) -> impl Iterator<Item = (&'a Played, &'a Played)> {
        self.runs(arm).zip(self.runs(other))
    }
}

/// `mean [low, high]` of differences, and the share of them above 0.
#[derive(Clone, Copy, Debug)]
pub(super) struct Gain {
    pub interval: Interval,
    pub share: f64,
}

impl Gain {
    pub fn of(differences: &[f64]) -> Self {
        let above = differences.iter().filter(|&&difference| difference > 0.0).count();
        Self {
            interval: Bootstrap::default().mean(differences),
            share: above as f64 / differences.len().max(1) as f64,
        }
    }

    /// The whole interval is above 0.
    pub fn is_clear(&self) -> bool {
        self.interval.is_bounded() && self.interval.is_above(0.0)
    }

    /// The whole interval is within this of 0.
    pub fn is_within(&self, margin: f64) -> bool {
        self.interval.is_bounded() && self.interval.is_above(-margin) && self.interval.is_below(margin)
    }

    /// The whole interval is above 0 or below it, and the mean is not within this of 0.
    pub fn differs(&self, margin: f64) -> bool {
        let has_sign = self.interval.is_above(0.0) || self.interval.is_below(0.0);
        self.interval.is_bounded() && has_sign && self.interval.estimate.abs() > margin
    }

    pub fn display(&self) -> String {
        format!("{} ({:.0} % of seeds above 0)", self.interval.display(3), 100.0 * self.share)
    }
}

pub(super) fn test_accuracy(evaluation: &Evaluation) -> f64 {
    evaluation.test.accuracy
}

pub(super) fn train_accuracy(evaluation: &Evaluation) -> f64 {
    evaluation.train.accuracy
}

pub(super) fn similarity(evaluation: &Evaluation) -> f64 {
    // One message for all is no language at all.
    evaluation.test.topographic_similarity.unwrap_or(0.0)
}

/// What test loses more than train.
fn gap(evaluation: &Evaluation, part: fn(&Measured) -> f64) -> f64 {
    part(&evaluation.test) - part(&evaluation.train)
}

pub(super) fn information_gap(evaluation: &Evaluation) -> f64 {
    gap(evaluation, |measured| measured.information)
}

pub(super) fn adaptation_gap(evaluation: &Evaluation) -> f64 {
    gap(evaluation, |measured| measured.adaptation)
}

pub(super) fn loss_gap(evaluation: &Evaluation) -> f64 {
    gap(evaluation, |measured| measured.loss)
}
