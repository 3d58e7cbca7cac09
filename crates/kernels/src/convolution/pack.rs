//! Weights in the order in which the gather kernel reads them.
//!
//! A window is a few *runs* (one per kernel row) of contiguous floats. Each run is cut into pieces of 16, 4 and 1
//! floats, all pieces of 16 first, so that the kernel's loops have constant lengths. The weights follow the pieces,
//! in panels of 16 outputs: `packed[panel][k][lane]`, the missing outputs of the last panel being zeros. Weights in pairs
//! follow the runs: their kernel counts through each as it is. For tiles, each run is filled up with zeros to whole steps.

use super::unit::Unit;
use crate::pairs::pair_lines;
use crate::scratch::with_scratch;
use crate::simd::{LANES_MAX, dispatch};
use crate::transpose::transpose;
use pulp::{Simd, WithSimd};
use rayon::prelude::*;
use std::ops::Range;

/// Outputs in a panel.
pub(super) const PANEL: usize = LANES_MAX;

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
        self.outputs[0].next_multiple_of(PANEL) * self.depth(unit)
    }

    /// Numbers in a run of a window.
    fn run_len(&self) -> usize {
        self.columns.len() * self.channels[0]
    }

    /// Lines of a panel.
    fn depth(&self, unit: Unit) -> usize {
        self.rows.len() * unit.run_stride(self.run_len() / unit.len())
    }

    /// Packs, one panel per task.
    pub fn pack(&self, unit: Unit, packed: &mut [f32]) {
        let depth = self.depth(unit);
        let positions = self.positions(unit);
        let panels = packed.par_chunks_exact_mut(depth * PANEL).enumerate();
        panels.for_each(|(panel, out)| match unit {
            Unit::Single => self.pack_panel(panel, &positions, out),
            Unit::Pair | Unit::Tile => with_scratch(unit.len() * depth * PANEL, |singles| {
                self.pack_panel(panel, &positions, singles);
                pair_lines(singles, out);
            }),
        });
    }

    /// The place of each number of a window in a panel.
    fn positions(&self, unit: Unit) -> Vec<usize> {
        let (runs, run_len) = (self.rows.len(), self.run_len());
        if unit == Unit::Single {
            return Pieces::positions(runs, run_len);
        }
        let run_stride = unit.len() * unit.run_stride(run_len / unit.len());
        (0..runs * run_len).map(|k| k / run_len * run_stride + k % run_len).collect()
    }

    fn pack_panel(&self, panel: usize, positions: &[usize], out: &mut [f32]) {
        let (out, _) = out.as_chunks_mut::<PANEL>();
        let first = panel * PANEL;
        let lanes = PANEL.min(self.outputs[0] - first);
        if lanes < PANEL || out.len() > positions.len() {
            out.fill([0.0; PANEL]);
        }
        dispatch(Panel { view: *self, first, lanes, positions, out });
    }

    /// The taps of a pixel: where each begins in a window, and in the weights.
    fn taps(&self) -> Vec<(usize, usize)> {
        let run_len = self.run_len();
        let rows = self.rows.iter().enumerate();
        rows.flat_map(|(run, row)| {
            let columns = self.columns.iter().enumerate();
            columns.map(move |(at, column)| (run * run_len + at * self.channels[0], row + column))
        })
        .collect()
    }
}

/// Some outputs' weights as a panel.
struct Panel<'a> {
    view: WeightView<'a>,
    /// The first output, and how many there are.
    first: usize,
    lanes: usize,
    positions: &'a [usize],
    out: &'a mut [[f32; PANEL]],
}

impl WithSimd for Panel<'_> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(mut self, simd: S) {
        let WeightView { outputs: [_, next_output], channels: [channels, next_channel], .. } = self.view;
        let taps = self.view.taps();
        if next_output == 1 {
            for channel in 0..channels {
                for (window, tap) in &taps {
                    let weights = &self.view.weight[self.first + channel * next_channel + tap..];
                    self.out[self.positions[window + channel]][..self.lanes]
                        .copy_from_slice(&weights[..self.lanes]);
                }
            }
            return;
        }
        // Where the tap at each place of a channel's weights begins in a window.
        let mut windows = vec![None; taps.iter().map(|(_, tap)| tap + 1).max().unwrap_or(0)];
        for &(window, tap) in &taps {
            windows[tap] = Some(window);
        }
        if windows.len() == next_channel {
            // The weights of an output have no gaps: all channels go at once.
            self.turn(simd, 0, 0..channels, &windows);
        } else {
            for channel in 0..channels {
                self.turn(simd, channel * next_channel, channel..channel + 1, &windows);
            }
        }
    }
}

impl Panel<'_> {
    /// Packs the weights of some channels, which begin at `start` and follow each other, in squares that are turned.
    #[inline(always)]
    fn turn<S: Simd>(&mut self, simd: S, start: usize, channels: Range<usize>, windows: &[Option<usize>]) {
        let len = channels.len() * windows.len();
        let (mut channel, mut tap) = (channels.start, 0);
        for block in (0..len).step_by(LANES_MAX) {
            let count = LANES_MAX.min(len - block);
            let mut square = [[0.0; LANES_MAX]; LANES_MAX];
            for lane in 0..self.lanes {
                let output = (self.first + lane) * self.view.outputs[1];
                let weights = &self.view.weight[output + start + block..];
                match weights.first_chunk() {
                    Some(line) => square[lane] = *line,
                    None => square[lane][..count].copy_from_slice(&weights[..count]),
                }
            }
            transpose(simd, &mut square);
            for line in &square[..count] {
                if let Some(window) = windows[tap] {
                    self.out[self.positions[window + channel]] = *line;
                }
                tap += 1;
                if tap == windows.len() {
                    (channel, tap) = (channel + 1, 0);
                }
            }
        }
    }
}
