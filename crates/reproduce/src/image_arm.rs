//! One arm of a claim about image representations: pre-train an encoder, then measure it.

use std::path::Path;

use autodidact_data::augment::AugmentConfig;
use autodidact_experiment::metrics::{MetricRecord, read_metrics};
use autodidact_experiment::reproduction::{Interrupted, Job, JobContext, JobError, JobResult};
use autodidact_experiment::run::{Environment, RunDirectory, command_line};
use autodidact_represent::evaluate::{
    KnnConfig, LabelledFeatures, LinearProbeConfig, knn_probe, linear_probe,
};
use autodidact_represent::train::{Outcome, Telling};
use autodidact_represent::{Embeddings, Error, Method, RepresentConfig, embed, train};
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::data::Pictures;
use crate::device;

/// Steps between checkpoints: a killed job loses a minute or so.
const CHECKPOINT_EVERY: usize = 100;
/// Share of the last readings over which spread and rank are averaged.
const TAIL: usize = 5;

/// Everything an arm's result depends on.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct ImageArm {
    pub config: RepresentConfig,
    pub pictures: Pictures,
    /// Where tensors live: sums are rounded in another order there.
    pub device: String,
}

/// What was measured.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Measured {
    /// Top-1 accuracy of the linear probe on y, in percent; absent if training diverged.
    pub linear: Option<f64>,
    /// Top-1 accuracy of k-NN (k = 20, T = 0.07) on y, in percent; absent if training diverged.
    pub knn: Option<f64>,
    /// Spread of the projections at the end, mean of the last readings; absent for an untrained encoder and if training
    /// diverged, which is not collapse.
    pub spread: Option<f64>,
    /// Effective rank of the projections at the end.
    pub effective_rank: Option<f64>,
    /// Loss at the end.
    pub loss: Option<f64>,
    /// Whether loss or gradient stopped being numbers.
    pub diverged: bool,
    /// `(step, spread, loss, probe accuracy)` over training.
    pub curve: Vec<CurvePoint>,
    /// Optimizer steps made.
    pub steps: u64,
}

/// One observed step.
#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
pub(crate) struct CurvePoint {
    pub step: u64,
    pub spread: f64,
    pub loss: f64,
}

/// What came of the training of an encoder.
pub(crate) struct Encoded {
    /// Its run.
    pub run: RunDirectory,
    /// Optimizer steps made.
    pub steps: u64,
    /// Representations of the pictures to train on and to test; absent if training diverged.
    pub sets: Option<[Embeddings; 2]>,
}

impl ImageArm {
    pub fn job(
        &self,
        paper: &str,
        scale: autodidact_experiment::reproduction::Scale,
        arm: &str,
        seed: u64,
    ) -> Job {
        let mut description = self.clone();
        description.config.seed = seed;
        description.config.checkpoint_every = CHECKPOINT_EVERY;
        let description = serde_json::to_value(&description).expect("a configuration is plain data");
        Job::new(paper, scale, arm, seed, description)
    }

    pub fn of(job: &Job) -> Result<Self, JobError> {
        Ok(serde_json::from_value(job.description.clone())?)
    }

    /// Trains; continues from the job's scratch folder. `tell` hears of each step, of how many there are, and of some metrics.
    pub fn encode(
        &self,
        context: &JobContext<'_>,
        mut tell: impl FnMut(u64, u64, &[(&str, f64)]),
    ) -> Result<Encoded, JobError> {
        let device = device(&context.plan.device)?;
        let (training, test) = self.pictures.load(context.plan)?;
        let run = open_or_create(&context.scratch.join("run"), &self.config)?;
        let mut tell = |telling: Telling<'_>| {
            if let Telling::Step { step, total, metrics } = telling {
                let shown: Vec<(&str, f64)> = metrics
                    .iter()
                    .filter(|(name, _)| matches!(*name, "loss/total" | "projection/spread"))
                    .copied()
                    .collect();
                tell(step, total, &shown);
            }
        };
        let trained = match train(&self.config, training.clone(), &device, 0, &run, &mut tell) {
            Ok(Outcome::Finished(trained)) => trained,
            Ok(Outcome::Interrupted { .. }) => return Err(Interrupted.into()),
            Err(Error::Diverged { step, .. }) => return Ok(Encoded { run, steps: step, sets: None }),
            Err(error) => return Err(error.into()),
        };
        let view = AugmentConfig::whole(self.pictures.side).with_normalize(self.config.views.first.normalize);
        let embed = |pictures| embed(&trained.encoder, pictures, &view, &device, 0, &mut |_| ());
        Ok(Encoded { run, steps: trained.steps, sets: Some([embed(training)?, embed(test)?]) })
    }

    /// Trains and measures; continues from the job's scratch folder.
    pub fn run(&self, context: &JobContext<'_>) -> Result<Value, JobError> {
        let Encoded { run, steps, sets } =
            self.encode(context, |step, total, shown| context.progress(step, total, shown))?;
        let Some([train_set, test_set]) = sets else {
            return Ok(serde_json::to_value(diverged_at(steps, &run)?)?);
        };
        let (linear, knn) = probe(&train_set, &test_set)?;

        let records = if self.config.method == Method::Random {
            Vec::new()
        } else {
            read_metrics(&run.metrics_path())?
        };
        let curve = curve(&records);
        Ok(serde_json::to_value(Measured {
            linear: Some(linear),
            knn: Some(knn),
            spread: tail_mean(&curve, |point| point.spread),
            effective_rank: records.last().and_then(|record| record.get("projection/effective_rank")),
            loss: tail_mean(&curve, |point| point.loss),
            diverged: false,
            curve,
            steps,
        })?)
    }
}

impl Measured {
    pub fn of(result: &JobResult) -> Self {
        serde_json::from_value(result.result.clone()).expect("results of the present description fit")
    }
}

/// The run of a job that was stopped, or a new one.
fn open_or_create(path: &Path, config: &RepresentConfig) -> Result<RunDirectory, JobError> {
    if let Ok(run) = RunDirectory::open(path) {
        return Ok(run);
    }
    // Killed before the run was described: nothing is in it yet.
    if path.exists() {
        std::fs::remove_dir_all(path)?;
    }
    let run = RunDirectory::create(path)?;
    run.describe(&toml::to_string(config)?, &command_line(), &Environment::capture(1))?;
    Ok(run)
}

/// Linear and k-NN accuracy in percent.
pub(crate) fn probe(train_set: &Embeddings, test_set: &Embeddings) -> Result<(f64, f64), JobError> {
    let unlabelled = "the probes need a class for every picture";
    let train_labels = train_set.complete_labels().ok_or(unlabelled)?;
    let test_labels = test_set.complete_labels().ok_or(unlabelled)?;
    let classes = 1 + train_labels.iter().chain(&test_labels).max().copied().unwrap_or(0);
    let train = LabelledFeatures::new(&train_set.values, train_set.width, &train_labels, classes)?;
    let test = LabelledFeatures::new(&test_set.values, test_set.width, &test_labels, classes)?;
    let (linear, _) = linear_probe(train, test, &LinearProbeConfig::default())?;
    let knn = knn_probe(train, test, KnnConfig::few_images(), "representation")?;
    Ok((100.0 * linear.report.accuracy, 100.0 * knn.report.accuracy))
}

fn diverged_at(step: u64, run: &RunDirectory) -> Result<Measured, JobError> {
    Ok(Measured {
        linear: None,
        knn: None,
        spread: None,
        effective_rank: None,
        loss: None,
        diverged: true,
        curve: curve(&read_metrics(&run.metrics_path())?),
        steps: step,
    })
}

fn curve(records: &[MetricRecord]) -> Vec<CurvePoint> {
    records
        .iter()
        .filter_map(|record| {
            Some(CurvePoint {
                step: record.step,
                spread: record.get("projection/spread").unwrap_or(f64::NAN),
                loss: record.get("loss/total")?,
            })
        })
        .filter(|point| point.spread.is_finite() && point.loss.is_finite())
        .collect()
}

fn tail_mean(curve: &[CurvePoint], value: fn(&CurvePoint) -> f64) -> Option<f64> {
    let tail = &curve[curve.len().saturating_sub(TAIL)..];
    (!tail.is_empty()).then(|| tail.iter().map(value).sum::<f64>() / tail.len() as f64)
}
