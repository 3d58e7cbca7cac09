//! Losses against double precision, and their gradients against central differences of it.

use super::{assert_close, central_differences, noise, to_f64};
use crate::{
    byol_loss_backward, byol_loss_forward, softmax_cross_entropy_backward, softmax_cross_entropy_forward,
};
use proptest::prelude::*;

/// The loss and its gradient of the logits, times three.
fn cross_entropy(classes: usize, logits: &[f32], labels: &[u32], smoothing: f32) -> (f32, Vec<f32>) {
    let rows = labels.len();
    let mut log_sum_exp = vec![f64::NAN; rows];
    let mut grad_logits = vec![f32::NAN; logits.len()];
    let loss = softmax_cross_entropy_forward(rows, classes, logits, labels, smoothing, &mut log_sum_exp);
    softmax_cross_entropy_backward(
        rows,
        classes,
        logits,
        labels,
        smoothing,
        &log_sum_exp,
        3.0,
        &mut grad_logits,
    );
    (loss, grad_logits)
}

/// `−Σ q ln p`, averaged over the rows.
fn plain_cross_entropy(classes: usize, logits: &[f64], labels: &[u32], smoothing: f32) -> f64 {
    let smoothing = f64::from(smoothing);
    let rows = logits.chunks(classes).zip(labels);
    let losses = rows.map(|(logits, &label)| {
        let largest = logits.iter().fold(f64::NEG_INFINITY, |largest, logit| largest.max(*logit));
        let sum: f64 = logits.iter().map(|logit| (logit - largest).exp()).sum();
        let log_probabilities = logits.iter().map(|logit| logit - largest - sum.ln());
        -log_probabilities
            .enumerate()
            .map(|(class, log)| {
                let on_label = if class == label as usize { 1.0 - smoothing } else { 0.0 };
                (on_label + smoothing / classes as f64) * log
            })
            .sum::<f64>()
    });
    losses.sum::<f64>() / labels.len() as f64
}

fn labels(seed: u64, rows: usize, classes: usize) -> Vec<u32> {
    noise(seed, rows).iter().map(|x| ((x + 1.0) / 2.0 * classes as f32) as u32).collect()
}

/// The loss and its gradient of the prediction, times three.
fn byol_loss(features: usize, p: &[f32], z: &[f32]) -> (f32, Vec<f32>) {
    let rows = p.len() / features;
    let mut grad_p = vec![f32::NAN; p.len()];
    byol_loss_backward(rows, features, p, z, 3.0, &mut grad_p);
    (byol_loss_forward(rows, features, p, z), grad_p)
}

/// `‖n(p) − n(z)‖²`, averaged over the rows.
fn plain_byol_loss(features: usize, p: &[f64], z: &[f64]) -> f64 {
    let normalise = |u: &[f64]| -> Vec<f64> {
        let norm = u.iter().map(|u| u * u).sum::<f64>().max(1e-12).sqrt();
        u.iter().map(|u| u / norm).collect()
    };
    let rows = p.chunks(features).zip(z.chunks(features));
    let losses =
        rows.map(|(p, z)| normalise(p).iter().zip(normalise(z)).map(|(p, z)| (p - z).powi(2)).sum::<f64>());
    losses.sum::<f64>() / (p.len() / features) as f64
}

fn times_three(gradient: &[f64]) -> Vec<f64> {
    gradient.iter().map(|slope| 3.0 * slope).collect()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(96))]

    #[test]
    fn cross_entropy_equals_double_precision(
        rows in 1usize..9, classes in 1usize..41, smoothing in prop::sample::select(vec![0.0f32, 0.1, 1.0]),
        size in prop::sample::select(vec![0.1f32, 4.0]), seed in 0u64..1000,
    ) {
        let logits: Vec<f32> = noise(seed, rows * classes).iter().map(|x| x * size).collect();
        let labels = labels(seed + 1, rows, classes);
        let loss = |logits: &[f64]| plain_cross_entropy(classes, logits, &labels, smoothing);
        let (got, grad_logits) = cross_entropy(classes, &logits, &labels, smoothing);
        assert_close("loss", &[got], &[loss(&to_f64(&logits))], 2e-6);
        let expected = central_differences(&to_f64(&logits), loss);
        assert_close("grad_logits", &grad_logits, &times_three(&expected), 2e-6);
    }

    #[test]
    fn byol_loss_equals_double_precision(rows in 1usize..9, features in 2usize..41, seed in 0u64..1000) {
        let (p, z) = (noise(seed, rows * features), noise(seed + 1, rows * features));
        // A row that is nearly zero has steep slopes.
        prop_assume!(p.chunks(features).all(|p| p.iter().map(|p| p * p).sum::<f32>() > 0.1));
        let loss = |p: &[f64]| plain_byol_loss(features, p, &to_f64(&z));
        let (got, grad_p) = byol_loss(features, &p, &z);
        assert_close("loss", &[got], &[loss(&to_f64(&p))], 5e-7);
        let expected = central_differences(&to_f64(&p), loss);
        assert_close("grad_prediction", &grad_p, &times_three(&expected), 1e-5);
    }
}

#[test]
fn losses_of_many_rows_equal_double_precision() {
    for (rows, width) in [(1, 1), (1, 7), (129, 17), (700, 257), (3, 70_001), (30_001, 3)] {
        let (a, b) = (noise(1, rows * width), noise(2, rows * width));
        let expected = plain_byol_loss(width, &to_f64(&a), &to_f64(&b));
        assert_close("byol", &[byol_loss(width, &a, &b).0], &[expected], 5e-7);
        let labels = labels(3, rows, width);
        for smoothing in [0.0, 0.1] {
            let (loss, grad_logits) = cross_entropy(width, &a, &labels, smoothing);
            let expected = plain_cross_entropy(width, &to_f64(&a), &labels, smoothing);
            assert_close("cross-entropy", &[loss], &[expected], 2e-6);
            for gradient in grad_logits.chunks(width) {
                // Probabilities and targets add up to the same.
                let sum: f64 = gradient.iter().map(|&slope| f64::from(slope)).sum();
                assert!(sum.abs() <= 2e-6 / rows as f64, "the slopes of a row add up to {sum}");
            }
        }
    }
}

#[test]
fn large_logits_lose_no_accuracy() {
    // Exact in single precision.
    let logits = [1e4, 1e4 + 0.5, -1e4, 1e4 - 2.0, 1e9, -1e9, 0.0, 1e9].map(|logit: f64| logit as f32);
    for smoothing in [0.0, 0.25] {
        let (loss, grad_logits) = cross_entropy(4, &logits, &[0, 3], smoothing);
        let expected = plain_cross_entropy(4, &to_f64(&logits), &[0, 3], smoothing);
        assert!((f64::from(loss) / expected - 1.0).abs() < 1e-6, "{loss}, expected {expected}");
        let sum = 1.0 + 0.5f64.exp() + (-2.0f64).exp();
        let probabilities = [1.0 / sum, 0.5f64.exp() / sum, 0.0, (-2.0f64).exp() / sum, 0.5, 0.0, 0.0, 0.5];
        let mut slopes = probabilities.map(|p| 1.5 * (p - f64::from(smoothing) / 4.0));
        for label in [0, 7] {
            slopes[label] -= 1.5 * (1.0 - f64::from(smoothing));
        }
        assert_close("grad_logits", &grad_logits, &slopes, 5e-7);
    }
}

#[test]
fn equal_logits_have_the_entropy_of_their_number() {
    for logit in [0.0, 1e4, -1e4] {
        let (loss, grad_logits) = cross_entropy(19, &[logit; 19], &[4], 0.5);
        assert_close("loss", &[loss], &[19f64.ln()], 1e-6);
        let expected: Vec<f64> =
            (0..19).map(|class| if class == 4 { 1.5 / 19.0 - 1.5 } else { 1.5 / 19.0 }).collect();
        assert_close("grad_logits", &grad_logits, &expected, 5e-7);
    }
}

/// Wherever it is, in whole vectors and in the rest.
#[test]
fn nan_in_a_row_makes_its_loss_and_gradient_nan() {
    for place in 0..37 {
        let mut values = noise(1, 37);
        values[place] = f32::NAN;
        let (loss, gradient) = cross_entropy(37, &values, &[0], 0.0);
        assert!(loss.is_nan() && gradient.iter().all(|slope| slope.is_nan()), "a logit at {place}");
        let others = noise(2, 37);
        let (loss, gradient) = byol_loss(37, &values, &others);
        assert!(loss.is_nan() && gradient.iter().all(|slope| slope.is_nan()), "a prediction at {place}");
        assert!(byol_loss(37, &others, &values).0.is_nan(), "a projection at {place}");
    }
}

#[test]
fn rows_of_zeros_have_a_finite_loss_and_gradient() {
    let (zeros, ones) = ([0.0; 9], [1.0; 9]);
    let (loss, gradient) = byol_loss(9, &zeros, &ones);
    assert_close("loss", &[loss], &[1.0], 1e-7);
    // n(z) is 1/3 everywhere and p is divided by 1e-6: −2 · 1e6 / 3, times three.
    assert_close("gradient", &gradient, &[-2e6; 9], 0.5);
    let (loss, gradient) = byol_loss(9, &ones, &zeros);
    assert_close("loss", &[loss], &[1.0], 1e-7);
    assert_eq!(gradient, zeros, "no direction is better");
    assert_eq!(byol_loss(9, &zeros, &zeros), (0.0, zeros.to_vec()));
}

#[test]
fn the_loss_of_nearly_equal_directions_is_accurate() {
    let p = noise(1, 257);
    let z: Vec<f32> = p.iter().zip(noise(2, 257)).map(|(p, noise)| 7.0 * p + 1e-4 * noise).collect();
    let expected = plain_byol_loss(257, &to_f64(&p), &to_f64(&z));
    let (loss, _) = byol_loss(257, &p, &z);
    assert!(
        expected < 1e-9 && (f64::from(loss) / expected - 1.0).abs() < 1e-5,
        "{loss}, expected {expected}"
    );
    assert_eq!(byol_loss(257, &p, &p).0, 0.0);
}

#[test]
#[should_panic(expected = "the label of row 1 is 3, expected less than 3, the number of classes")]
fn a_label_that_is_no_class_is_refused() {
    cross_entropy(3, &[0.0; 6], &[0, 3], 0.0);
}
