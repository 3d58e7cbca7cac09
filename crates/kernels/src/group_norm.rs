//! Group normalisation, and what follows it.

use crate::after::{After, AfterGradient};
use crate::check::{check_channels, check_len};
use crate::columns::{
    GradientSums, Layout, Parameters, channel_moments, gradient_sums, input_gradient, normalise,
};
use crate::element::Element;
use crate::normalisation::Scaling;
use crate::over::Over;
use crate::profile;
use crate::statistics::{Statistics, groups_of};
use rayon::prelude::*;

/// Group normalisation `y = γ · (x − μ) / sqrt(σ² + ε) + β`, and what is to be [after](After) it.
///
/// `x` and `out` are `[batch, spatial, channels]` with `spatial = height · width`; `gamma` (γ) and `beta` (β) are
/// `[channels]`. `μ` and `σ²` are the mean and the biased variance over all pixels and the `channels / groups`
/// consecutive channels of a group in one image; they are returned as `[batch · groups]` for
/// [`group_norm_backward`]. `groups = 1` is layer normalisation over the image, `groups = channels` instance
/// normalisation. The result does not depend on the number of threads.
///
/// ```
/// use autodidact_kernels::{After, group_norm_forward};
///
/// // Two pixels, two channels, each its own group.
/// let mut out = [0.0; 4];
/// group_norm_forward(1, 2, 2, 2, &[1.0, 10.0, 3.0, 30.0], &[1.0; 2], &[0.0; 2], 0.0, After::Nothing, &mut out);
/// assert_eq!(out, [-1.0, -1.0, 1.0, 1.0]);
/// ```
///
/// # Panics
/// If a slice's length differs from the shapes above, `spatial` or `channels` is zero, or the groups are not equal.
///
/// Wu, He, *Group normalization*, 2018, equations (1), (2) and (7).
#[expect(clippy::too_many_arguments, reason = "the formula's own symbols")]
pub fn group_norm_forward<E: Element>(
    batch: usize,
    spatial: usize,
    channels: usize,
    groups: usize,
    x: &[E],
    gamma: &[f32],
    beta: &[f32],
    epsilon: f32,
    after: After<'_, E>,
    out: &mut [E],
) -> Statistics {
    let arrays = 2 + after.arrays();
    let _span = profile::activations::<E>("group norm, forward", &[batch, spatial, channels], arrays);
    check_len("x", x.len(), &[batch, spatial, channels]);
    check_len("out", out.len(), &[batch, spatial, channels]);
    check_channels(channels, &[("gamma", gamma), ("beta", beta)]);
    Over::Groups(groups).check([batch, spatial, channels]);
    let layout = Layout::new(channels);
    let shift = layout.repeat(beta);
    let mut statistics = Statistics { mean: vec![0.0; batch * groups], variance: vec![0.0; batch * groups] };
    x.par_chunks_exact(spatial * channels)
        .zip(out.par_chunks_exact_mut(spatial * channels))
        .zip(statistics.mean.par_chunks_exact_mut(groups))
        .zip(statistics.variance.par_chunks_exact_mut(groups))
        .zip(after.split(x.len(), spatial * channels))
        .for_each(|((((x, out), mean), variance), after)| {
            let found = groups_of(&channel_moments(layout, x), groups);
            for ((mean, variance), found) in mean.iter_mut().zip(variance.iter_mut()).zip(found) {
                (*mean, *variance) = (found.0 as f32, found.1 as f32);
            }
            let Scaling { centre, scale, .. } = Scaling::new(gamma, mean, variance, epsilon);
            let [centre, scale] = [centre, scale].map(|values| layout.repeat(&values));
            normalise(layout, x, [&centre, &scale, &shift], after, out);
        });
    statistics
}

/// The gradients of [`group_norm_forward`]: writes `grad_x`, returns those of γ and β, `[channels]` each.
///
/// `x`, `gamma`, `beta` and `epsilon` are those of the forward pass and `statistics` what it returned;
/// `grad_out` and `grad_x` are `[batch, spatial, channels]`. With `g` the output gradient where what was
/// [after](AfterGradient) let it pass, `x̂` the normalised input and `⟨·⟩` the mean over a group,
/// `∂β = Σ g`, `∂γ = Σ g·x̂`, `∂x = (γ·g − ⟨γ·g⟩ − x̂·⟨γ·g·x̂⟩) / sqrt(σ² + ε)`.
///
/// # Panics
/// If a slice's length differs from the shapes above, `spatial` or `channels` is zero, or the groups are not equal.
#[expect(clippy::too_many_arguments, reason = "the formula's own symbols")]
pub fn group_norm_backward<E: Element>(
    batch: usize,
    spatial: usize,
    channels: usize,
    groups: usize,
    x: &[E],
    gamma: &[f32],
    beta: &[f32],
    statistics: &Statistics,
    epsilon: f32,
    after: AfterGradient<'_, E>,
    grad_out: &[E],
    grad_x: &mut [E],
) -> (Vec<f32>, Vec<f32>) {
    let arrays = 3 + after.arrays();
    let _span = profile::activations::<E>("group norm, backward", &[batch, spatial, channels], arrays);
    for (name, len) in [("x", x.len()), ("grad_out", grad_out.len()), ("grad_x", grad_x.len())] {
        check_len(name, len, &[batch, spatial, channels]);
    }
    check_channels(channels, &[("gamma", gamma), ("beta", beta)]);
    Over::Groups(groups).check([batch, spatial, channels]);
    check_len("mean", statistics.mean.len(), &[batch, groups]);
    check_len("variance", statistics.variance.len(), &[batch, groups]);
    let layout = Layout::new(channels);
    let size = channels / groups;
    let shift = layout.repeat(beta);
    let image = spatial * channels;
    let parts: Vec<GradientSums> = x
        .par_chunks_exact(image)
        .zip(grad_out.par_chunks_exact(image))
        .zip(grad_x.par_chunks_exact_mut(image))
        .zip(statistics.mean.par_chunks_exact(groups))
        .zip(statistics.variance.par_chunks_exact(groups))
        .zip(after.split(x.len(), image))
        .map(|(((((x, grad_out), grad_x), mean), variance), mut after)| {
            let (grad_out, relu) = after.pass(grad_out);
            let Scaling { centre, scale, inverse } = Scaling::new(gamma, mean, variance, epsilon);
            let [centre, scale] = [centre, scale].map(|values| layout.repeat(&values));
            let parameters = Parameters { centre: &centre, scale: &scale, shift: &shift, relu };
            let mut sums = gradient_sums(layout, x, grad_out, parameters);
            let mut b = vec![0.0; channels];
            let mut c = vec![0.0; channels];
            for (group, inverse) in inverse.iter().enumerate() {
                let members = group * size..(group + 1) * size;
                let weighted = |sums: &[f64]| -> f64 {
                    members.clone().map(|channel| f64::from(gamma[channel]) * sums[channel]).sum::<f64>()
                        / (spatial * size) as f64
                };
                b[members.clone()].fill((-inverse.powi(3) * weighted(&sums.product)) as f32);
                c[members.clone()].fill((-inverse * weighted(&sums.gradient)) as f32);
                for product in &mut sums.product[members] {
                    *product *= inverse;
                }
            }
            let [b, c] = [b, c].map(|values| layout.repeat(&values));
            input_gradient(layout, x, grad_out, parameters, [&scale, &b, &c], grad_x);
            sums
        })
        .collect();
    let mut sums = GradientSums::new(channels);
    for part in &parts {
        sums.add(part);
    }
    let [grad_gamma, grad_beta] =
        [sums.product, sums.gradient].map(|sums| sums.iter().map(|&sum| sum as f32).collect());
    (grad_gamma, grad_beta)
}
