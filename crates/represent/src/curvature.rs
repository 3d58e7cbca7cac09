//! The loss of a run around its weights: sharpness, spectrum, and what lies along the next update.

use std::sync::Arc;

use autodidact_data::Dataset;
use autodidact_experiment::metrics::read_metrics;
use autodidact_experiment::rng::Seeds;
use autodidact_experiment::run::RunDirectory;
use autodidact_nn::{NamedTensor, TensorMap};
use autodidact_optim::sharpness::{Extremes, lanczos_extremes, loss_along, spectral_density};
use autodidact_optim::{Curvature, Differences};
use burn::tensor::{Device, Tensor};
use rand_chacha::rand_core::Rng;
use serde::Serialize;

use crate::train::{Scene, resumed};
use crate::{RepresentConfig, Result};

/// How closely to look.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Look {
    /// Lanczos steps: Hessian products for the extreme eigenvalues, and for each probe of the spectrum.
    pub lanczos_steps: usize,
    /// Random vectors for the spectrum's density.
    pub probes: usize,
    /// Points along the update.
    pub points: usize,
}

impl Default for Look {
    fn default() -> Self {
        Self { lanczos_steps: 30, probes: 3, points: 41 }
    }
}

/// The loss on the batch that comes next, without the online probe's, at a run's last weights. Hessian products are central
/// differences of gradients.
#[derive(Clone, Debug, Serialize)]
pub struct CurvatureReport {
    /// Steps of the run.
    pub steps: u64,
    /// f.
    pub loss: f64,
    /// `‖g‖`, without clipping.
    pub gradient_norm: f64,
    /// Learning rate of the run's last logged step; absent if none was logged.
    pub learning_rate: Option<f64>,
    /// Largest eigenvalue of the Hessian.
    pub largest: f64,
    /// Smallest eigenvalue.
    pub smallest: f64,
    /// The edge of stability of the run's rule at that learning rate; none is known for LARS, and for adaptive rules it is of the preconditioned
    /// Hessian and not to be held against `largest`.
    pub edge: Option<f64>,
    /// Whether the rule is adaptive.
    pub is_adaptive: bool,
    /// `g·u` of the next update u of learning rate 1.
    pub slope: f64,
    /// `u·Hu`.
    pub curvature: f64,
    /// Estimated error of that.
    pub curvature_error: f64,
    /// `max(−g·u, 0) / |u·Hu|`: where the loss's quadratic model along u is lowest. CDAT's rate is σ times this.
    pub greedy_rate: f64,
    /// `(eigenvalue, weight)`: the spectrum's density, weights summing to 1.
    pub spectrum: Vec<(f64, f64)>,
    /// `(η, f(w + η u))`.
    pub along: Vec<(f64, f64)>,
    /// `(step, sharpness, sharpness over the edge)` as the run logged them (`monitor.sharpness`).
    pub history: Vec<(u64, f64, Option<f64>)>,
}

/// Looks at the loss of a run that [`crate::train()`] made, on its own pictures. Nothing of the run changes.
///
/// # Errors
/// Those of continuing the run: settings, pictures or checkpoint that do not belong to it; [`crate::Error::NoCheckpoint`] if
/// nothing was saved yet.
pub fn curvature(
    config: &RepresentConfig,
    dataset: Arc<dyn Dataset>,
    device: &Device,
    run: &RunDirectory,
    look: Look,
    tell: &mut dyn FnMut(u64, u64),
) -> Result<CurvatureReport> {
    let (learner, mut loader, steps) = resumed(config, dataset, device, run)?;
    let batch = loader.next_batch()?;
    let records = read_metrics(&run.metrics_path())?;
    let learning_rate = records.iter().rev().find_map(|record| record.get("optimizer/learning_rate"));
    let history = records.iter().filter_map(|record| {
        Some((record.step, record.get("sharpness/value")?, record.get("sharpness/over_edge")))
    });
    let history = history.collect();
    let mut report = None;
    config.precision.on(device).scope(|| {
        learner.look(&batch, &mut |scene| {
            report = Some(read(scene, config.seed, steps, learning_rate, look, tell)?);
            Ok(())
        })
    })?;
    let report = report.expect("a learner shows its loss");
    Ok(CurvatureReport { history, ..report })
}

fn read(
    scene: Scene<'_>,
    seed: u64,
    steps: u64,
    learning_rate: Option<f64>,
    look: Look,
    tell: &mut dyn FnMut(u64, u64),
) -> Result<CurvatureReport> {
    let Scene { w, optimizer, clip, landscape } = scene;
    let total = ((1 + look.probes) * look.lanczos_steps + look.points) as u64;
    let mut done = 0;
    let mut advance = || {
        done += 1;
        tell(done.min(total), total);
    };

    let (loss, gradient) = landscape.gradient(w)?;
    let u = optimizer.clone().direction(w, &clip(gradient.clone()));
    let along_u = Differences::new(|w: &TensorMap| landscape.gradient(w)).along(w, &u)?;

    let mut product = |v: &TensorMap| {
        advance();
        landscape.product(w, v)
    };
    let mut rng = Seeds::new(seed).stream("curvature");
    let mut probe = || signs(w, &mut rng);
    let Extremes { smallest, largest } = lanczos_extremes(&probe(), look.lanczos_steps, &mut product)?;
    let probes: Vec<TensorMap> = (0..look.probes).map(|_| probe()).collect();
    let spectrum = spectral_density(&probes, look.lanczos_steps, &mut product)?.points;

    let descent = (-along_u.slope).max(0.0);
    let greedy_rate = if descent > 0.0 { descent / along_u.curvature.abs() } else { 0.0 };
    let reach = if greedy_rate.is_finite() && greedy_rate > 0.0 {
        3.0 * greedy_rate
    } else {
        learning_rate.filter(|rate| *rate > 0.0).unwrap_or(1.0)
    };
    let rates: Vec<f64> =
        (0..look.points).map(|point| reach * point as f64 / (look.points.max(2) - 1) as f64).collect();
    let losses = loss_along(w, &u, &rates, |w| {
        advance();
        landscape.value(w)
    })?;
    let config = optimizer.config();
    Ok(CurvatureReport {
        steps,
        loss,
        gradient_norm: autodidact_optim::global_norm(&gradient),
        learning_rate,
        largest,
        smallest,
        edge: learning_rate.filter(|rate| *rate > 0.0).and_then(|rate| Some(config.edge()?.at(rate))),
        is_adaptive: config.is_adaptive(),
        slope: along_u.slope,
        curvature: along_u.curvature,
        curvature_error: along_u.error,
        greedy_rate,
        spectrum,
        along: rates.into_iter().zip(losses).collect(),
        history: Vec::new(),
    })
}

/// A vector of random signs in the shape of `w`.
fn signs(w: &TensorMap, rng: &mut impl Rng) -> TensorMap {
    let mut one = |tensor: &NamedTensor| {
        let count = tensor.shape.iter().product::<usize>();
        let values: Vec<f32> = (0..count).map(|_| if rng.next_u32() & 1 == 0 { 1.0 } else { -1.0 }).collect();
        let values = Tensor::from_floats(values.as_slice(), &tensor.values.device());
        NamedTensor { shape: tensor.shape.clone(), values }
    };
    w.iter().map(|(name, tensor)| (name.clone(), one(tensor))).collect()
}
