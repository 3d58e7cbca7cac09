//! All results by task, family and seed.

use std::collections::BTreeMap;

use autodidact_experiment::reproduction::JobResult;

use super::arm::FullBatch;
use super::batches::{MiniBatch, Trained};
use super::family::{Family, sigma_name};
use super::measured::Run;
use super::task::Task;

/// Results by seed.
type BySeed<T> = BTreeMap<u64, Vec<T>>;

/// Batch size, and whether CDAT's averages are on.
type Batch = (usize, bool);

/// What all jobs gave.
#[derive(Debug, Default)]
pub(super) struct Results {
    runs: BTreeMap<(Task, Family), BySeed<Run>>,
    batches: BTreeMap<Batch, BySeed<Trained>>,
}

/// Which run of a family is meant.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Which {
    /// The one with the smallest mean loss of the last five iterates, in each seed.
    Best,
    /// The one with this σ.
    Sigma(f64),
}

impl Results {
    pub fn new(results: &[JobResult]) -> Self {
        let mut all = Self::default();
        for JobResult { job, result, .. } in results {
            let fits = "results of the present description fit";
            if let Ok(arm) = serde_json::from_value::<FullBatch>(job.description.clone()) {
                let runs: Vec<Run> = serde_json::from_value(result.clone()).expect(fits);
                all.runs.entry((arm.task, arm.family)).or_default().insert(job.seed, runs);
            } else {
                let arm: MiniBatch =
                    serde_json::from_value(job.description.clone()).expect("one of two kinds");
                let trained = serde_json::from_value(result.clone()).expect(fits);
                all.batches.entry((arm.batch, arm.beta > 0.0)).or_default().insert(job.seed, trained);
            }
        }
        all
    }

    /// The seeds of a task; none if it was not run.
    pub fn seeds(&self, task: Task) -> Vec<u64> {
        self.runs.get(&(task, Family::Constant)).map_or_else(Vec::new, |arm| arm.keys().copied().collect())
    }

    /// All runs of a family.
    pub fn runs(&self, task: Task, family: Family, seed: u64) -> &[Run] {
        self.runs.get(&(task, family)).and_then(|arm| arm.get(&seed)).map_or(&[], Vec::as_slice)
    }

    /// One run of a family.
    pub fn run(&self, task: Task, family: Family, which: Which, seed: u64) -> Option<&Run> {
        let runs = self.runs(task, family, seed).iter();
        match which {
            Which::Best => runs.min_by(|a, b| a.loss().total_cmp(&b.loss())),
            Which::Sigma(sigma) => runs.into_iter().find(|run| run.setting == sigma_name(sigma)),
        }
    }

    /// Mini-batch results, by batch size.
    pub fn batches(&self) -> &BTreeMap<Batch, BySeed<Trained>> {
        &self.batches
    }
}
