//! Weights in the order in which the gather kernel reads them.
//!
//! A window is a few *runs* (one per kernel row) of contiguous floats. Each run is cut into pieces of 16, 4 and 1
//! floats, all pieces of 16 first, so that the kernel's loops have constant lengths. The weights follow the pieces,
//! in panels of 16 outputs: `packed[panel][k][lane]`, the missing outputs of the last panel being zeros.

use crate::simd::LANES_MAX;
use rayon::prelude::*;

/// Outputs in a panel.
pub(super) const PANEL: usize = LANES_MAX;

/// Where the pieces of a window start, relative to the window, by their length.
#[derive(Clone, Debug, Default)]
pub(super) struct Pieces {
    pub sixteens: Vec<usize>,
    pub fours: Vec<usize>,
    pub ones: Vec<usize>,
}

impl Pieces {
    /// Cuts runs of `run_len` floats that start at `starts`.
    pub fn new(starts: &[usize], run_len: usize) -> Self {
        let mut pieces = Self::default();
        for &start in starts {
            let (fours, ones) = (run_len / 16 * 16, run_len / 4 * 4);
            pieces.sixteens.extend((0..fours).step_by(16).map(|at| start + at));
            pieces.fours.extend((fours..ones).step_by(4).map(|at| start + at));
            pieces.ones.extend((ones..run_len).map(|at| start + at));
        }
        pieces
    }

    /// Floats in a window.
    pub fn depth(&self) -> usize {
        16 * self.sixteens.len() + 4 * self.fours.len() + self.ones.len()
    }

    /// The packed position of the first of every four floats... of a run's float `at`.
    fn positions(runs: usize, run_len: usize) -> impl Fn(usize, usize) -> usize {
        let sixteens = run_len / 16;
        let fours = run_len % 16 / 4;
        let ones = run_len % 4;
        move |run, at| {
            if at < 16 * sixteens {
                run * 16 * sixteens + at
            } else if at < run_len - ones {
                runs * 16 * sixteens + run * 4 * fours + (at - 16 * sixteens)
            } else {
                runs * (run_len - ones) + run * ones + (at - (run_len - ones))
            }
        }
    }
}

/// How a weight tensor is read while packing.
#[derive(Clone, Copy, Debug)]
pub(super) struct WeightView<'a> {
    pub weight: &'a [f32],
    /// Outputs, and the distance between them.
    pub outputs: [usize; 2],
    /// Channels of a window's pixel, and the distance between them.
    pub channels: [usize; 2],
    /// The kernel rows of the runs, in their order, as offsets into the weights.
    pub rows: &'a [usize],
    /// The kernel columns inside a run, in their order, as offsets into the weights.
    pub columns: &'a [usize],
}

impl WeightView<'_> {
    /// Floats the packed weights take.
    pub fn packed_len(&self) -> usize {
        self.outputs[0].next_multiple_of(PANEL) * self.rows.len() * self.columns.len() * self.channels[0]
    }

    /// Packs, one panel per task.
    pub fn pack(&self, packed: &mut [f32]) {
        let run_len = self.columns.len() * self.channels[0];
        let depth = self.rows.len() * run_len;
        let position = Pieces::positions(self.rows.len(), run_len);
        packed.par_chunks_exact_mut(depth * PANEL).enumerate().for_each(|(panel, out)| {
            let first = panel * PANEL;
            let lanes = PANEL.min(self.outputs[0] - first);
            let (out, _) = out.as_chunks_mut::<PANEL>();
            for channel in 0..self.channels[0] {
                for (run, row) in self.rows.iter().enumerate() {
                    for (column_index, column) in self.columns.iter().enumerate() {
                        let target = &mut out[position(run, column_index * self.channels[0] + channel)];
                        let source = channel * self.channels[1] + row + column;
                        target[lanes..].fill(0.0);
                        for (lane, value) in target[..lanes].iter_mut().enumerate() {
                            *value = self.weight[(first + lane) * self.outputs[1] + source];
                        }
                    }
                }
            }
        });
    }
}
