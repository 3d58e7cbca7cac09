//! The gradient with respect to the input: [`Axis::backward`](super::axis::Axis::backward) says what it reads.

use super::correlation::Correlation;
use super::shape::Convolution;
use super::source::Source;
use super::winograd::{self, Turn};
use crate::over::Over;
use crate::precision::Precision;
use crate::statistics::Observer;

/// Computes `grad_x` from the gradient with respect to the output.
pub(super) fn input_gradient(
    shape: &Convolution,
    precision: Precision,
    grad_out: &[f32],
    weight: &[f32],
    grad_x: &mut [f32],
) {
    shape.check(grad_x.len(), weight.len(), grad_out.len());
    let _span = shape.span("convolution, input gradient", precision);
    if shape.batch == 0 {
        return;
    }
    let shape = shape.flat();
    let (grad_out, observer) = (Source::plain(grad_out), Observer::new(Over::Nothing, shape.channels_in, 0));
    if let Some(mirror) = winograd::mirror(&shape, precision) {
        winograd::convolve(&mirror, precision, grad_out, weight, Turn::Backward, grad_x, observer);
    } else {
        Correlation::backward(&shape, precision).run(precision, grad_out, weight, grad_x, observer);
    }
}
