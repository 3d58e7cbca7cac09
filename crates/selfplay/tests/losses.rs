//! The losses against JAX; `reference/losses.py` made the values.

use autodidact_nn::state::to_vec;
use autodidact_selfplay::burn::tensor::{Device, Tensor, TensorData};
use autodidact_selfplay::losses;
use serde::Deserialize;

#[derive(Deserialize)]
struct Reference {
    logits: Vec<Vec<f32>>,
    value_logits: Vec<f32>,
    policy: Vec<Vec<f32>>,
    legal: Vec<Vec<f32>>,
    value: Vec<f32>,
    policy_loss: f32,
    value_loss: f32,
    logits_gradient: Vec<Vec<f32>>,
    value_logits_gradient: Vec<f32>,
}

fn close(found: &[f32], expected: &[f32]) {
    assert_eq!(found.len(), expected.len());
    // Single precision, numbers of about one.
    assert!(found.iter().zip(expected).all(|(a, b)| (a - b).abs() < 2e-6), "{found:?} {expected:?}");
}

#[test]
fn losses_and_gradients_equal_those_of_jax() {
    let reference: Reference = serde_json::from_str(include_str!("reference/losses.json")).expect("values");
    let device = Device::flex().autodiff();
    let rows = |rows: &[Vec<f32>]| {
        let shape = [rows.len(), rows[0].len()];
        Tensor::<2>::from_data(TensorData::new(rows.concat(), shape), &device)
    };
    let row = |row: &[f32]| Tensor::<1>::from_data(TensorData::new(row.to_vec(), [row.len()]), &device);
    let logits = rows(&reference.logits).require_grad();
    let value_logits = row(&reference.value_logits).require_grad();
    let [policy_loss, value_loss] = losses(
        (logits.clone(), value_logits.clone()),
        rows(&reference.policy),
        rows(&reference.legal),
        row(&reference.value),
    );
    close(&to_vec(policy_loss.clone()), &[reference.policy_loss]);
    close(&to_vec(value_loss.clone()), &[reference.value_loss]);
    let gradients = (policy_loss + value_loss).backward();
    let gradient = logits.grad(&gradients).expect("a gradient");
    close(&to_vec(gradient), &reference.logits_gradient.concat());
    let gradient = value_logits.grad(&gradients).expect("a gradient");
    close(&to_vec(gradient), &reference.value_logits_gradient);
}

/// Far from zero nothing overflows: the loss of a sure and right value is 0, of a sure and wrong one its logit.
#[test]
fn the_value_s_loss_is_finite_for_any_logit() {
    let device = Device::flex();
    let one = |value: f32| Tensor::<1>::from_floats([value], &device);
    let policy = Tensor::<2>::from_floats([[1.0]], &device);
    for (logit, value, loss) in
        [(200.0, 1.0, 0.0), (200.0, -1.0, 200.0), (-200.0, -1.0, 0.0), (-200.0, 1.0, 200.0)]
    {
        let [_, found] = losses((policy.clone(), one(logit)), policy.clone(), policy.clone(), one(value));
        close(&to_vec(found), &[loss]);
    }
}
