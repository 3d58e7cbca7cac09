//! Does a network look at other pictures of its batch? An exact test, without statistics.

use std::sync::Arc;

use burn::tensor::{Device, Tensor, TensorData};
use serde::{Deserialize, Serialize};

use autodidact_data::Dataset;
use autodidact_data::loader::{Batch, Loader, LoaderConfig};
use autodidact_nn::state::{self, to_vec};
use autodidact_nn::{Mode, TensorMap};

use super::network::OnlineNetwork;
use super::{Byol, regression_loss};
use crate::train::{Clock, Learner};
use crate::{RepresentConfig, Result};

/// Pictures in the small batch of the first two parts.
const PICTURES: usize = 8;
/// Steps of the third part.
const STEPS: usize = 20;
/// Pictures in a batch of [`independence_on`].
const BATCH: usize = 64;
/// Largest absolute difference of projections and predictions that rounding explains.
const OUTPUT_TOLERANCE: f64 = 1e-5;
/// Largest relative difference of gradients and of updates.
const RELATIVE_TOLERANCE: f64 = 1e-4;

/// Result of [`independence`].
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Independence {
    /// (i) Largest absolute difference between the projection or prediction of a picture alone and the same
    /// picture inside a batch of eight.
    pub output_difference: f64,
    /// (ii) Largest change of a picture's gradient when the other seven are replaced, relative to the
    /// gradient's largest entry.
    pub gradient_difference: f64,
    /// (iii) Over 20 training steps, the largest relative difference between a step's update on the whole batch
    /// and the same step's update accumulated picture by picture, `‖Δ_whole − Δ_accumulated‖ / ‖Δ_whole‖`. Both
    /// start from the weights that the whole batches led to: rounding differences grow from step to step in any
    /// network, batch statistics or not. Absent where the network cannot be trained picture by picture at all.
    pub training_difference: Option<f64>,
}

impl Independence {
    /// Whether all three parts pass: ≤ 1e-5, ≤ 1e-4 and ≤ 1e-4.
    pub fn passes(&self) -> bool {
        self.output_difference <= OUTPUT_TOLERANCE
            && self.gradient_difference <= RELATIVE_TOLERANCE
            && self.training_difference.is_some_and(|difference| difference <= RELATIVE_TOLERANCE)
    }

    /// Whether none of the parts passes, as it should be with batch statistics.
    pub fn fails_every_part(&self) -> bool {
        self.output_difference > OUTPUT_TOLERANCE
            && self.gradient_difference > RELATIVE_TOLERANCE
            && self.training_difference.is_none_or(|difference| difference > RELATIVE_TOLERANCE)
    }
}

impl std::fmt::Display for Independence {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(
            formatter,
            "outputs {:.1e}, gradients {:.1e}, training ",
            self.output_difference, self.gradient_difference
        )?;
        match self.training_difference {
            Some(difference) => write!(formatter, "{difference:.1e}"),
            None => formatter.write_str("impossible picture by picture"),
        }
    }
}

/// Runs the three parts on fresh networks of `config`; `batches` are batches with both views, used in turn for 20 steps.
///
/// # Errors
/// If the configuration does not validate; those of a tuner.
///
/// # Panics
/// If there are fewer than two batches or they hold fewer than nine pictures.
pub fn independence(config: &RepresentConfig, batches: &[Batch], device: &Device) -> Result<Independence> {
    assert!(batches.len() >= 2 && batches[0].len() > PICTURES, "the test needs two batches of nine pictures");
    let config = RepresentConfig { batch_size: batches[0].len(), micro_batch_size: 0, ..config.clone() };
    config.validate()?;
    let byol = Byol::new(&config, 0, &batches[0], device);
    Ok(Independence {
        output_difference: output_difference(&byol.online, &batches[0], device),
        gradient_difference: gradient_difference(&byol, batches, device),
        training_difference: training_difference(&config, batches, device)?,
    })
}

/// [`independence`] on 20 batches of 64 of these pictures, augmented as `config` says.
///
/// # Errors
/// If the configuration does not validate, there are fewer than 64 pictures, or none of them can be read.
pub fn independence_on(
    config: &RepresentConfig,
    pictures: Arc<dyn Dataset>,
    device: &Device,
) -> Result<Independence> {
    let views = [config.views.first.clone(), config.views.second.clone()];
    let loading = LoaderConfig { batch_size: BATCH, seed: config.seed, ..LoaderConfig::default() };
    let mut loader = Loader::new(pictures, &views, loading)?;
    let batches: Vec<Batch> =
        (0..STEPS).map(|_| loader.next_batch()).collect::<autodidact_data::Result<_>>()?;
    independence(config, &batches, device)
}

fn pictures(batch: &Batch, view: usize, range: std::ops::Range<usize>, device: &Device) -> Tensor<4> {
    let [_, channels, height, width] = batch.shape(view);
    let picture = channels * height * width;
    let values = batch.views[view][range.start * picture..range.end * picture].to_vec();
    Tensor::from_data(TensorData::new(values, [range.len(), channels, height, width]), device)
}

fn output_difference(online: &OnlineNetwork, batch: &Batch, device: &Device) -> f64 {
    let device = device.clone().autodiff();
    let together = online.forward(pictures(batch, 0, 0..PICTURES, &device), Mode::Train);
    let (projections, predictions) =
        (to_vec(together.projection.detach()), to_vec(together.prediction.detach()));
    let width = projections.len() / PICTURES;
    (0..PICTURES)
        .map(|index| {
            let alone = online.forward(pictures(batch, 0, index..index + 1, &device), Mode::Train);
            let rows = index * width..(index + 1) * width;
            largest_difference(&to_vec(alone.projection.detach()), &projections[rows.clone()])
                .max(largest_difference(&to_vec(alone.prediction.detach()), &predictions[rows]))
        })
        .fold(0.0, f64::max)
}

/// Gradient of the first picture's loss with the neighbours of batch 0 and with those of batch 1.
fn gradient_difference(byol: &Byol, batches: &[Batch], device: &Device) -> f64 {
    let device = device.clone().autodiff();
    let gradient = |neighbours: &Batch| -> TensorMap {
        let view = |number: usize| {
            let own = pictures(&batches[0], number, 0..1, &device);
            Tensor::cat(vec![own, pictures(neighbours, number, 1..PICTURES, &device)], 0)
        };
        let target = byol.target.forward(view(1).without_autodiff()).narrow(0, 0, 1);
        let prediction = byol.online.forward(view(0), Mode::Train).prediction.narrow(0, 0, 1);
        let loss = regression_loss(prediction, Tensor::from_inner(target));
        state::gradients(&byol.online, &mut loss.backward())
    };
    let (first, second) = (flat(&gradient(&batches[0])), flat(&gradient(&batches[1])));
    let scale = first.iter().fold(0.0f64, |most, value| most.max(f64::from(value.abs())));
    largest_difference(&first, &second) / scale.max(f64::MIN_POSITIVE)
}

fn training_difference(config: &RepresentConfig, batches: &[Batch], device: &Device) -> Result<Option<f64>> {
    let mut byol = Byol::new(config, 0, &batches[0], device);
    let mut before = flat(&state::parameters(&byol.online));
    let mut largest = 0.0f64;
    for step in 0..STEPS {
        let clock =
            Clock { step, total_steps: STEPS, learning_rate: config.base_learning_rate, observe: false };
        let batch = &batches[step % batches.len()];
        let mut accumulating = byol.accumulating(1);
        accumulating.step(batch, clock)?;
        byol.step(batch, clock)?;
        let whole = flat(&state::parameters(&byol.online));
        let apart = distance(&whole, &flat(&state::parameters(&accumulating.online)));
        // Not a number where a single picture has no batch statistics.
        let difference = apart / distance(&whole, &before);
        if !difference.is_finite() {
            return Ok(None);
        }
        largest = largest.max(difference);
        before = whole;
    }
    Ok(Some(largest))
}

fn flat(tensors: &TensorMap) -> Vec<f32> {
    tensors.values().flat_map(|tensor| to_vec(tensor.values.clone())).collect()
}

fn largest_difference(a: &[f32], b: &[f32]) -> f64 {
    a.iter().zip(b).map(|(a, b)| f64::from((a - b).abs())).fold(0.0, f64::max)
}

fn distance(a: &[f32], b: &[f32]) -> f64 {
    a.iter().zip(b).map(|(a, b)| f64::from(a - b).powi(2)).sum::<f64>().sqrt()
}
