//! What a step tells of itself.

use autodidact_nn::state::to_vec;
use autodidact_optim::sharpness::Reading;
use burn::tensor::Tensor;

use crate::evaluate::{CollapseReading, Features};
use crate::probe::ProbeReading;
use crate::update::Applied;
use crate::{Error, Result};

/// Measurements of one optimizer step, averaged over its micro-batches.
#[derive(Debug, Default)]
pub struct StepReport {
    observe: bool,
    losses: Vec<f64>,
    probe_losses: Vec<f64>,
    probe_accuracies: Vec<f64>,
    /// Projections of the last micro-batch, `[N, D]` each, and D.
    projections: Option<(Vec<f32>, Vec<f32>, usize)>,
    /// Global norm of the gradient before clipping.
    pub gradient_norm: f64,
    /// Learning rate of the step.
    pub learning_rate: f64,
    /// Whether the weights after the step are numbers.
    has_sound_weights: bool,
    /// Where a tuner chose it: whether its cap held it back.
    capped: Option<bool>,
    /// Sharpness on the step's batch, where it was read.
    sharpness: Option<Reading>,
    /// Method-specific metrics.
    pub extra: Vec<(&'static str, f64)>,
}

impl StepReport {
    pub(crate) fn new(observe: bool) -> Self {
        Self { observe, ..Self::default() }
    }

    pub(crate) fn observe_loss(&mut self, loss: &Tensor<1>) {
        self.losses.push(scalar(loss));
    }

    pub(crate) fn observe_probe(&mut self, reading: &ProbeReading) {
        if self.observe {
            self.probe_losses.push(scalar(&reading.loss));
            self.probe_accuracies.push(reading.accuracy);
        }
    }

    pub(crate) fn observe_projections(&mut self, first: &Tensor<2>, second: &Tensor<2>) {
        if self.observe {
            let width = first.dims()[1];
            self.projections = Some((detached(first), detached(second), width));
        }
    }

    pub(crate) fn observe_step<M>(&mut self, applied: &Applied<M>) {
        self.gradient_norm = applied.gradient_norm;
        self.learning_rate = applied.learning_rate;
        self.has_sound_weights = applied.has_sound_weights;
        self.capped = applied.capped;
        self.sharpness = applied.sharpness;
    }

    /// Name and value of what was read of the sharpness; empty where it was not.
    pub fn sharpness(&self) -> Vec<(&'static str, f64)> {
        self.sharpness.map_or_else(Vec::new, |reading| {
            let over_edge = reading.over_edge.map(|over_edge| ("sharpness/over_edge", over_edge));
            [("sharpness/value", reading.sharpness)].into_iter().chain(over_edge).collect()
        })
    }

    /// Mean loss of the micro-batches, without the online probe's.
    pub fn loss(&self) -> f64 {
        mean(&self.losses)
    }

    /// # Errors
    /// [`Error::Diverged`] if the loss, the gradient, the learning rate or the new weights are no numbers any more.
    pub(crate) fn check(&self, step: u64) -> Result<()> {
        let (loss, gradient_norm, learning_rate) = (self.loss(), self.gradient_norm, self.learning_rate);
        let is_sound = self.has_sound_weights && learning_rate.is_finite();
        if loss.is_finite() && gradient_norm.is_finite() && is_sound {
            return Ok(());
        }
        Err(Error::Diverged { step, loss, gradient_norm, learning_rate })
    }

    /// Spread, effective rank and cosines of the projections, where they were observed.
    pub fn collapse(&self, step: u64) -> Option<CollapseReading> {
        let (first, second, width) = self.projections.as_ref()?;
        let (first, second) = (Features::new(first, *width).ok()?, Features::new(second, *width).ok()?);
        CollapseReading::measure(step, first, second).ok()
    }

    /// Name and value of every metric that was observed.
    pub fn metrics(&self, collapse: Option<&CollapseReading>) -> Vec<(&'static str, f64)> {
        let mut metrics = vec![("loss/total", self.loss()), ("gradient/norm", self.gradient_norm)];
        if !self.probe_losses.is_empty() {
            metrics.push(("probe/loss", mean(&self.probe_losses)));
            metrics.push(("probe/accuracy", mean(&self.probe_accuracies)));
        }
        if let Some(reading) = collapse {
            metrics.push(("projection/spread", reading.spread));
            metrics.push(("projection/effective_rank", reading.effective_rank));
        }
        metrics.extend(self.extra.iter().copied());
        metrics.push(("optimizer/learning_rate", self.learning_rate));
        if let Some(capped) = self.capped {
            metrics.push(("optimizer/capped", if capped { 1.0 } else { 0.0 }));
        }
        metrics
    }
}

pub(crate) fn scalar(tensor: &Tensor<1>) -> f64 {
    f64::from(tensor.clone().detach().into_scalar::<f32>())
}

fn detached(tensor: &Tensor<2>) -> Vec<f32> {
    to_vec(tensor.clone().detach())
}

pub(crate) fn mean(values: &[f64]) -> f64 {
    values.iter().sum::<f64>() / values.len() as f64
}
