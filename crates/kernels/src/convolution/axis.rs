//! What happens along one axis: which positions are written, and what a window reads for each.

use super::shape::Convolution;

/// Positions of one axis that are written alike.
#[derive(Clone, Debug)]
pub(super) struct Axis {
    /// The positions written are `start, start + step, …`, so many.
    pub start: usize,
    pub step: usize,
    pub count: usize,
    /// The kernel positions that a window meets, in the order of what they read.
    pub taps: Vec<usize>,
    /// Positions from what a tap reads to what the next one reads.
    pub apart: usize,
    /// The position that the first tap reads for the first position written; may lie outside.
    pub first: isize,
    /// Positions from what a tap reads to what it reads for the next position written.
    pub read_step: usize,
}

impl Axis {
    /// Output `y` reads input `y · stride − padding + k · dilation` at kernel position `k`.
    pub fn forward(shape: &Convolution, axis: usize) -> Self {
        Self {
            start: 0,
            step: 1,
            count: shape.output()[axis],
            taps: (0..shape.kernel[axis]).collect(),
            apart: shape.dilation[axis],
            first: -(shape.padding[axis] as isize),
            read_step: shape.stride[axis],
        }
    }

    /// Input `y` reads output `(y + padding − k · dilation) / stride` at those kernel positions `k` for which that is
    /// whole. Which ones these are depends on the *phase* `y mod stride` alone. They follow each other at one distance, and
    /// so do the outputs that they read.
    pub fn backward(shape: &Convolution, axis: usize) -> Vec<Self> {
        let [size, kernel, stride, padding, dilation] =
            [shape.size, shape.kernel, shape.stride, shape.padding, shape.dilation].map(|sizes| sizes[axis]);
        (0..stride.min(size))
            .map(|start| {
                let taps: Vec<usize> = (0..kernel)
                    .rev()
                    .filter(|tap| tap * dilation % stride == (start + padding) % stride)
                    .collect();
                let first = taps.first().map_or(0, |&tap| {
                    ((start + padding) as isize - (tap * dilation) as isize) / stride as isize
                });
                let apart = if let [one, next, ..] = taps[..] { (one - next) * dilation / stride } else { 1 };
                let count = (size - start).div_ceil(stride);
                Self { start, step: stride, count, taps, apart, first, read_step: 1 }
            })
            .collect()
    }

    /// The first position that is read, and the one behind the last.
    fn read(&self) -> Option<(isize, isize)> {
        let last = (self.count - 1) * self.read_step + self.taps.len().checked_sub(1)? * self.apart;
        Some((self.first, self.first + last as isize + 1))
    }
}

/// What a plane shows along one axis.
#[derive(Clone, Copy, Debug)]
pub(super) struct Shown {
    pub origin: isize,
    pub step: usize,
    pub size: usize,
}

impl Shown {
    /// All that windows read; where one of them is a single position, without what lies between windows.
    pub fn new(axes: &[Axis]) -> Self {
        let step = if let [Axis { taps, read_step, .. }] = axes
            && taps.len() == 1
        {
            *read_step
        } else {
            1
        };
        let read = || axes.iter().filter_map(Axis::read);
        let origin = read().map(|read| read.0).min().unwrap_or(0);
        let end = read().map(|read| read.1).max().unwrap_or(1);
        Self { origin, step, size: ((end - origin) as usize).div_ceil(step) }
    }

    /// The position of the plane at which the window of an axis' first position starts, and those to the window of the next.
    pub fn windows(&self, axis: &Axis) -> [usize; 2] {
        [(axis.first - self.origin) as usize / self.step, axis.read_step / self.step]
    }
}
