//! What was measured of a run.

use serde::{Deserialize, Serialize};

/// Iterates at the end whose mean loss counts.
pub(super) const LAST: usize = 5;
/// The step at which longer runs are read as well.
pub(super) const EARLY: usize = 1500;
/// Most points of a curve.
const POINTS: usize = 200;

/// A run of one setting.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub(super) struct Run {
    pub setting: String,
    /// Mean loss of the last five iterates; absent if the run diverged.
    pub last: Option<f64>,
    /// The same of the five iterates up to step [`EARLY`].
    pub early: Option<f64>,
    /// The step at which the loss was no number or a thousand times the first one.
    pub diverged_at: Option<usize>,
    /// Steps made.
    pub steps: usize,
    /// Seconds of them, without what is only measured.
    pub seconds: f64,
    pub curve: Vec<Point>,
    pub sharpness: Vec<Reading>,
    /// Share of steps at which half the edge's rate would have given a smaller loss than the edge's:
    /// `f(w + η_oe u) > f(w + η_qg u)`.
    pub greedy_ahead: Option<f64>,
}

/// A step of a run.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub(super) struct Point {
    pub step: usize,
    /// Seconds of training before it.
    pub seconds: f64,
    pub loss: f64,
    /// η of the step from here.
    pub learning_rate: f64,
}

/// Sharpness at a step.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub(super) struct Reading {
    pub step: usize,
    /// λ: the largest eigenvalue of the Hessian.
    pub sharpness: f64,
    /// λ times the mean η from here to the next reading.
    pub product: f64,
}

impl Run {
    /// The loss that counts; infinite if the run diverged.
    pub fn loss(&self) -> f64 {
        self.last.unwrap_or(f64::INFINITY)
    }

    /// The loss that counts at step [`EARLY`].
    pub fn early_loss(&self) -> f64 {
        self.early.unwrap_or(f64::INFINITY)
    }

    /// The loss after so many seconds of training; infinite if the run had diverged by then.
    pub fn loss_after(&self, seconds: f64) -> f64 {
        let has_ended = self.seconds <= seconds;
        match self.curve.iter().rev().find(|point| point.seconds <= seconds) {
            _ if has_ended => self.loss(),
            Some(point) => point.loss,
            None => f64::INFINITY,
        }
    }

    /// Mean of η λ over the second half.
    pub fn product(&self) -> Option<f64> {
        self.mean_of_readings([0.5, 1.0], |reading| reading.product)
    }

    /// Mean sharpness of the last quarter over that of the third.
    pub fn trend(&self) -> Option<f64> {
        let quarter = |range| self.mean_of_readings(range, |reading| reading.sharpness);
        Some(quarter([0.75, 1.0])? / quarter([0.5, 0.75])?)
    }

    /// Over a part of the steps; none of a run that diverged.
    fn mean_of_readings(&self, [from, to]: [f64; 2], value: fn(&Reading) -> f64) -> Option<f64> {
        self.last?;
        let part = |reading: &&Reading| {
            let place = reading.step as f64 / self.steps as f64;
            place >= from && place < to
        };
        let values: Vec<f64> = self.sharpness.iter().filter(part).map(value).collect();
        (!values.is_empty()).then(|| values.iter().sum::<f64>() / values.len() as f64)
    }
}

/// At most [`POINTS`] of the points, evenly spaced, the last one among them.
pub(super) fn thinned(points: &[Point]) -> Vec<Point> {
    let stride = points.len().div_ceil(POINTS).max(1);
    let from_end = points.iter().rev().step_by(stride);
    let mut kept: Vec<Point> = from_end.copied().collect();
    kept.reverse();
    kept
}

#[cfg(test)]
mod tests {
    use super::*;

    fn run() -> Run {
        let point = |step: usize| Point {
            step,
            seconds: step as f64,
            loss: 1000.0 - step as f64,
            learning_rate: 0.1,
        };
        let reading = |step: usize| {
            let sharpness = if step < 750 { 10.0 } else { 12.0 };
            Reading { step, sharpness, product: if step < 500 { 0.5 } else { sharpness / 10.0 } }
        };
        let points: Vec<Point> = (0..1000).map(point).collect();
        Run {
            last: Some(2.0),
            steps: 1000,
            seconds: 1000.0,
            curve: thinned(&points),
            sharpness: (0..1000).step_by(25).map(reading).collect(),
            ..Run::default()
        }
    }

    #[test]
    fn halves_and_quarters_are_those_of_the_run() {
        let run = run();
        assert!((run.product().expect("readings") - 1.1).abs() < 1e-12);
        assert!((run.trend().expect("readings") - 1.2).abs() < 1e-12);
        let diverged = Run { last: None, ..run };
        assert_eq!((diverged.product(), diverged.trend()), (None, None));
    }

    #[test]
    fn curves_are_thinned_and_give_the_loss_at_a_time() {
        let run = run();
        assert_eq!((run.curve.len(), run.curve[199].step), (200, 999));
        assert!((run.loss_after(500.0) - 501.0).abs() < 6.0);
        assert!((run.loss_after(2000.0) - 2.0).abs() < 1e-12);
        let diverged = Run { last: None, ..run };
        assert!(diverged.loss_after(2000.0).is_infinite());
    }
}
