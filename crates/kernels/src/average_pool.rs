//! The mean over all pixels of an image.

use crate::check::check_len;
use crate::columns::{Layout, channel_moments};
use crate::element::Element;
use crate::profile;
use rayon::prelude::*;

/// `out[b, c] = mean over the pixels of x[b, :, c]`.
///
/// `x` is `[batch, spatial, channels]` with `spatial = height · width`, `out` is `[batch, channels]`.
///
/// ```
/// let mut out = [0.0; 2];
/// autodidact_kernels::global_average_pool_forward(1, 2, 2, &[1.0, 10.0, 3.0, 30.0], &mut out);
/// assert_eq!(out, [2.0, 20.0]);
/// ```
///
/// # Panics
/// If a slice's length differs from the shapes above, or `spatial` or `channels` is zero.
pub fn global_average_pool_forward<E: Element>(
    batch: usize,
    spatial: usize,
    channels: usize,
    x: &[E],
    out: &mut [f32],
) {
    let _span = profile::activations::<E>("average pool, forward", &[batch, spatial, channels], 1);
    check_len("x", x.len(), &[batch, spatial, channels]);
    check_len("out", out.len(), &[batch, channels]);
    assert!(spatial > 0 && channels > 0, "the mean over [batch, {spatial}, {channels}] is over nothing");
    let layout = Layout::new(channels);
    x.par_chunks_exact(spatial * channels).zip(out.par_chunks_exact_mut(channels)).for_each(|(x, out)| {
        for (out, mean) in out.iter_mut().zip(channel_moments(layout, x).mean) {
            *out = mean as f32;
        }
    });
}

/// The gradient of [`global_average_pool_forward`]: `grad_x[b, p, c] = grad_out[b, c] / spatial`.
///
/// # Panics
/// If a slice's length differs from the shapes of the forward pass, or `spatial` or `channels` is zero.
pub fn global_average_pool_backward<E: Element>(
    batch: usize,
    spatial: usize,
    channels: usize,
    grad_out: &[f32],
    grad_x: &mut [E],
) {
    let _span = profile::activations::<E>("average pool, backward", &[batch, spatial, channels], 1);
    check_len("grad_out", grad_out.len(), &[batch, channels]);
    check_len("grad_x", grad_x.len(), &[batch, spatial, channels]);
    assert!(spatial > 0 && channels > 0, "the mean over [batch, {spatial}, {channels}] is over nothing");
    let share = 1.0 / spatial as f32;
    grad_out.par_chunks_exact(channels).zip(grad_x.par_chunks_exact_mut(spatial * channels)).for_each(
        |(grad_out, grad_x)| {
            let (first, rest) = grad_x.split_at_mut(channels);
            for (grad_x, grad_out) in first.iter_mut().zip(grad_out) {
                *grad_x = E::from_f32(grad_out * share);
            }
            for pixel in rest.chunks_exact_mut(channels) {
                pixel.copy_from_slice(first);
            }
        },
    );
}
