//! What is saved of a search: everything else follows from it.

use serde::{Deserialize, Serialize};

use crate::roughness::Innovations;
use crate::{Error, Leaf, Reason, Result, Settings};

/// What is saved of a search.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub(crate) struct State {
    pub lower: f64,
    pub upper: f64,
    pub settings: Settings,
    /// The values at both ends, turned so that more is better.
    pub ends: [Option<f64>; 2],
    pub leaves: Vec<Leaf>,
    /// Those of intervals that were halved so many times before.
    #[serde(default)]
    pub innovations: Vec<Innovations>,
    /// Leaves that are not split, since a value inside could not be had.
    pub given_up: Vec<u32>,
    /// Leaves whose middle has no value.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub missed: Vec<u32>,
    /// Share and turned value of the best point.
    pub best: Option<[f64; 2]>,
    pub evaluations: u64,
    /// The present estimate of the scale of the whole interval, and how many there were.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub estimate: Option<f64>,
    #[serde(default)]
    pub estimates: u32,
    pub reason: Option<Reason>,
}

impl State {
    /// That it is one that a search may have, and not a file that something happened to.
    pub fn check(&self) -> Result<()> {
        let Self { ends, leaves, given_up, missed, best, innovations, .. } = self;
        let is_leaf = |leaf: &Leaf| {
            let [a, b] = leaf.ends;
            0.0 <= a && a < b && b <= 1.0 && leaf.values.iter().all(|value| value.is_finite())
        };
        let shares: f64 = leaves.iter().map(Leaf::share).sum();
        let begun = ends.iter().all(Option::is_some);
        let is_whole = if begun { (shares - 1.0).abs() < 1e-9 && best.is_some() } else { leaves.is_empty() };
        let numbers = ends.iter().flatten().chain(best.iter().flatten());
        if is_whole
            && leaves.iter().all(is_leaf)
            && given_up.iter().chain(missed).all(|&leaf| (leaf as usize) < leaves.len())
            && numbers.into_iter().all(|number| number.is_finite())
            && self.estimate.is_none_or(|scale| scale > 0.0 && scale.is_finite())
            && innovations.iter().all(|depth| {
                let sums = [depth.sum, depth.fourths];
                sums.iter().all(|sum| sum.is_finite() && *sum >= 0.0)
            })
        {
            Ok(())
        } else {
            Err(Error::State)
        }
    }

    /// The point at a share of the interval.
    pub fn x(&self, share: f64) -> f64 {
        // At the upper end the sum may round to something else.
        if share == 1.0 { self.upper } else { self.lower + share * (self.upper - self.lower) }
    }
}
