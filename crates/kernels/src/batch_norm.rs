//! Batch normalisation with the statistics of the batch, and what follows it.
//!
//! What is not here: running averages of the statistics, which belong to the layer, and inference, which is
//! [`scale_shift_forward`](crate::scale_shift_forward) with the averages folded in.

use crate::after::{After, AfterGradient};
use crate::check::{check_channels, check_len};
use crate::columns::{GradientSums, Layout, Parameters, gradient_sums, input_gradient};
use crate::element::Element;
use crate::normalisation::{Normalisation, Scaling, normalise};
use crate::over::Over;
use crate::profile;
use crate::statistics::{Statistics, statistics};
use rayon::prelude::*;

/// Batch normalisation `y = γ · (x − μ) / sqrt(σ² + ε) + β` per channel, and what is to be [after](After) it.
///
/// `x` and `out` are `[rows, channels]`, where a row is one pixel of one image; `gamma` (γ) and `beta` (β) are
/// `[channels]`. `μ` and `σ²` are the mean and the biased variance of the channel over all rows, returned for
/// [`batch_norm_backward`] and for running averages; sums are kept in double precision, and a large mean costs the
/// variance no accuracy. The result does not depend on the number of threads.
///
/// ```
/// use autodidact_kernels::{After, batch_norm_forward};
///
/// let mut out = [0.0; 2];
/// let statistics = batch_norm_forward(2, 1, &[1.0, 3.0], &[1.0], &[0.0], 0.0, After::Nothing, &mut out);
/// assert_eq!((statistics.mean[0], statistics.variance[0]), (2.0, 1.0));
/// assert_eq!(out, [-1.0, 1.0]);
/// ```
///
/// # Panics
/// If a slice's length differs from the shapes above, or `rows` or `channels` is zero.
///
/// Ioffe, Szegedy, *Batch normalization*, 2015, algorithm 1.
#[expect(clippy::too_many_arguments, reason = "the formula's own symbols")]
pub fn batch_norm_forward<E: Element>(
    rows: usize,
    channels: usize,
    x: &[E],
    gamma: &[f32],
    beta: &[f32],
    epsilon: f32,
    after: After<'_, E>,
    out: &mut [E],
) -> Statistics {
    let shape = [1, rows, channels];
    let statistics = statistics(shape, Over::Batch, x);
    let over = Over::Batch;
    normalise(shape, x, Normalisation { over, statistics: &statistics, gamma, beta, epsilon }, after, out);
    statistics
}

/// The gradients of [`batch_norm_forward`]: writes `grad_x`, returns those of γ and β, `[channels]` each.
///
/// `x`, `gamma`, `beta` and `epsilon` are those of the forward pass and `statistics` what it returned;
/// `grad_out` and `grad_x` are `[rows, channels]`. With `g` the output gradient where what was [after](AfterGradient) let it
/// pass and `x̂` the normalised input,
/// `∂β = Σ g`, `∂γ = Σ g·x̂`, `∂x = γ / sqrt(σ² + ε) · (g − ∂β/rows − x̂·∂γ/rows)`.
///
/// # Panics
/// If a slice's length differs from the shapes above, or `rows` or `channels` is zero.
#[expect(clippy::too_many_arguments, reason = "the formula's own symbols")]
pub fn batch_norm_backward<E: Element>(
    rows: usize,
    channels: usize,
    x: &[E],
    gamma: &[f32],
    beta: &[f32],
    statistics: &Statistics,
    epsilon: f32,
    after: AfterGradient<'_, E>,
    grad_out: &[E],
    grad_x: &mut [E],
) -> (Vec<f32>, Vec<f32>) {
    let _span = profile::activations::<E>("batch norm, backward", &[rows, channels], 3 + after.arrays());
    for (name, len) in [("x", x.len()), ("grad_out", grad_out.len()), ("grad_x", grad_x.len())] {
        check_len(name, len, &[rows, channels]);
    }
    let vectors = [("gamma", gamma), ("beta", beta)];
    check_channels(channels, &vectors);
    check_channels(channels, &[("mean", &statistics.mean), ("variance", &statistics.variance)]);
    assert!(rows > 0 && channels > 0, "batch normalisation of [{rows}, {channels}] has no statistics");
    let layout = Layout::new(channels);
    let Scaling { centre, scale, inverse } =
        Scaling::new(gamma, &statistics.mean, &statistics.variance, epsilon);
    let [centre, long_scale, shift] = [&centre, &scale, beta].map(|values| layout.repeat(values));
    let parameters = |relu| Parameters { centre: &centre, scale: &long_scale, shift: &shift, relu };
    let task = layout.floats_per_task();
    let mut after = after.split(x.len(), task);
    let parts: Vec<GradientSums> = x
        .par_chunks(task)
        .zip(grad_out.par_chunks(task))
        .zip(after.par_iter_mut())
        .map(|((x, grad_out), after)| {
            let (gradient, relu) = after.pass(grad_out);
            gradient_sums(layout, x, gradient, parameters(relu))
        })
        .collect();
    let mut sums = GradientSums::new(channels);
    for part in &parts {
        sums.add(part);
    }
    let count = rows as f64;
    let mut b = Vec::with_capacity(channels);
    let mut c = Vec::with_capacity(channels);
    for channel in 0..channels {
        let scale = f64::from(scale[channel]);
        b.push((-scale * inverse[channel] * inverse[channel] * sums.product[channel] / count) as f32);
        c.push((-scale * sums.gradient[channel] / count) as f32);
    }
    let [b, c] = [b, c].map(|values| layout.repeat(&values));
    x.par_chunks(task)
        .zip(grad_out.par_chunks(task))
        .zip(after.par_iter())
        .zip(grad_x.par_chunks_mut(task))
        .for_each(|(((x, grad_out), after), grad_x)| {
            let (gradient, relu) = after.passed(grad_out);
            input_gradient(layout, x, gradient, parameters(relu), [&long_scale, &b, &c], grad_x);
        });
    let grad_gamma =
        sums.product.iter().zip(&inverse).map(|(product, inverse)| (product * inverse) as f32).collect();
    let grad_beta = sums.gradient.iter().map(|&gradient| gradient as f32).collect();
    (grad_gamma, grad_beta)
}
