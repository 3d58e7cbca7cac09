//! Convolutions.

use autodidact_kernels::{
    Conv2d, Element, Precision, bf16, conv2d_forward, conv2d_input_gradient, conv2d_weight_gradient,
};

use super::{measure, values};

/// Seconds of each repeat of a pass, or nothing if this is no convolution's.
pub fn time(
    pass: &str,
    &[repeats, batch, size, channels_in, channels_out, kernel, stride, padding]: &[usize; 8],
) -> Option<Vec<f64>> {
    let shape =
        Conv2d::new([batch, size, size], [channels_in, channels_out], [kernel; 2], [stride; 2], [padding; 2]);
    match pass.strip_suffix("_bf16") {
        Some(pass) => time_of(pass, repeats, &shape, Precision::Bf16, bf16::from_f32),
        None => time_of(pass, repeats, &shape, Precision::F32, |value| value),
    }
}

fn time_of<E: Element>(
    pass: &str,
    repeats: usize,
    shape: &Conv2d,
    precision: Precision,
    element: fn(f32) -> E,
) -> Option<Vec<f64>> {
    let (mut x, mut out) = (values(shape.input_len(), element), values(shape.output_len(), element));
    let mut weight = values(shape.weight_len(), |value| value);
    Some(match pass {
        "forward" => measure(repeats, || conv2d_forward(shape, precision, &x, &weight, &mut out)),
        "input" => measure(repeats, || conv2d_input_gradient(shape, precision, &out, &weight, &mut x)),
        "weight" => measure(repeats, || conv2d_weight_gradient(shape, precision, &x, &out, &mut weight)),
        _ => return None,
    })
}
