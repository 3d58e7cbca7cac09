//! The forward pass.

use super::correlation::Correlation;
use super::shape::Convolution;
use super::source::Source;
use super::winograd::{self, Turn};
use crate::normalisation::OnLoad;
use crate::over::Over;
use crate::precision::Precision;
use crate::statistics::{Observer, Statistics};
use crate::values::{Values, ValuesMut};

/// Convolves `x`, normalised where it is read, with `weight` into `out`, and takes statistics of that while it is in the
/// cache.
pub(super) fn forward(
    shape: &Convolution,
    precision: Precision,
    x: Values<'_>,
    on_load: Option<OnLoad<'_>>,
    weight: &[f32],
    over: Over,
    out: ValuesMut<'_>,
) -> Statistics {
    shape.check(x.len(), weight.len(), out.len());
    let _span = shape.span("convolution, forward", precision, [x.element_bytes(), out.element_bytes()]);
    let [depth, height, width] = shape.output();
    over.check([shape.batch, depth * height * width, shape.channels_out]);
    let observer = Observer::new(over, shape.channels_out, shape.output_pixels() * shape.channels_out);
    if shape.batch == 0 {
        return observer.conclude(&[], depth);
    }
    Source::with(shape, x, on_load, |x| {
        let shape = shape.flat();
        let seen = if winograd::suits(&shape, precision) {
            winograd::convolve(&shape, precision, x, weight, Turn::Forward, out, observer)
        } else {
            Correlation::forward(&shape, precision).run(precision, x, weight, out, observer)
        };
        observer.conclude(&seen, depth)
    })
}
