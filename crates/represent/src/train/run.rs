//! The loop.

use std::sync::Arc;

use autodidact_data::Dataset;
use autodidact_data::loader::{Loader, LoaderConfig, Skipped};
use autodidact_experiment::interrupt;
use autodidact_experiment::metrics::{Metrics, read_metrics};
use autodidact_experiment::run::RunDirectory;
use autodidact_nn::{ResNet, profile};
use autodidact_optim::WarmupCosine;
use burn::tensor::Device;

use super::checkpoint::{Data, Place};
use super::{Clock, Learner, checkpoint};
use crate::byol::Byol;
use crate::config::Method;
use crate::evaluate::{CollapseMonitor, CollapseThresholds};
use crate::simclr::Simclr;
use crate::supervised::Supervised;
use crate::{Error, RepresentConfig, Result};

/// The phase of [`profile`] that a step is, without the phases and kernels inside it: the tensor library's own operations,
/// gradients' bookkeeping, losses.
pub const STEP: &str = "rest of the step";

/// A trained encoder and how training went.
#[derive(Debug)]
pub struct Trained {
    /// The online encoder.
    pub encoder: ResNet,
    /// Optimizer steps made.
    pub steps: u64,
    /// Last metrics, by name.
    pub metrics: Vec<(String, f64)>,
    /// Pictures that could not be decoded.
    pub skipped: Vec<Skipped>,
    /// What the collapse monitor has to say, in plain language.
    pub warning: Option<String>,
}

/// How a call of [`train`] ended.
#[derive(Debug)]
pub enum Outcome {
    /// All epochs are done.
    Finished(Box<Trained>),
    /// Stopped on request at this step, after a clean save; [`train`] on the same run continues.
    Interrupted {
        /// Optimizer steps made.
        step: u64,
    },
}

/// What the loop tells whoever watches.
#[derive(Debug)]
pub enum Telling<'a> {
    /// A step is done.
    Step {
        /// Steps made.
        step: u64,
        /// All steps.
        total: u64,
        /// Metrics, where the step was observed, else empty.
        metrics: &'a [(&'static str, f64)],
    },
    /// Something worth a line.
    Note(String),
}

/// Pre-trains an encoder on `dataset`, writing metrics and checkpoints into `run`; continues from the run's last
/// checkpoint if there is one.
///
/// `threads` prepare batches beside the training thread (0 or 1: none do). Labels, where the data has them, feed
/// the online probe only.
///
/// # Errors
/// [`Error::Setting`] for a configuration out of range, [`Error::Unlabelled`] for supervised training without
/// labels, [`Error::Diverged`] if loss or gradient stop being numbers, [`Error::ForeignCheckpoint`] if the run was made
/// with another configuration or other data, [`Error::Experiment`] if another process trains in it; errors of reading pictures and writing the run. What was saved before stays.
pub fn train(
    config: &RepresentConfig,
    dataset: Arc<dyn Dataset>,
    device: &Device,
    threads: usize,
    run: &RunDirectory,
    tell: &mut dyn FnMut(Telling<'_>),
) -> Result<Outcome> {
    config.validate()?;
    let _lock = run.lock()?;
    let data = Data::of(&*dataset);
    let num_classes = labelled_classes(config, &*dataset)?;

    let loader_config =
        LoaderConfig { batch_size: config.batch_size, threads, seed: config.seed, ..LoaderConfig::default() };
    let views = [config.views.first.clone(), config.views.second.clone()];
    let mut loader = Loader::new(dataset, &views, loader_config)?;

    let batches = loader.batches_per_epoch();
    let total_steps = if config.method == Method::Random { 0 } else { config.epochs * batches };
    let warmup_steps = (config.warmup_epochs * batches as f64).round() as usize;
    let schedule = WarmupCosine::new(config.base_learning_rate, config.batch_size, warmup_steps, total_steps);

    let mut learner = learner(config, num_classes, &mut loader, device)?;
    let checkpoints = run.checkpoints();
    let mut monitor = CollapseMonitor::new(CollapseThresholds::default());
    let (mut step, mut metrics) = match checkpoints.latest()? {
        Some(latest) => {
            for damage in &latest.skipped {
                tell(Telling::Note(format!("{damage}; continuing from the checkpoint before it")));
            }
            let checkpoint = &latest.checkpoint;
            let (place, readings) =
                checkpoint::restore(&mut *learner, (config, &data), checkpoint, run.path())?;
            loader.seek(place.position)?;
            monitor = readings;
            loader.remember(place.skipped);
            let step = checkpoint.step();
            tell(Telling::Note(format!("continuing after step {step} of {total_steps}")));
            (step as usize, Metrics::resume(run, step)?)
        }
        None => (0, Metrics::create(run)?),
    };
    let checkpoint_every = if config.checkpoint_every == 0 { batches } else { config.checkpoint_every };
    let mut warned = monitor.warning();
    let mut last_metrics = last_logged(run)?;

    let save = |step: usize, learner: &dyn Learner, loader: &Loader, monitor: &CollapseMonitor| {
        let place = Place {
            position: loader.position(),
            data: data.clone(),
            config: config.clone(),
            skipped: loader.skipped().cloned().collect(),
        };
        checkpoints.save(step as u64, &checkpoint::save(learner, &place, monitor)?)?;
        Ok::<_, Error>(())
    };

    let precision = config.precision.on(device);
    while step < total_steps {
        let batch = {
            let _span = profile::phase("waiting for pictures");
            loader.next_batch()?
        };
        let observe = (step + 1).is_multiple_of(config.log_every) || step + 1 == total_steps;
        let learning_rate = schedule.at(step);
        let clock = Clock { step, total_steps, learning_rate, observe };
        let report = {
            let _span = profile::phase(STEP);
            precision.scope(|| learner.step(&batch, clock))?
        };
        loader.recycle(batch);
        step += 1;

        report.check(step as u64)?;
        let mut observed = Vec::new();
        if observe {
            let collapse = report.collapse(step as u64);
            observed = report.metrics(collapse.as_ref());
            observed.extend(report.sharpness());
            metrics.log(step as u64, &observed);
            last_metrics = observed.iter().map(|&(name, value)| (name.to_owned(), value)).collect();
            let warning = collapse.and_then(|reading| monitor.push(reading));
            // One that goes on is not news.
            if let Some(warning) = warning.filter(|warning| !warned.is_some_and(|told| told.is_like(warning)))
            {
                tell(Telling::Note(warning.to_string()));
            }
            warned = warning;
        } else if let sharpness @ [_, ..] = report.sharpness().as_slice() {
            metrics.log(step as u64, sharpness);
        }
        tell(Telling::Step { step: step as u64, total: total_steps as u64, metrics: &observed });

        let stop = interrupt::requested() && step < total_steps;
        if stop || step == total_steps || step.is_multiple_of(checkpoint_every) {
            let _span = profile::phase("checkpoint");
            save(step, &*learner, &loader, &monitor)?;
        }
        if stop {
            return Ok(Outcome::Interrupted { step: step as u64 });
        }
    }
    if total_steps == 0 && checkpoints.latest()?.is_none() {
        save(0, &*learner, &loader, &monitor)?;
    }

    Ok(Outcome::Finished(Box::new(Trained {
        encoder: learner.encoder(),
        steps: step as u64,
        metrics: last_metrics,
        skipped: loader.skipped().cloned().collect(),
        warning: monitor.warning().map(|warning| warning.to_string()),
    })))
}

/// The learner of a run as its last checkpoint has it, its loader at the next batch, and the steps made.
pub(crate) fn resumed(
    config: &RepresentConfig,
    dataset: Arc<dyn Dataset>,
    device: &Device,
    run: &RunDirectory,
) -> Result<(Box<dyn Learner>, Loader, u64)> {
    config.validate()?;
    let data = Data::of(&*dataset);
    let num_classes = labelled_classes(config, &*dataset)?;
    let loader_config =
        LoaderConfig { batch_size: config.batch_size, seed: config.seed, ..LoaderConfig::default() };
    let views = [config.views.first.clone(), config.views.second.clone()];
    let mut loader = Loader::new(dataset, &views, loader_config)?;
    let mut learner = learner(config, num_classes, &mut loader, device)?;
    let latest = run.checkpoints().latest()?;
    let checkpoint = latest.ok_or_else(|| Error::NoCheckpoint { path: run.path().to_owned() })?.checkpoint;
    let (place, _) = checkpoint::restore(&mut *learner, (config, &data), &checkpoint, run.path())?;
    loader.seek(place.position)?;
    Ok((learner, loader, checkpoint.step()))
}

/// The last metrics that the run has on disk: what a finished run has to tell.
fn last_logged(run: &RunDirectory) -> Result<Vec<(String, f64)>> {
    let last = read_metrics(&run.metrics_path())?.pop();
    Ok(last.map_or_else(Vec::new, |record| record.values.into_iter().collect()))
}

/// Number of classes for the probe, 0 where it is off or has nothing to learn from.
fn labelled_classes(config: &RepresentConfig, dataset: &dyn Dataset) -> Result<usize> {
    let total = dataset.len();
    let missing = (0..total).filter(|&index| dataset.label(index).is_none()).count();
    if config.method == Method::Supervised && missing > 0 {
        return Err(Error::Unlabelled { what: "supervised training", missing, total });
    }
    let wanted = config.online_probe || config.method == Method::Supervised;
    Ok(if wanted && missing == 0 { dataset.class_names().len() } else { 0 })
}

fn learner(
    config: &RepresentConfig,
    num_classes: usize,
    loader: &mut Loader,
    device: &Device,
) -> Result<Box<dyn Learner>> {
    Ok(match config.method {
        Method::Byol | Method::Random => {
            let start = loader.position();
            let first_batch = loader.next_batch()?;
            let learner = Byol::new(config, num_classes, &first_batch, device);
            loader.recycle(first_batch);
            loader.seek(start)?;
            Box::new(learner)
        }
        Method::Simclr => Box::new(Simclr::new(config, num_classes, device)),
        Method::Supervised => Box::new(Supervised::new(config, num_classes, device)),
        Method::Imported => {
            let expected = "a method that makes its own weights; imported ones are evaluated or fine-tuned";
            return Err(Error::Setting {
                field: "method".to_owned(),
                value: "imported".to_owned(),
                expected: expected.to_owned(),
            });
        }
    })
}
