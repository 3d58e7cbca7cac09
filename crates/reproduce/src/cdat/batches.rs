//! A mini-batch job: task A, a batch size, a decay of the averages, all σ, a seed.

use std::time::Instant;

use autodidact_experiment::interrupt;
use autodidact_experiment::reproduction::{Interrupted, Job, JobContext, JobError, Plan, Scale};
use autodidact_experiment::rng::Seeds;
use autodidact_optim::tuner::CdatConfig;
use autodidact_optim::{Landscape, OptimizerConfig, Tuned, TunerConfig};
use burn::tensor::{Device, Int, Tensor, TensorData};
use rand::seq::SliceRandom;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::arm::kept;
use super::measured::LAST;
use super::objective::Objective;
use super::task::{Task, WEIGHT_DECAY};
use super::train::has_diverged;
use crate::data::Pictures;
use crate::device;

/// Samples.
const SAMPLES: usize = 8192;
/// Batch sizes; the last is the whole set.
pub(super) const BATCHES: [usize; 5] = [16, 64, 256, 1024, SAMPLES];
/// Decay of CDAT's averages.
pub(super) const BETAS: [f64; 2] = [0.0, 0.9];

/// Everything that a result depends on beside the seed.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(super) struct MiniBatch {
    pub batch: usize,
    pub beta: f64,
    pub sigmas: Vec<f64>,
    pub momentum: f64,
    pub samples: usize,
    pub epochs: usize,
    pub weight_decay: f64,
    pub pictures: Pictures,
    pub device: String,
}

/// What training with one σ gave.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub(super) struct Trained {
    pub sigma: f64,
    /// Loss on all samples, mean of the last five iterates, over the first one; absent if the run diverged.
    pub ratio: Option<f64>,
    pub steps: usize,
    pub seconds: f64,
}

impl MiniBatch {
    /// All jobs of one seed; none at the quick scale.
    pub fn all(plan: &Plan) -> Vec<Self> {
        let (count, epochs) = match plan.scale {
            Scale::Quick => return Vec::new(),
            Scale::Standard => (7, 30),
            Scale::Full => (13, 100),
        };
        let sigmas: Vec<f64> =
            (0..count).map(|index| 0.4 + 2.4 * f64::from(index) / f64::from(count - 1)).collect();
        let pictures = Task::A.pictures(plan, SAMPLES);
        let with = |batch, beta| Self {
            batch,
            beta,
            sigmas: sigmas.clone(),
            momentum: 0.9,
            samples: SAMPLES,
            epochs,
            weight_decay: WEIGHT_DECAY,
            pictures: pictures.clone(),
            device: plan.device.clone(),
        };
        BATCHES.iter().flat_map(|&batch| BETAS.map(|beta| with(batch, beta))).collect()
    }

    pub fn job(&self, paper: &str, scale: Scale, seed: u64) -> Job {
        let averages = if self.beta > 0.0 { "averaged" } else { "plain" };
        let arm = format!("batch-{}-{averages}", self.batch);
        Job::new(paper, scale, &arm, seed, serde_json::to_value(self).expect("a description is plain data"))
    }

    /// Trains with every σ; those that are done are not run again.
    pub fn run(&self, seed: u64, context: &JobContext<'_>) -> Result<Value, JobError> {
        let device = device(&context.plan.device)?;
        let mut objective = Task::A.objective(&self.pictures, context.plan, (self.samples, seed), &device)?;
        let steps = self.epochs * self.samples.div_ceil(self.batch);
        let total = (self.sigmas.len() * steps) as u64;
        let mut trained: Vec<Trained> = Vec::new();
        for (index, &sigma) in self.sigmas.iter().enumerate() {
            let done = index * steps;
            trained.push(kept(context.scratch, index, || {
                self.train(sigma, (seed, &device), &mut objective, &mut |step, loss| {
                    context.progress((done + step) as u64, total, &[("loss/total", loss)]);
                })
            })?);
        }
        Ok(serde_json::to_value(trained)?)
    }

    fn train(
        &self,
        sigma: f64,
        (seed, device): (u64, &Device),
        objective: &mut Objective,
        tell: &mut dyn FnMut(usize, f64),
    ) -> Result<Trained, JobError> {
        let rule = OptimizerConfig::Sgd { momentum: self.momentum, nesterov: false, weight_decay: 0.0 };
        let tuner = TunerConfig::Cdat(CdatConfig { sigma, beta: self.beta, ..CdatConfig::default() });
        let mut optimizer = Tuned::new(rule, vec![], tuner);
        let mut w = objective.initial();
        let first = objective.value(&w)?;
        let total = self.epochs * self.samples.div_ceil(self.batch);
        let mut trained = Trained { sigma, ratio: None, steps: 0, seconds: 0.0 };
        let mut last = Vec::new();
        for epoch in 0..self.epochs {
            // Every σ sees the same batches.
            let mut order: Vec<i32> = (0..self.samples as i32).collect();
            order.shuffle(&mut Seeds::new(seed).keyed("batches", [epoch as u64]));
            for rows in order.chunks(self.batch) {
                if interrupt::requested() {
                    return Err(Interrupted.into());
                }
                let clock = Instant::now();
                let rows = TensorData::new(rows.to_vec(), [rows.len()]);
                let mut batch = objective.on(Tensor::<1, Int>::from_data(rows, device));
                let (loss, gradient) = batch.gradient(&w)?;
                if has_diverged(loss, first) {
                    return Ok(trained);
                }
                w = optimizer.step(0.0, &w, (loss, &gradient), &gradient, &mut batch)?.weights;
                trained.seconds += clock.elapsed().as_secs_f64();
                trained.steps += 1;
                tell(trained.steps, loss);
                if trained.steps + LAST > total {
                    last.push(objective.value(&w)?);
                }
            }
        }
        let mean = last.iter().sum::<f64>() / last.len() as f64;
        trained.ratio = (!has_diverged(mean, first)).then_some(mean / first);
        Ok(trained)
    }
}
