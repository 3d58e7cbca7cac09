//! A scale and a shift per channel, and what follows it: batch normalisation at inference, with the running averages
//! folded in, and normalisation by the affine map alone.

use crate::after::{After, AfterGradient};
use crate::check::{check_channels, check_len};
use crate::columns::{GradientSums, Layout, Parameters, gradient_sums, input_gradient, normalise};
use crate::element::Element;
use crate::profile;
use rayon::prelude::*;

/// `y = x · scale + shift` per channel, and what is to be [after](After) it.
///
/// `x` and `out` are `[rows, channels]`, `scale` and `shift` are `[channels]`.
///
/// ```
/// use autodidact_kernels::{After, scale_shift_forward};
///
/// let mut out = [0.0; 4];
/// scale_shift_forward(2, 2, &[1.0, 2.0, 3.0, 4.0], &[2.0, 10.0], &[-3.0, 0.5], After::Relu, &mut out);
/// assert_eq!(out, [0.0, 20.5, 3.0, 40.5]);
/// ```
///
/// # Panics
/// If a slice's length differs from the shapes above, or `channels` is zero.
pub fn scale_shift_forward<E: Element>(
    rows: usize,
    channels: usize,
    x: &[E],
    scale: &[f32],
    shift: &[f32],
    after: After<'_, E>,
    out: &mut [E],
) {
    let _span = profile::activations::<E>("scale and shift, forward", &[rows, channels], 2 + after.arrays());
    check_len("x", x.len(), &[rows, channels]);
    check_len("out", out.len(), &[rows, channels]);
    check_channels(channels, &[("scale", scale), ("shift", shift)]);
    assert!(channels > 0, "a scale and shift needs at least one channel");
    let layout = Layout::new(channels);
    let centre = layout.repeat(&vec![0.0; channels]);
    let [scale, shift] = [scale, shift].map(|values| layout.repeat(values));
    let task = layout.floats_per_task();
    x.par_chunks(task)
        .zip(out.par_chunks_mut(task))
        .zip(after.split(x.len(), task))
        .for_each(|((x, out), after)| normalise(layout, x, [&centre, &scale, &shift], after, out));
}

/// The gradients of [`scale_shift_forward`]: writes `grad_x`, returns those of scale and shift, `[channels]` each.
///
/// `grad_out` and `grad_x` are `[rows, channels]`. With `g` the output gradient where what was [after](AfterGradient) let it
/// pass: `∂shift = Σ g`, `∂scale = Σ g·x`, `∂x = scale · g`. The result does not depend on the number of threads.
///
/// # Panics
/// If a slice's length differs from the shapes above, or `channels` is zero.
#[expect(clippy::too_many_arguments, reason = "the formula's own symbols")]
pub fn scale_shift_backward<E: Element>(
    rows: usize,
    channels: usize,
    x: &[E],
    scale: &[f32],
    shift: &[f32],
    after: AfterGradient<'_, E>,
    grad_out: &[E],
    grad_x: &mut [E],
) -> (Vec<f32>, Vec<f32>) {
    let _span = profile::activations::<E>("scale and shift, backward", &[rows, channels], 3 + after.arrays());
    for (name, len) in [("x", x.len()), ("grad_out", grad_out.len()), ("grad_x", grad_x.len())] {
        check_len(name, len, &[rows, channels]);
    }
    check_channels(channels, &[("scale", scale), ("shift", shift)]);
    assert!(channels > 0, "a scale and shift needs at least one channel");
    let layout = Layout::new(channels);
    let zeros = layout.repeat(&vec![0.0; channels]);
    let [scale, shift] = [scale, shift].map(|values| layout.repeat(values));
    let task = layout.floats_per_task();
    let parts: Vec<GradientSums> = x
        .par_chunks(task)
        .zip(grad_out.par_chunks(task))
        .zip(grad_x.par_chunks_mut(task))
        .zip(after.split(x.len(), task))
        .map(|(((x, grad_out), grad_x), mut after)| {
            let (gradient, relu) = after.pass(grad_out);
            let parameters = Parameters { centre: &zeros, scale: &scale, shift: &shift, relu };
            input_gradient(layout, x, gradient, parameters, [&scale, &zeros, &zeros], grad_x);
            gradient_sums(layout, x, gradient, parameters)
        })
        .collect();
    let mut sums = GradientSums::new(channels);
    for part in &parts {
        sums.add(part);
    }
    let [grad_scale, grad_shift] =
        [sums.product, sums.gradient].map(|sums| sums.iter().map(|&sum| sum as f32).collect());
    (grad_scale, grad_shift)
}
