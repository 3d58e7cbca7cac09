//! Weight standardisation: each output's weights get mean zero and deviation one before they are used.

use crate::check::check_len;
use crate::profile;
use rayon::prelude::*;

/// Mean and unbiased standard deviation of one output's weights.
fn mean_and_deviation(weights: &[f32]) -> (f64, f64) {
    let count = weights.len() as f64;
    let mean = weights.iter().map(|&w| f64::from(w)).sum::<f64>() / count;
    let squares: f64 = weights.iter().map(|&w| (f64::from(w) - mean).powi(2)).sum();
    (mean, (squares / (count - 1.0)).sqrt())
}

fn check(channels_out: usize, fan_in: usize, slices: &[(&str, usize)]) {
    assert!(fan_in >= 2, "the unbiased deviation needs at least two weights per output, got fan_in {fan_in}");
    for (name, len) in slices {
        check_len(name, *len, &[channels_out, fan_in]);
    }
}

/// Weight standardisation `Ŵ_o = (W_o − mean(W_o)) / (std(W_o) + ε)` for each output `o`.
///
/// `w` and `out` are `[channels_out, fan_in]` with `fan_in = channels_in · kernel_h · kernel_w`; `std` is the unbiased
/// standard deviation, and ε is added to it outside the square root.
///
/// ```
/// use autodidact_kernels::standardise_weight_forward;
///
/// let mut out = [0.0; 3];
/// standardise_weight_forward(1, 3, &[1.0, 2.0, 3.0], 0.0, &mut out);
/// assert_eq!(out, [-1.0, 0.0, 1.0]);
/// ```
///
/// # Panics
/// If a slice's length differs from the shape above, or `fan_in` is less than 2.
///
/// Qiao, Wang, Liu, Shen, Yuille, *Micro-batch training with batch-channel normalization and weight standardization*,
/// 2019.
pub fn standardise_weight_forward(
    channels_out: usize,
    fan_in: usize,
    w: &[f32],
    epsilon: f32,
    out: &mut [f32],
) {
    let _span = profile::element_wise("weight standardisation, forward", &[channels_out, fan_in], 2);
    check(channels_out, fan_in, &[("w", w.len()), ("out", out.len())]);
    w.par_chunks_exact(fan_in).zip(out.par_chunks_exact_mut(fan_in)).for_each(|(w, out)| {
        let (mean, deviation) = mean_and_deviation(w);
        let scale = 1.0 / (deviation + f64::from(epsilon));
        for (out, &w) in out.iter_mut().zip(w) {
            *out = ((f64::from(w) - mean) * scale) as f32;
        }
    });
}

/// The gradient of [`standardise_weight_forward`] with respect to `w`.
///
/// All slices are `[channels_out, fan_in]`. With `n = fan_in`, `d = W − mean`, `s = std`, `t = s + ε` and `g` the
/// gradient of Ŵ: `∂W = (g − mean(g)) / t − d · Σ(g·d) / ((n − 1) · s · t²)`. Where all weights of an output are
/// equal the second term is zero.
///
/// # Panics
/// If a slice's length differs from the shape above, or `fan_in` is less than 2.
pub fn standardise_weight_backward(
    channels_out: usize,
    fan_in: usize,
    w: &[f32],
    epsilon: f32,
    grad_out: &[f32],
    grad_w: &mut [f32],
) {
    let _span = profile::element_wise("weight standardisation, backward", &[channels_out, fan_in], 3);
    let lens = [("w", w.len()), ("grad_out", grad_out.len()), ("grad_w", grad_w.len())];
    check(channels_out, fan_in, &lens);
    w.par_chunks_exact(fan_in)
        .zip(grad_out.par_chunks_exact(fan_in))
        .zip(grad_w.par_chunks_exact_mut(fan_in))
        .for_each(|((w, grad_out), grad_w)| {
            let count = fan_in as f64;
            let (mean, deviation) = mean_and_deviation(w);
            let scale = 1.0 / (deviation + f64::from(epsilon));
            let mean_gradient = grad_out.iter().map(|&g| f64::from(g)).sum::<f64>() / count;
            let product: f64 =
                grad_out.iter().zip(w).map(|(&g, &w)| f64::from(g) * (f64::from(w) - mean)).sum();
            let slope =
                if deviation > 0.0 { product * scale * scale / ((count - 1.0) * deviation) } else { 0.0 };
            for ((grad_w, &g), &w) in grad_w.iter_mut().zip(grad_out).zip(w) {
                *grad_w = ((f64::from(g) - mean_gradient) * scale - (f64::from(w) - mean) * slope) as f32;
            }
        });
}
