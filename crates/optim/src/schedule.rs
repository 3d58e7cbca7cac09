//! Learning rate by step.

use std::f64::consts::PI;

/// Batch size that base learning rates are stated for.
const REFERENCE_BATCH: f64 = 256.0;

/// Linear warm-up from zero, then a half cosine to zero, evaluated every step; no restarts.
///
/// `peak = base · batch / 256`; `lr_k = peak · k / W` for `k < W`, then
/// `peak · (1 + cos(π (k − W) / (K − W))) / 2`. Grill et al. 2020, §3.3.
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
pub struct WarmupCosine {
    peak: f64,
    warmup_steps: usize,
    total_steps: usize,
}

impl WarmupCosine {
    /// A schedule for `total_steps` optimizer steps on batches of `batch_size` images.
    pub fn new(base_learning_rate: f64, batch_size: usize, warmup_steps: usize, total_steps: usize) -> Self {
        Self { peak: base_learning_rate * batch_size as f64 / REFERENCE_BATCH, warmup_steps, total_steps }
    }

    /// Learning rate of step `step`, from 0.
    pub fn at(&self, step: usize) -> f64 {
        if step < self.warmup_steps {
            return self.peak * step as f64 / self.warmup_steps as f64;
        }
        let decay_steps = self.total_steps.saturating_sub(self.warmup_steps).max(1);
        let progress = ((step - self.warmup_steps) as f64 / decay_steps as f64).min(1.0);
        self.peak * (1.0 + (PI * progress).cos()) / 2.0
    }
}
