//! What was counted on some paths, and the same of several seeds together.

use autodidact_experiment::reproduction::JobResult;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// What an arm found.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub(super) struct Found {
    /// By the number of halvings of 1 that ε is.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub searches: BTreeMap<i32, AtAccuracy>,
    /// For each path, how far below the supremum the best point of the grid of `2^k` cells is, from one cell on.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub grid: Vec<Vec<f64>>,
}

/// Searches to one accuracy.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(super) struct AtAccuracy {
    pub epsilon: f64,
    /// Of each path.
    pub evaluations: Vec<u64>,
    /// Paths whose supremum was further than ε from the answer.
    pub failures: u64,
    /// Paths on which the search ended before its stop was reached: no number was left between the ends of an interval.
    pub unfinished: u64,
}

impl AtAccuracy {
    pub fn new(epsilon: f64) -> Self {
        Self { epsilon, evaluations: Vec::new(), failures: 0, unfinished: 0 }
    }

    /// Sorted.
    pub fn sorted(&self) -> Vec<f64> {
        let mut evaluations: Vec<f64> = self.evaluations.iter().map(|&count| count as f64).collect();
        evaluations.sort_by(f64::total_cmp);
        evaluations
    }

    pub fn mean(&self) -> f64 {
        self.evaluations.iter().sum::<u64>() as f64 / self.evaluations.len() as f64
    }

    /// `ln(1/ε)`.
    pub fn log(&self) -> f64 {
        -self.epsilon.ln()
    }
}

impl Found {
    /// Results of an arm, seed by seed.
    pub fn by_seed(results: &[JobResult], arm: &str) -> Vec<Self> {
        let of_arm = results.iter().filter(|result| result.job.arm == arm);
        of_arm
            .map(|result| serde_json::from_value(result.result.clone()).expect("a result of this claim"))
            .collect()
    }

    /// All paths of several seeds.
    pub fn together(seeds: &[Self]) -> Self {
        let mut all = Self::default();
        for seed in seeds {
            for (halvings, at) in &seed.searches {
                let here = all.searches.entry(*halvings).or_insert_with(|| AtAccuracy::new(at.epsilon));
                here.evaluations.extend(&at.evaluations);
                here.failures += at.failures;
                here.unfinished += at.unfinished;
            }
            all.grid.extend_from_slice(&seed.grid);
        }
        all
    }
}
