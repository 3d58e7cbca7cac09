//! Weights in the order in which the gather kernel reads them.
//!
//! A window is a few *runs* (one per kernel row) of contiguous floats. Each run is cut into pieces of 16, 4 and 1
//! floats, all pieces of 16 first, so that the kernel's loops have constant lengths. The weights follow the pieces,
//! in panels of 16 outputs: `packed[panel][k][lane]`, the missing outputs of the last panel being zeros. Weights in pairs
//! follow the runs: their kernel counts through each as it is.

use super::unit::Unit;
use crate::pairs::pair_lines;
use crate::scratch::with_scratch;
use crate::simd::LANES_MAX;
use rayon::prelude::*;

/// Outputs in a panel.
pub(super) const PANEL: usize = LANES_MAX;
/// Channels packed together.
const CHANNEL_BLOCK: usize = 16;

/// Where the pieces of a window start, relative to the window, by their length.
#[derive(Clone, Debug, Default)]
pub(super) struct Pieces {
    pub sixteens: Vec<usize>,
    pub fours: Vec<usize>,
    pub ones: Vec<usize>,
    /// Where the runs start, and the floats of each.
    pub runs: Vec<usize>,
    pub run_len: usize,
    /// Floats from a window's first to just after its last.
    pub extent: usize,
}

impl Pieces {
    /// Cuts runs of `run_len` floats that start at `starts`, ascending.
    pub fn new(starts: &[usize], run_len: usize) -> Self {
        let extent = starts.last().map_or(0, |start| start + run_len);
        let mut pieces = Self { extent, runs: starts.to_vec(), run_len, ..Self::default() };
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
        self.runs.len() * self.run_len
    }

    /// The packed position of each float of a window, run after run.
    fn positions(runs: usize, run_len: usize) -> Vec<usize> {
        let (sixteens, ones) = (run_len / 16 * 16, run_len % 4);
        let fours = run_len - sixteens - ones;
        let position = |run, at| {
            if at < sixteens {
                run * sixteens + at
            } else if at < sixteens + fours {
                runs * sixteens + run * fours + (at - sixteens)
            } else {
                runs * (sixteens + fours) + run * ones + (at - sixteens - fours)
            }
        };
        (0..runs * run_len).map(|k| position(k / run_len, k % run_len)).collect()
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
    pub fn packed_len(&self, unit: Unit) -> usize {
        self.outputs[0].next_multiple_of(PANEL) * self.depth() / unit.len()
    }

    /// Weights of an output.
    fn depth(&self) -> usize {
        self.rows.len() * self.columns.len() * self.channels[0]
    }

    /// Packs, one panel per task.
    pub fn pack(&self, unit: Unit, packed: &mut [f32]) {
        let depth = self.depth();
        let positions = self.positions(unit);
        let panels = packed.par_chunks_exact_mut(depth / unit.len() * PANEL).enumerate();
        panels.for_each(|(panel, out)| match unit {
            Unit::Single => self.pack_panel(panel, &positions, out),
            Unit::Pair => with_scratch(depth * PANEL, |singles| {
                self.pack_panel(panel, &positions, singles);
                pair_lines(singles, out);
            }),
        });
    }

    /// The place of each number of a window in a panel.
    fn positions(&self, unit: Unit) -> Vec<usize> {
        match unit {
            Unit::Single => Pieces::positions(self.rows.len(), self.columns.len() * self.channels[0]),
            Unit::Pair => (0..self.depth()).collect(),
        }
    }

    fn pack_panel(&self, panel: usize, positions: &[usize], out: &mut [f32]) {
        let [channels, channel_stride] = self.channels;
        let run_len = self.columns.len() * channels;
        // The taps of a pixel: where each begins in a window, and in the weights.
        let taps: Vec<(usize, usize)> = (self.rows.iter().enumerate())
            .flat_map(|(run, row)| {
                let columns = self.columns.iter().enumerate();
                columns.map(move |(at, column)| (run * run_len + at * channels, row + column))
            })
            .collect();
        let first = panel * PANEL;
        let lanes = PANEL.min(self.outputs[0] - first);
        let (out, _) = out.as_chunks_mut::<PANEL>();
        if lanes < PANEL {
            out.fill([0.0; PANEL]);
        }
        // A few channels at a time, so that what is read and what is written stays in the cache.
        for block in (0..channels).step_by(CHANNEL_BLOCK) {
            let block = block..channels.min(block + CHANNEL_BLOCK);
            for lane in 0..lanes {
                let weight = &self.weight[(first + lane) * self.outputs[1]..];
                for &(window, tap) in &taps {
                    let positions = &positions[window + block.start..window + block.end];
                    let values = weight[tap + block.start * channel_stride..].iter().step_by(channel_stride);
                    for (&position, &value) in positions.iter().zip(values) {
                        out[position][lane] = value;
                    }
                }
            }
        }
    }
}
