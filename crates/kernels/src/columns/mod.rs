//! What every normalisation is made of: sums and elementwise passes over the columns of a matrix
//! `[rows, channels]`.
//!
//! Rows are taken together until their length is a multiple of [`BLOCK`] floats, a *long row*, so that any number of
//! channels fills whole vectors; parameters are repeated to that length ([`Layout::repeat`]). Rows that remain at
//! the end are copied into a long row of their own.
//!
//! What is not here: which rows and channels form a group, and threads.

mod gradient;
mod moments;
mod normalise;
#[cfg(test)]
mod twins;

use crate::element::Element;
use crate::simd::BLOCK;
pub(crate) use gradient::{GradientSums, Parameters, gradient_sums, input_gradient};
pub(crate) use moments::{Moments, channel_moments};
pub(crate) use normalise::normalise;

/// Long rows that are summed in single precision before the sum goes on in double precision.
const SUM_ROWS: usize = 64;

/// How a matrix `[rows, channels]` is walked.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Layout {
    channels: usize,
    /// Rows in a long row.
    together: usize,
}

impl Layout {
    pub fn new(channels: usize) -> Self {
        let twos = channels.trailing_zeros().min(BLOCK.trailing_zeros());
        Self { channels, together: BLOCK >> twos }
    }

    pub fn channels(self) -> usize {
        self.channels
    }

    /// Floats of a long row, a multiple of [`BLOCK`].
    fn width(self) -> usize {
        self.channels * self.together
    }

    /// Floats a task should take: about 64 Ki, and whole sums; from the shape alone.
    pub fn floats_per_task(self) -> usize {
        let sum = self.width() * SUM_ROWS;
        ((1 << 16) / sum).max(1) * sum
    }

    /// Repeats one value per channel to a long row.
    pub fn repeat(self, values: &[f32]) -> Vec<f32> {
        values.repeat(self.together)
    }

    /// Floats in the whole long rows of a matrix of `len` floats.
    fn whole(self, len: usize) -> usize {
        len / self.width() * self.width()
    }

    /// Adds up what a long row holds for each channel.
    fn fold(self, long: &[f64]) -> Vec<f64> {
        let mut sums = vec![0.0; self.channels];
        for row in long.chunks_exact(self.channels) {
            for (sum, value) in sums.iter_mut().zip(row) {
                *sum += value;
            }
        }
        sums
    }
}

/// Rows that do not fill a long row, as one.
fn pad<E: Element>(values: &[E], width: usize) -> Vec<E> {
    let mut padded = values.to_vec();
    padded.resize(width, E::zeroed());
    padded
}
