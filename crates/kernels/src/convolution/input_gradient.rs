//! The gradient with respect to the input: [`Axis::backward`](super::axis::Axis::backward) says what it reads.

use super::correlation::Correlation;
use super::shape::Convolution;
use super::source::Source;
use super::winograd::{self, Turn};
use crate::over::Over;
use crate::precision::Precision;
use crate::statistics::Observer;
use crate::values::{Values, ValuesMut};

/// Computes `grad_x` from the gradient with respect to the output.
pub(super) fn input_gradient(
    shape: &Convolution,
    precision: Precision,
    grad_out: Values<'_>,
    weight: &[f32],
    grad_x: ValuesMut<'_>,
) {
    shape.check(grad_x.len(), weight.len(), grad_out.len());
    let _span = shape.span(
        "convolution, input gradient",
        precision,
        [grad_x.element_bytes(), grad_out.element_bytes()],
    );
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
