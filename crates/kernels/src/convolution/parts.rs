//! The output in parts, whose sums of the weight gradient are made by themselves and added in order.

use super::correlation::slices_per_task;
use super::shape::Convolution;
use std::ops::Range;

/// Parts at most.
const PARTS_MAX: usize = 32;
/// Floats that the parts' sums may take together (8 MiB), if there is more than one.
const SUMS_MAX: usize = 1 << 21;

/// How the slices of the output are shared, from the shape alone.
#[derive(Clone, Copy, Debug)]
pub(super) struct Parts {
    pub count: usize,
    /// Slices whose stacks are filled at a time.
    pub together: usize,
    /// Slices of a part, the last of which may have fewer, and of all.
    slices: usize,
    all: usize,
}

impl Parts {
    /// Parts of so many output pixels at least, which take so many sums each.
    pub fn new(shape: &Convolution, pixels_min: usize, sums_len: usize) -> Self {
        let (all, pixels) = (shape.batch * shape.output()[0], shape.output_pixels());
        let parts_max = (SUMS_MAX / sums_len).clamp(1, PARTS_MAX);
        let slices = all.div_ceil(parts_max).max(pixels_min.div_ceil(pixels));
        Self { count: all.div_ceil(slices), together: slices_per_task(pixels).min(slices), slices, all }
    }

    /// The slices of a part, some at a time.
    pub fn fills(self, part: usize) -> impl Iterator<Item = Range<usize>> {
        let slices = part * self.slices..self.all.min((part + 1) * self.slices);
        slices.clone().step_by(self.together).map(move |first| first..slices.end.min(first + self.together))
    }
}
