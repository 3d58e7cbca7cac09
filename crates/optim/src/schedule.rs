//! Learning rate by step.

use std::f64::consts::PI;

use serde::{Deserialize, Serialize};

/// Batch size that base learning rates are stated for.
const REFERENCE_BATCH: f64 = 256.0;

/// What follows the warm-up.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Decay {
    /// The peak.
    Constant,
    /// A straight line to 0.
    Linear,
    /// A half cosine to 0.
    #[default]
    Cosine,
}

/// Linear warm-up from zero to a peak, then a decay, evaluated every step; no restarts.
///
/// `lr_k = peak · k / W` for `k < W`; with `p = min((k − W) / (K − W), 1)` the rest is `peak`, `peak (1 − p)` or
/// `peak (1 + cos(π p)) / 2`.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Schedule {
    /// The largest rate.
    pub peak: f64,
    /// W.
    pub warmup_steps: usize,
    /// K.
    pub total_steps: usize,
    /// What follows the warm-up.
    pub decay: Decay,
}

impl Schedule {
    /// One rate.
    pub fn constant(learning_rate: f64) -> Self {
        Self { peak: learning_rate, warmup_steps: 0, total_steps: 0, decay: Decay::Constant }
    }

    /// Learning rate of step `step`, from 0.
    pub fn at(&self, step: usize) -> f64 {
        if step < self.warmup_steps {
            return self.peak * step as f64 / self.warmup_steps as f64;
        }
        let decay_steps = self.total_steps.saturating_sub(self.warmup_steps).max(1);
        let progress = ((step - self.warmup_steps) as f64 / decay_steps as f64).min(1.0);
        match self.decay {
            Decay::Constant => self.peak,
            Decay::Linear => self.peak * (1.0 - progress),
            Decay::Cosine => self.peak * (1.0 + (PI * progress).cos()) / 2.0,
        }
    }
}

/// BYOL's schedule: warm-up and a half cosine, with `peak = base · batch / 256`. Grill et al. 2020, §3.3.
///
/// ```
/// use autodidact_optim::WarmupCosine;
/// let schedule = WarmupCosine::new(0.2, 512, 10, 110);
/// assert_eq!(schedule.at(0), 0.0);
/// assert!((schedule.at(10) - 0.4).abs() < 1e-12);
/// assert!((schedule.at(60) - 0.2).abs() < 1e-12);
/// assert!(schedule.at(110).abs() < 1e-12);
/// ```
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct WarmupCosine(Schedule);

impl WarmupCosine {
    /// A schedule for `total_steps` optimizer steps on batches of `batch_size` images.
    pub fn new(base_learning_rate: f64, batch_size: usize, warmup_steps: usize, total_steps: usize) -> Self {
        let peak = base_learning_rate * batch_size as f64 / REFERENCE_BATCH;
        Self(Schedule { peak, warmup_steps, total_steps, decay: Decay::Cosine })
    }

    /// Learning rate of step `step`, from 0.
    pub fn at(&self, step: usize) -> f64 {
        self.0.at(step)
    }
}
