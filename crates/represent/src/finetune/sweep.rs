//! Learning rate and length chosen on labels that are held out.

use std::sync::Arc;

use autodidact_data::Dataset;
use autodidact_data::source::Subset;
use burn::tensor::Device;
use serde::{Deserialize, Serialize};

use super::{FinetuneConfig, Finetuned, assess, choose, fit};
use crate::evaluate::stratified_split;
use crate::{Error, Result, TrainedEncoder};

/// What is tried.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Sweep {
    /// Learning rates per 256 pictures.
    pub base_learning_rates: Vec<f64>,
    /// Lengths in epochs.
    pub epochs: Vec<usize>,
    /// Share of each class's labels that is held out to choose on.
    pub validation_fraction: f64,
}

impl Sweep {
    /// The grid of semi-supervised fine-tuning (Grill et al. 2020, App. C.1).
    pub fn semi_supervised() -> Self {
        Self {
            base_learning_rates: vec![0.005, 0.01, 0.02, 0.05, 0.1],
            epochs: vec![30, 50],
            validation_fraction: 0.2,
        }
    }

    /// The rates of linear evaluation (Grill et al. 2020, App. C.1).
    pub fn linear() -> Self {
        Self {
            base_learning_rates: vec![0.05, 0.1, 0.2, 0.3, 0.4],
            epochs: vec![80],
            validation_fraction: 0.1,
        }
    }

    /// `config` at every point of the grid.
    fn points(&self, config: &FinetuneConfig) -> Result<Vec<FinetuneConfig>> {
        let all = self.epochs.iter().flat_map(|&epochs| {
            self.base_learning_rates.iter().map(move |&rate| FinetuneConfig {
                epochs,
                base_learning_rate: rate,
                ..config.clone()
            })
        });
        let points: Vec<_> = all.collect();
        if points.is_empty() {
            let expected = "at least one rate and one length".to_owned();
            return Err(Error::Setting { field: "sweep".to_owned(), value: "empty".to_owned(), expected });
        }
        Ok(points)
    }
}

/// How a point of the grid did on the labels held out.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct SweepScore {
    /// Learning rate per 256 pictures.
    pub base_learning_rate: f64,
    /// Epochs.
    pub epochs: usize,
    /// Top-1 accuracy; absent if training diverged.
    pub accuracy: Option<f64>,
}

/// What a sweep gave.
#[derive(Clone, Debug, Serialize)]
pub struct Swept {
    /// The best point of the grid, trained on all labels.
    #[serde(flatten)]
    pub finetuned: Finetuned,
    /// Its learning rate.
    pub base_learning_rate: f64,
    /// Its epochs.
    pub epochs: usize,
    /// Every point tried.
    pub validation: Vec<SweepScore>,
}

/// [`super::finetune`] at the rate and length that do best on a part of the labels, then on all labels. Of equals the first
/// counts. `config`'s own rate and length are not used.
///
/// `tell` gets steps made, all steps of the sweep, and the loss.
///
/// # Errors
/// Those of [`super::finetune`], [`Error::Setting`] if there is nothing to try, [`Error::Evaluate`] if no class has two labels, one of
/// which could be held out, and [`Error::Diverged`] only if training diverges at every point.
pub fn finetune_sweep(
    trained: &TrainedEncoder,
    (training, test): (Arc<dyn Dataset>, Arc<dyn Dataset>),
    config: &FinetuneConfig,
    sweep: &Sweep,
    device: &Device,
    threads: usize,
    tell: &mut dyn FnMut(u64, u64, f64),
) -> Result<Swept> {
    let points = sweep.points(config)?;
    let chosen = choose(&training, &test, config)?;
    let labels: Vec<usize> = chosen.indices.iter().filter_map(|&index| training.label(index)).collect();
    let split = stratified_split(&labels, sweep.validation_fraction, config.seed)?;
    let part = |rows: &[usize]| -> Arc<dyn Dataset> {
        Arc::new(Subset::new(training.clone(), rows.iter().map(|&row| chosen.indices[row]).collect()))
    };
    let (rest, held_out) = (part(&split.rest), part(&split.held_out));

    // The chosen point comes once more, as long as the longest.
    let longest = points.iter().map(|point| steps(point, labels.len())).max().unwrap_or(0);
    let total = points.iter().map(|point| steps(point, rest.len())).sum::<u64>() + longest;
    let mut done = 0;
    let mut validation = Vec::new();
    let mut divergence = None;
    for point in &points {
        let fitted = fit(trained, rest.clone(), point, device, threads, &mut |step, _, loss| {
            tell(done + step, total, loss);
        });
        done += steps(point, rest.len());
        let accuracy = match fitted {
            Ok(learner) => Some(assess(&learner, trained, held_out.clone(), device, threads)?.accuracy),
            // A rate that is too large for these pictures loses; it does not end the sweep.
            Err(error @ Error::Diverged { .. }) => {
                divergence = Some(error);
                None
            }
            Err(error) => return Err(error),
        };
        validation.push(SweepScore {
            base_learning_rate: point.base_learning_rate,
            epochs: point.epochs,
            accuracy,
        });
    }
    let scored = validation.iter().enumerate().filter_map(|(at, score)| Some((at, score.accuracy?)));
    let best = scored.rev().max_by(|(_, a), (_, b)| a.total_cmp(b));
    let Some((best, _)) = best else { return Err(divergence.expect("every point diverged")) };
    let best = &points[best];

    let all = part(&(0..labels.len()).collect::<Vec<_>>());
    let learner = fit(trained, all, best, device, threads, &mut |step, steps, loss| {
        tell(total - steps + step, total, loss);
    })?;
    let report = assess(&learner, trained, test, device, threads)?;
    Ok(Swept {
        finetuned: Finetuned { report, num_labels: labels.len(), labels_hash: chosen.hash },
        base_learning_rate: best.base_learning_rate,
        epochs: best.epochs,
        validation,
    })
}

/// Steps of a training on `labels` pictures; the last incomplete batch of an epoch is left out.
fn steps(config: &FinetuneConfig, labels: usize) -> u64 {
    (config.epochs * (labels / config.batch_size.clamp(1, labels.max(1)))) as u64
}
