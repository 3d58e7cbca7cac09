//! The target network's moving average: its schedule and its update.

use std::f64::consts::PI;

use autodidact_kernels::profile;
use burn::module::Module;
use serde::{Deserialize, Serialize};

use crate::state::{self, TensorMap};
use crate::updates;

/// How the target decay τ moves during training.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum EmaSchedule {
    /// τ rises from `tau_base` to 1 along a half cosine: the paper's.
    Cosine,
    /// τ stays at `tau_base`. 1 is a fixed random target, 0 a copy of the online network.
    Constant,
}

/// Target decay τ at optimizer step `step` of `total_steps`.
///
/// `τ_k = 1 − (1 − τ_base) (cos(π k / K) + 1) / 2`, Grill et al. 2020, §3.3. One step is one optimizer
/// update, however many micro-batches its gradient was accumulated over.
///
/// ```
/// use autodidact_nn::{EmaSchedule, tau};
/// assert!((tau(EmaSchedule::Cosine, 0.99, 0, 100) - 0.99).abs() < 1e-12);
/// assert!((tau(EmaSchedule::Cosine, 0.99, 50, 100) - 0.995).abs() < 1e-12);
/// assert!((tau(EmaSchedule::Cosine, 0.99, 100, 100) - 1.0).abs() < 1e-12);
/// ```
pub fn tau(schedule: EmaSchedule, tau_base: f64, step: usize, total_steps: usize) -> f64 {
    match schedule {
        EmaSchedule::Constant => tau_base,
        EmaSchedule::Cosine => {
            let progress = step as f64 / total_steps.max(1) as f64;
            1.0 - (1.0 - tau_base) * ((PI * progress.min(1.0)).cos() + 1.0) / 2.0
        }
    }
}

/// `ξ ← τ ξ + (1 − τ) θ` over the parameters that `target` shares with `online` by name.
///
/// Running statistics are not averaged: the target's own forward passes keep its own.
/// Parameters of `online` that the target lacks (the predictor) are ignored.
///
/// # Panics
/// If a shared name has two shapes, or the target has a parameter that `online` lacks.
#[must_use]
pub fn update_target<M: Module>(target: M, online: &TensorMap, tau: f64) -> M {
    let _span = profile::phase("target network");
    let averaged: TensorMap = state::parameters(&target)
        .into_iter()
        .map(|(name, mut tensor)| {
            let source = online.get(&name).unwrap_or_else(|| panic!("online network has no `{name}`"));
            assert_eq!(tensor.shape, source.shape, "shape of `{name}` in target and online network");
            let online = source.values.clone().to_device(&tensor.values.device());
            tensor.values = updates::moving_average(tensor.values, online, tau);
            (name, tensor)
        })
        .collect();
    state::replace(target, &averaged).expect("names and shapes come from the module itself")
}
