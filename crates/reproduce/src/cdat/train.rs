//! The loop: gradient descent with the whole batch, the learning rate from a tuner.

use std::time::Instant;

use autodidact_experiment::interrupt;
use autodidact_experiment::reproduction::{Interrupted, JobError};
use autodidact_optim::sharpness::{PowerIteration, Tracker, loss_along};
use autodidact_optim::{Landscape, OptimizerConfig, Tuned, TunerConfig};

use super::family::Setting;
use super::measured::{EARLY, LAST, Point, Reading, Run, thinned};
use super::objective::Objective;

/// A loss of so many times the first one ends a run.
pub(super) const DIVERGED: f64 = 1e3;
/// How the sharpness is measured: each reading starts from the eigenvector of the one before.
const POWER: PowerIteration = PowerIteration { iterations: 100, tolerance: 1e-3 };

/// How long, and how often the sharpness is measured.
#[derive(Clone, Copy, Debug)]
pub(super) struct Length {
    pub steps: usize,
    pub every: usize,
}

/// Trains from the objective's first weights; `tell` hears step and loss. A run that diverges is a result.
pub(super) fn train(
    setting: &Setting,
    objective: &mut Objective,
    Length { steps, every }: Length,
    tell: &mut dyn FnMut(usize, f64),
) -> Result<Run, JobError> {
    let mut optimizer = Tuned::new(OptimizerConfig::GRADIENT_DESCENT, vec![], setting.tuner);
    let mut w = objective.initial();
    let mut run = Run { setting: setting.name.clone(), ..Run::default() };
    let mut points: Vec<Point> = Vec::new();
    let mut tracker = Tracker::new(POWER);
    let mut compared = [0, 0];
    for step in 0..steps {
        if interrupt::requested() {
            return Err(Interrupted.into());
        }
        let clock = Instant::now();
        let (loss, gradient) = objective.gradient(&w)?;
        let first = points.first().map_or(loss, |point| point.loss);
        if has_diverged(loss, first) {
            run.diverged_at = Some(step);
            break;
        }
        let taken = optimizer.step(0.0, &w, (loss, &gradient), &gradient, objective)?;
        let elapsed = clock.elapsed().as_secs_f64();

        let learning_rate = taken.chosen.learning_rate;
        points.push(Point { step, seconds: run.seconds, loss, learning_rate });
        if step % every == 0 {
            let read = tracker.read(&w, &gradient, optimizer.optimizer(), learning_rate, objective)?;
            run.sharpness.push(Reading { step, sharpness: read.sharpness, product: 0.0 });
        }
        if let Some(greedy) = greedy_rate(setting, learning_rate) {
            // u = −g
            let losses = loss_along(&w, &gradient, &[-2.0 * greedy, -greedy], |w| objective.value(w))?;
            compared[0] += usize::from(losses[0] > losses[1]);
            compared[1] += 1;
        }
        w = taken.weights;
        run.seconds += elapsed;
        run.steps = step + 1;
        tell(step + 1, loss);
    }
    finish(&mut run, &points, objective.value(&w)?);
    run.greedy_ahead = (compared[1] > 0).then(|| compared[0] as f64 / compared[1] as f64);
    Ok(run)
}

pub(super) fn has_diverged(loss: f64, first: f64) -> bool {
    !loss.is_finite() || loss > DIVERGED * first
}

/// η of σ = 1, where the trajectory is that of σ = 1 or 2.
fn greedy_rate(setting: &Setting, learning_rate: f64) -> Option<f64> {
    match setting.tuner {
        TunerConfig::Cdat(config) if config.sigma == 1.0 || config.sigma == 2.0 => {
            Some(learning_rate / config.sigma)
        }
        _ => None,
    }
}

/// Fills in what is known at the end only; `end` is the loss of the last weights.
fn finish(run: &mut Run, points: &[Point], end: f64) {
    let first = points.first().map_or(end, |point| point.loss);
    if run.diverged_at.is_none() && has_diverged(end, first) {
        run.diverged_at = Some(run.steps);
    }
    let losses: Vec<f64> = points.iter().map(|point| point.loss).chain([end]).collect();
    let mean_before = |after: usize| {
        let last = losses.get((after + 1).checked_sub(LAST)?..=after)?;
        Some(last.iter().sum::<f64>() / LAST as f64)
    };
    run.early = mean_before(EARLY).filter(|_| run.diverged_at.is_none_or(|step| step > EARLY));
    run.last = mean_before(run.steps).filter(|_| run.diverged_at.is_none());
    run.curve = thinned(points);
    let ends: Vec<usize> =
        run.sharpness.iter().skip(1).map(|reading| reading.step).chain([run.steps]).collect();
    for (reading, end) in run.sharpness.iter_mut().zip(ends) {
        let between = &points[reading.step..end];
        let rates: f64 = between.iter().map(|point| point.learning_rate).sum();
        reading.product = reading.sharpness * rates / between.len() as f64;
    }
}
