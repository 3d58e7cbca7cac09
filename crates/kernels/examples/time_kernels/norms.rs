//! Normalisations.

use autodidact_kernels::{
    After, AfterGradient, batch_norm_backward, batch_norm_forward, group_norm_backward, group_norm_forward,
};

use super::{measure, values};

/// Seconds of each repeat of a pass, or nothing if this is no normalisation's.
pub fn time(pass: &str, &[repeats, batch, size, channels, ..]: &[usize; 8]) -> Option<Vec<f64>> {
    let (spatial, groups) = (size * size, channels.div_ceil(16));
    let rows = batch * spatial;
    let x = values(rows * channels);
    let (gamma, beta) = (vec![1.5; channels], vec![0.25; channels]);
    Some(match pass {
        "batch_norm_forward" => {
            let mut out = x.clone();
            measure(repeats, || {
                batch_norm_forward(rows, channels, &x, &gamma, &beta, 1e-5, After::Nothing, &mut out);
            })
        }
        "batch_norm_backward" => {
            let (mut grad_x, grad_out) = (x.clone(), values(x.len()));
            let statistics =
                batch_norm_forward(rows, channels, &x, &gamma, &beta, 1e-5, After::Nothing, &mut grad_x);
            measure(repeats, || {
                batch_norm_backward(
                    rows,
                    channels,
                    &x,
                    &gamma,
                    &beta,
                    &statistics,
                    1e-5,
                    AfterGradient::Nothing,
                    &grad_out,
                    &mut grad_x,
                );
            })
        }
        "group_norm_forward" => {
            let mut out = x.clone();
            measure(repeats, || {
                group_norm_forward(
                    batch,
                    spatial,
                    channels,
                    groups,
                    &x,
                    &gamma,
                    &beta,
                    1e-5,
                    After::Nothing,
                    &mut out,
                );
            })
        }
        "group_norm_backward" => {
            let (mut grad_x, grad_out) = (x.clone(), values(x.len()));
            let statistics = group_norm_forward(
                batch,
                spatial,
                channels,
                groups,
                &x,
                &gamma,
                &beta,
                1e-5,
                After::Nothing,
                &mut grad_x,
            );
            measure(repeats, || {
                group_norm_backward(
                    batch,
                    spatial,
                    channels,
                    groups,
                    &x,
                    &gamma,
                    &beta,
                    &statistics,
                    1e-5,
                    AfterGradient::Nothing,
                    &grad_out,
                    &mut grad_x,
                );
            })
        }
        _ => return None,
    })
}
