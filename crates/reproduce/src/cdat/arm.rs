//! A full-batch job: a task, a family of settings, a seed.

use std::path::Path;

use autodidact_experiment::file;
use autodidact_experiment::reproduction::{Job, JobContext, JobError, Plan, Scale};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::family::{Family, Setting};
use super::measured::Run;
use super::task::{Task, WEIGHT_DECAY};
use super::train::{Length, train};
use crate::data::Pictures;
use crate::device;

/// Everything that a result depends on beside the seed.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(super) struct FullBatch {
    pub task: Task,
    pub family: Family,
    pub settings: Vec<Setting>,
    pub samples: usize,
    pub steps: usize,
    /// Steps between readings of the sharpness.
    pub every: usize,
    pub weight_decay: f64,
    pub pictures: Pictures,
    pub device: String,
}

/// Samples and steps.
pub(super) fn size(scale: Scale) -> (usize, usize) {
    match scale {
        Scale::Quick => (256, 200),
        Scale::Standard => (1024, 1500),
        Scale::Full => (4096, 6000),
    }
}

/// The tasks of a scale.
pub(super) fn tasks(scale: Scale) -> &'static [Task] {
    if scale == Scale::Quick { &[Task::A, Task::B, Task::D] } else { &Task::ALL }
}

impl FullBatch {
    pub fn new(plan: &Plan, task: Task, family: Family) -> Self {
        let (samples, steps) = size(plan.scale);
        Self {
            task,
            family,
            settings: family.settings(plan.scale, steps),
            samples,
            steps,
            every: 25,
            weight_decay: WEIGHT_DECAY,
            pictures: task.pictures(plan, samples),
            device: plan.device.clone(),
        }
    }

    pub fn job(&self, paper: &str, scale: Scale, seed: u64) -> Job {
        let arm = format!("{}-{}", self.task.letter().to_lowercase(), self.family.name());
        let description = serde_json::to_value(self).expect("a description is plain data");
        Job::new(paper, scale, &arm, seed, description)
    }

    /// Runs the settings one after the other; those that are done are not run again.
    pub fn run(&self, seed: u64, context: &JobContext<'_>) -> Result<Value, JobError> {
        let device = device(&context.plan.device)?;
        let mut objective =
            self.task.objective(&self.pictures, context.plan, (self.samples, seed), &device)?;
        let length = Length { steps: self.steps, every: self.every };
        let total = (self.settings.len() * self.steps) as u64;
        let mut runs: Vec<Run> = Vec::new();
        for (index, setting) in self.settings.iter().enumerate() {
            let done = index * self.steps;
            runs.push(kept(context.scratch, index, || {
                train(setting, &mut objective, length, &mut |step, loss| {
                    context.progress((done + step) as u64, total, &[("loss/total", loss)]);
                })
            })?);
        }
        Ok(serde_json::to_value(runs)?)
    }
}

/// The result of part `index` of a job, from its scratch folder or computed and kept there.
pub(super) fn kept<T: Serialize + DeserializeOwned>(
    scratch: &Path,
    index: usize,
    compute: impl FnOnce() -> Result<T, JobError>,
) -> Result<T, JobError> {
    let path = scratch.join(format!("part-{index}.json"));
    if let Some(known) = std::fs::read(&path).ok().and_then(|bytes| serde_json::from_slice(&bytes).ok()) {
        return Ok(known);
    }
    let result = compute()?;
    std::fs::create_dir_all(scratch)?;
    file::write(&path, &serde_json::to_vec(&result)?)?;
    Ok(result)
}
