//! Normalisations.

use autodidact_kernels::{
    After, AfterGradient, Element, batch_norm_backward, batch_norm_forward, bf16, group_norm_backward,
    group_norm_forward,
};

use super::{measure, values};

/// Seconds of each repeat of a pass, or nothing if this is no normalisation's.
pub fn time(pass: &str, &[repeats, batch, size, channels, ..]: &[usize; 8]) -> Option<Vec<f64>> {
    let shape = [batch, size * size, channels];
    match pass.strip_suffix("_bf16") {
        Some(pass) => time_of(pass, repeats, shape, bf16::from_f32),
        None => time_of(pass, repeats, shape, |value| value),
    }
}

fn time_of<E: Element>(
    pass: &str,
    repeats: usize,
    [batch, spatial, channels]: [usize; 3],
    element: fn(f32) -> E,
) -> Option<Vec<f64>> {
    let (groups, rows) = (channels.div_ceil(16), batch * spatial);
    let x = values(rows * channels, element);
    let (mut out, grad_out) = (x.clone(), x.clone());
    let (gamma, beta) = (vec![1.5; channels], vec![0.25; channels]);
    let batch_norm =
        |out: &mut [E]| batch_norm_forward(rows, channels, &x, &gamma, &beta, 1e-5, After::Nothing, out);
    let group_norm = |out: &mut [E]| {
        let after = After::Nothing;
        group_norm_forward(batch, spatial, channels, groups, &x, &gamma, &beta, 1e-5, after, out)
    };
    Some(match pass {
        "batch_norm_forward" => measure(repeats, || drop(batch_norm(&mut out))),
        "group_norm_forward" => measure(repeats, || drop(group_norm(&mut out))),
        "batch_norm_backward" => {
            let (found, mut grad_x) = (batch_norm(&mut out), out);
            measure(repeats, || {
                batch_norm_backward(
                    rows,
                    channels,
                    &x,
                    &gamma,
                    &beta,
                    &found,
                    1e-5,
                    AfterGradient::Nothing,
                    &grad_out,
                    &mut grad_x,
                );
            })
        }
        "group_norm_backward" => {
            let (found, mut grad_x) = (group_norm(&mut out), out);
            measure(repeats, || {
                group_norm_backward(
                    batch,
                    spatial,
                    channels,
                    groups,
                    &x,
                    &gamma,
                    &beta,
                    &found,
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
