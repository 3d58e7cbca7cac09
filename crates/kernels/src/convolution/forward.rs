//! The forward pass.

use super::correlation::Correlation;
use super::shape::Convolution;
use super::winograd::{self, Turn};
use crate::precision::Precision;

/// Convolves `x` with `weight` into `out`.
pub(super) fn forward(shape: &Convolution, precision: Precision, x: &[f32], weight: &[f32], out: &mut [f32]) {
    shape.check(x.len(), weight.len(), out.len());
    let _span = shape.span("convolution, forward", precision);
    if shape.batch == 0 {
        return;
    }
    let shape = shape.flat();
    if winograd::suits(&shape, precision) {
        return winograd::convolve(&shape, precision, x, weight, Turn::Forward, out);
    }
    Correlation::forward(&shape, precision).run(precision, x, weight, out);
}
