//! Convolutions.

use autodidact_kernels::{Conv2d, Precision, conv2d_forward, conv2d_input_gradient, conv2d_weight_gradient};

use super::{measure, values};

/// Seconds of each repeat of a pass, or nothing if this is no convolution's.
pub fn time(
    pass: &str,
    &[repeats, batch, size, channels_in, channels_out, kernel, stride, padding]: &[usize; 8],
) -> Option<Vec<f64>> {
    let shape =
        Conv2d::new([batch, size, size], [channels_in, channels_out], [kernel; 2], [stride; 2], [padding; 2]);
    let (pass, precision) = match pass.strip_suffix("_bf16") {
        Some(pass) => (pass, Precision::Bf16),
        None => (pass, Precision::F32),
    };
    let x = values(shape.input_len());
    Some(match pass {
        "forward" => {
            let (weight, mut out) = (values(shape.weight_len()), vec![0.0; shape.output_len()]);
            measure(repeats, || conv2d_forward(&shape, precision, &x, &weight, &mut out))
        }
        "input" => {
            let (weight, grad_out) = (values(shape.weight_len()), values(shape.output_len()));
            let mut grad_x = x;
            measure(repeats, || conv2d_input_gradient(&shape, precision, &grad_out, &weight, &mut grad_x))
        }
        "weight" => {
            let (grad_out, mut grad_weight) = (values(shape.output_len()), values(shape.weight_len()));
            measure(repeats, || conv2d_weight_gradient(&shape, precision, &x, &grad_out, &mut grad_weight))
        }
        _ => return None,
    })
}
