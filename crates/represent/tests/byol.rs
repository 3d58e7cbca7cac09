//! What a BYOL step may and may not touch: stop-gradients, the target network, accumulation, separate views.

#[path = "../../nn/tests/common/mod.rs"]
mod drawn;
mod support;

use autodidact_data::loader::Batch;
use autodidact_nn::{EmaSchedule, Mode, NormConfig, state};
use autodidact_represent::byol::{Byol, regression_loss};
use autodidact_represent::train::Learner;
use autodidact_represent::{RepresentConfig, TargetConfig};
use burn::tensor::{Device, Tensor, TensorData};
use support::{Tensors, clock, parameters, saved, small, statistics};

const SIDE: usize = 8;

fn noise(seed: u64, pictures: usize) -> Batch {
    let view = |view| drawn::values(&format!("pictures {seed} view {view}"), pictures * 3 * SIDE * SIDE);
    support::batch(view(1), view(2), SIDE, 3)
}

fn constant_target(tau_base: f64) -> TargetConfig {
    TargetConfig { tau_base, schedule: EmaSchedule::Constant }
}

/// A learner after `steps` steps on the same batch.
fn trained(config: &RepresentConfig, classes: usize, batch: &Batch, steps: usize) -> Byol {
    let mut byol = Byol::new(config, classes, batch, &Device::flex());
    for step in 0..steps {
        byol.step(batch, clock(step, 0.5)).unwrap();
    }
    byol
}

#[test]
fn the_online_probe_leaves_the_networks_alone() {
    let batch = noise(1, 8);
    let mut relabelled = batch.clone();
    relabelled.labels.reverse();
    // Clipping, too: the probe's gradient is none of the networks'.
    let config = RepresentConfig { clip_norm: 0.2, ..small(8) };
    let networks = |classes, batch: &Batch| -> (Tensors, Tensors) {
        let byol = trained(&config, classes, batch, 3);
        let mut online = saved(&byol, "online");
        online.retain(|name, _| !name.starts_with("classifier"));
        (online, saved(&byol, "target"))
    };
    let with = networks(3, &batch);
    assert_eq!(with, networks(3, &relabelled));
    assert_eq!(with, networks(0, &batch));

    let probe =
        |batch| parameters(&saved(&trained(&config, 3, batch, 3), "online"))["classifier.weight"].clone();
    assert_ne!(probe(&batch), probe(&relabelled), "the probe itself learns");
}

#[test]
fn the_target_moves_by_the_average_alone() {
    let batch = noise(2, 8);
    let fixed = RepresentConfig { target: constant_target(1.0), ..small(8) };
    let start = saved(&trained(&fixed, 0, &batch, 0), "target");
    let after = saved(&trained(&fixed, 0, &batch, 3), "target");
    assert_eq!(parameters(&after), parameters(&start));
    assert_ne!(statistics(&after), statistics(&start), "the target trains its own batch norm");

    let copying = trained(&RepresentConfig { target: constant_target(0.0), ..small(8) }, 0, &batch, 3);
    let online = parameters(&saved(&copying, "online"));
    let target = saved(&copying, "target");
    for (name, values) in parameters(&target) {
        assert_eq!(values, online[&name], "{name}");
    }
    let online = statistics(&saved(&copying, "online"));
    for (name, values) in statistics(&target) {
        assert_ne!(values, online[&name], "{name}: running statistics are not copied");
    }
}

#[test]
fn the_regression_target_is_detached() {
    let device = Device::flex().autodiff();
    let leaf = |values: [[f32; 2]; 2]| Tensor::<2>::from_floats(values, &device).require_grad();
    let (prediction, target) = (leaf([[1.0, 2.0], [0.5, -1.0]]), leaf([[2.0, -1.0], [1.0, 1.0]]));
    // An intermediate target too: a projection is never a leaf.
    let gradients = regression_loss(prediction.clone(), target.clone() * 2.0).backward();
    assert!(
        target
            .grad(&gradients)
            .is_none_or(|gradient| state::to_vec(gradient).iter().all(|value| *value == 0.0))
    );
    let gradient = state::to_vec(prediction.grad(&gradients).expect("the prediction learns"));
    assert!(gradient.iter().all(|value| *value != 0.0), "{gradient:?}");
}

/// The loss of rows at known angles: `2 − 2 cos`, whatever their lengths; and zero rows give no NaN.
#[test]
fn the_regression_loss_is_two_minus_two_cosines() {
    let device = Device::flex();
    let p = Tensor::<2>::from_floats([[3.0, 0.0], [0.0, 0.1], [1.0, 1.0], [-5.0, 0.0]], &device);
    let z = Tensor::<2>::from_floats([[7.0, 0.0], [2.0, 0.0], [1.0, 0.0], [1.0, 0.0]], &device);
    for (row, expected) in [0.0, 2.0, 2.0 - 2.0f32.sqrt(), 4.0].into_iter().enumerate() {
        let rows = row..=row;
        let loss: f32 =
            regression_loss(p.clone().slice([rows.clone()]), z.clone().slice([rows])).into_scalar();
        assert!((loss - expected).abs() < 1e-6, "row {row}: {loss}, expected {expected}");
    }
    let zero = Tensor::<2>::zeros([1, 2], &device);
    let loss: f32 = regression_loss(zero, z.narrow(0, 0, 1)).into_scalar();
    assert!((loss - 1.0).abs() < 1e-6, "{loss}");
}

/// Both directions are summed, not averaged, and swapping the views changes nothing.
#[test]
fn the_loss_is_the_sum_of_both_directions() {
    let batch = noise(3, 8);
    let mut swapped = batch.clone();
    swapped.views.swap(0, 1);
    let config = small(8);

    let device = Device::flex();
    let byol = Byol::new(&config, 0, &batch, &device);
    let view = |number: usize| {
        let values = TensorData::new(batch.views[number].clone(), [8, 3, SIDE, SIDE]);
        Tensor::<4>::from_data(values, &device)
    };
    let online =
        |number| byol.online.forward(view(number).autodiff(), Mode::Train).prediction.without_autodiff();
    let direction =
        |from, to| -> f32 { regression_loss(online(from), byol.target.forward(view(to))).into_scalar() };
    let expected = direction(0, 1) + direction(1, 0);

    let loss =
        |batch: &Batch| Byol::new(&config, 0, batch, &device).step(batch, clock(0, 0.0)).unwrap().loss();
    assert!((loss(&batch) - f64::from(expected)).abs() < 1e-5, "{} {expected}", loss(&batch));
    assert!((loss(&batch) - loss(&swapped)).abs() < 1e-6);
}

#[test]
fn the_target_is_updated_once_per_optimizer_step() {
    let batch = noise(4, 8);
    let config = RepresentConfig {
        micro_batch_size: 2,
        target: constant_target(0.5),
        ..small(8).with_norm(NormConfig::GROUP)
    };
    let before = saved(&trained(&config, 0, &batch, 0), "target");
    let after = trained(&config, 0, &batch, 1);
    let (online, target) = (saved(&after, "online"), saved(&after, "target"));
    for (name, values) in &target {
        for (index, value) in values.iter().enumerate() {
            let expected = 0.5 * before[name][index] + 0.5 * online[name][index];
            assert!((value - expected).abs() < 1e-6, "{name}[{index}]: {value}, expected {expected}");
        }
    }
}

/// Each view is a forward pass of its own: one batch of both would be normalised together.
#[test]
fn batch_norm_sees_one_view_at_a_time() {
    let mut batch = noise(5, 8);
    // A brighter second view: its own statistics take that out, common ones do not.
    batch.views[1].iter_mut().for_each(|value| *value = *value * 2.0 + 3.0);
    let config = small(8);
    let device = Device::flex();
    let byol = Byol::new(&config, 0, &batch, &device);
    let pictures = |values: &[f32], count| {
        Tensor::<4>::from_data(TensorData::new(values.to_vec(), [count, 3, SIDE, SIDE]), &device).autodiff()
    };
    let apart = |number: usize| {
        state::to_vec(byol.online.forward(pictures(&batch.views[number], 8), Mode::Train).prediction.detach())
    };
    let together = state::to_vec(
        byol.online.forward(pictures(&batch.views.concat(), 16), Mode::Train).prediction.detach(),
    );
    let apart = [apart(0), apart(1)].concat();
    let difference = apart.iter().zip(&together).map(|(a, b)| (a - b).abs()).fold(0.0, f32::max);
    assert!(difference > 0.1, "{difference}");

    // What a step leaves behind are the statistics of two separate passes.
    let stepped = trained(&config, 0, &batch, 1);
    let fresh = Byol::new(&config, 0, &batch, &device);
    for number in 0..2 {
        let _ = fresh.online.forward(pictures(&batch.views[number], 8), Mode::Train);
    }
    assert_eq!(statistics(&saved(&stepped, "online")), statistics(&saved(&fresh, "online")));
}

#[test]
fn a_faster_predictor_moves_the_predictor_only() {
    let batch = noise(6, 8);
    let after = |predictor_multiplier| {
        parameters(&saved(
            &trained(&RepresentConfig { predictor_multiplier, ..small(8) }, 0, &batch, 1),
            "online",
        ))
    };
    let (before, single, frozen) =
        (parameters(&saved(&trained(&small(8), 0, &batch, 0), "online")), after(1.0), after(0.0));
    for (name, values) in &frozen {
        let expected = if name.starts_with("predictor.") { &before[name] } else { &single[name] };
        assert_eq!(values, expected, "{name}");
    }
}

#[test]
fn clipping_bounds_the_movement() {
    let batch = noise(7, 8);
    let moved = |clip_norm| {
        let config = RepresentConfig { clip_norm, ..small(8) };
        let (before, after) = (
            saved(&trained(&config, 0, &batch, 0), "online"),
            saved(&trained(&config, 0, &batch, 1), "online"),
        );
        let moved = support::movement(&parameters(&after), &parameters(&before));
        moved.values().flatten().map(|value| f64::from(*value).powi(2)).sum::<f64>().sqrt()
    };
    let free = moved(0.0);
    assert!(free > 0.05, "{free}");
    let clipped = moved(0.01);
    assert!((clipped / (0.5 * 0.01) - 1.0).abs() < 1e-2, "{clipped}");
}
