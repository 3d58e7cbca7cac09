//! The weight gradient in the tile registers of AMX: sums over the positions of a [grid](super::grid).
//!
//! `sum[tap, channel, output] = Σ_position x[channel][position] · grad_out[position − shift(tap)][output]`: the input is turned,
//! so that the positions of a channel lie side by side; of the output gradients every position makes a line of pairs with the
//! next one, so that a shift is a line from which to start. Inputs of a few channels would leave most rows of a tile empty;
//! then every kernel position's channels get rows of their own, which are shifted instead.
//!
//! Between pixels are positions that are zero; an infinite number that they meet makes NaN.
//!
//! The positions are cut into parts, from the shape alone; each part's sum is made by itself and the sums are added in order.

use super::grid::{Grid, Tap};
use super::shape::Convolution;
use super::source::Source;
use super::strips;
use crate::amx;
use crate::amx::shifted::{ROW_TILES, STEP, Shifted, shifts_max};
use crate::amx::tiles::{Registers, SIDE, TILE};
use crate::precision::Precision;
use crate::scratch::with_scratch;
use crate::simd::dispatch;
use crate::transpose::{Square, transpose};
use crate::values::Values;
use half::bf16;
use pulp::{Simd, WithSimd};
use rayon::prelude::*;
use std::ops::Range;

/// Outputs of a group from which tiles are not mostly zeros.
const OUTPUTS_MIN: usize = 8;
/// Positions for each pixel of the output at most.
const POSITIONS_MAX: usize = 4;
/// Positions in a part at least, so that its sums are few against its products.
const PART: usize = 1024;
/// Parts at most, the tasks that they should make with blocks of outputs, and the floats that the sums of several may take
/// together (8 MiB).
const PARTS_MAX: usize = 32;
const TASKS: usize = 32;
const SUMS_MAX: usize = 1 << 21;
/// Tasks that are wanted, at least, of those that the parts and groups do not make by themselves.
const TASKS_PER_THREAD: usize = 2;
/// Positions that are turned at once at most, and the numbers that they may have.
const TOGETHER: usize = 1024;
const NUMBERS: usize = 3 << 17;

/// Whether tiles are in use and mostly full.
pub(super) fn suits(shape: &Convolution, precision: Precision) -> bool {
    precision == Precision::Bf16
        && amx::in_use()
        && !shape.is_depthwise()
        && shape.group_channels()[1] >= OUTPUTS_MIN
        && Grid::new(shape).len() <= POSITIONS_MAX * shape.batch * shape.output().iter().product::<usize>()
}

/// Computes `grad_weight` of a shape that [`suits`].
pub(super) fn weight_gradient(
    shape: &Convolution,
    x: Source<'_>,
    grad_out: Values<'_>,
    grad_weight: &mut [f32],
) {
    let grid = Grid::new(shape);
    let rows = Rows::new(shape, &grid);
    let sums = Sums::new(shape, &grid, &rows);
    with_scratch(sums.parts * sums.len(), |parts| {
        sums.add_up(x, Source::plain(grad_out), parts);
        sums.collect(parts, grad_weight);
    });
}

/// What the rows of tiles are.
struct Rows<'a> {
    taps: &'a [Tap],
    /// Kernel positions, phase by phase, in the order in which they are multiplied.
    order: Vec<usize>,
    /// Channels of a group.
    channels: usize,
    /// Whether each row is a kernel position and a channel; else a tile is sixteen channels of a phase.
    one_by_one: bool,
    /// Tiles of each phase, and those of sums.
    tiles: usize,
    count: usize,
    /// The least shift, and positions from it to the greatest.
    first: isize,
    span: usize,
}

impl<'a> Rows<'a> {
    fn new(shape: &Convolution, grid: &'a Grid) -> Self {
        let [channels, _] = shape.group_channels();
        let (taps, [first, last]) = (&grid.taps[..], grid.shifts());
        let one_by_one = channels < SIDE && taps.len() > 1;
        let tiles = if one_by_one { (taps.len() * channels).div_ceil(SIDE) } else { channels.div_ceil(SIDE) };
        let count = if one_by_one { tiles } else { taps.len() * tiles };
        let mut order: Vec<usize> = (0..taps.len()).collect();
        order.sort_by_key(|&tap| taps[tap].phase);
        Self { taps, order, channels, one_by_one, tiles, count, first, span: (last - first) as usize }
    }

    /// The row of a kernel position's channel, counted through all tiles of sums.
    fn of(&self, channel: usize, tap: usize) -> usize {
        if self.one_by_one {
            return tap * self.channels + channel;
        }
        let tile = channel / SIDE;
        let first = tile / ROW_TILES * ROW_TILES;
        let together = ROW_TILES.min(self.tiles - first);
        let tap = self.order.iter().position(|&at| at == tap).expect("every kernel position is there");
        (first * self.taps.len() + tap * together + tile - first) * SIDE + channel % SIDE
    }

    /// What is multiplied: tiles of rows, and the shifts of lines that they meet.
    fn products(&self, row_len: usize) -> Vec<([usize; ROW_TILES], usize, Vec<usize>)> {
        let mut products = Vec::new();
        for first in (0..self.tiles).step_by(ROW_TILES) {
            let together = ROW_TILES.min(self.tiles - first);
            let mut add = |phase: usize, shifts: Vec<usize>| {
                let start =
                    |tile: usize| (phase * self.tiles + first + tile.min(together - 1)) * SIDE * row_len;
                let at_once = shifts.len().div_ceil(shifts.len().div_ceil(shifts_max(together)));
                for shifts in shifts.chunks(at_once) {
                    products.push(([start(0), start(1)], together, shifts.to_vec()));
                }
            };
            if self.one_by_one {
                add(0, vec![0]);
                continue;
            }
            for taps in self.order.chunk_by(|&a, &b| self.taps[a].phase == self.taps[b].phase) {
                // What is shifted are the output gradients: the greatest shift reads the first line.
                let line = |&tap: &usize| (self.first - self.taps[tap].shift + self.span as isize) as usize;
                add(self.taps[taps[0]].phase, taps.iter().map(line).collect());
            }
        }
        products
    }

    /// Lines from one that a product takes to the next: without shifts, every second position needs none.
    fn apart(&self) -> usize {
        if self.lines_span() == 0 { 1 } else { 2 }
    }

    /// Positions between the lines of the first shift and those of the last.
    fn lines_span(&self) -> usize {
        if self.one_by_one { 0 } else { self.span }
    }
}

/// Sums as `[group, block of sixteen outputs, row, output of the block]` for each part.
struct Sums<'a> {
    shape: &'a Convolution,
    grid: &'a Grid,
    rows: &'a Rows<'a>,
    parts: usize,
    /// Positions of a part, of which the last may have fewer.
    part_len: usize,
    /// Blocks of outputs of a group.
    blocks: usize,
}

/// Some outputs of a group in one part.
struct Task<'a> {
    part: usize,
    group: usize,
    first_block: usize,
    sums: &'a mut [f32],
}

impl<'a> Sums<'a> {
    fn new(shape: &'a Convolution, grid: &'a Grid, rows: &'a Rows<'a>) -> Self {
        let blocks = shape.group_channels()[1].div_ceil(SIDE);
        let (tasks, sums) = (shape.groups * blocks, shape.groups * blocks * rows.count * TILE);
        let parts = (grid.len() / PART).min(SUMS_MAX / sums).min(TASKS.div_ceil(tasks));
        let parts = parts.clamp(1, PARTS_MAX);
        let part_len = grid.len().div_ceil(parts).next_multiple_of(STEP);
        Self { shape, grid, rows, parts: grid.len().div_ceil(part_len), part_len, blocks }
    }

    /// Floats of a block's sums.
    fn block_len(&self) -> usize {
        self.rows.count * TILE
    }

    /// Floats of a part's sums.
    fn len(&self) -> usize {
        self.shape.groups * self.blocks * self.block_len()
    }

    /// Makes the sums of all parts.
    fn add_up(&self, x: Source<'_>, grad_out: Source<'_>, sums: &mut [f32]) {
        self.tasks(sums).into_par_iter().for_each(|Task { part, group, first_block, sums }| {
            let positions = part * self.part_len..self.grid.len().min((part + 1) * self.part_len);
            let [read, written] = self.shape.group_channels();
            let end = first_block + sums.len() / self.block_len();
            let [first, end] = [first_block, end].map(|block| group * written + written.min(block * SIDE));
            let channels = self.grid.phases.len() * read.next_multiple_of(SIDE) + (end - first);
            let pieces = positions.len().div_ceil((NUMBERS / channels).clamp(STEP, TOGETHER));
            let together = positions.len().div_ceil(pieces).next_multiple_of(STEP);
            for start in positions.clone().step_by(together) {
                let piece = Piece {
                    start,
                    steps: positions.end.min(start + together).abs_diff(start).div_ceil(STEP),
                    inputs: group * read..(group + 1) * read,
                    outputs: first..end,
                };
                self.add_piece(&piece, x, grad_out, start > positions.start, sums);
            }
        });
    }

    /// Adds the products of a piece, or takes them as the sums.
    fn add_piece(&self, piece: &Piece, x: Source<'_>, grad_out: Source<'_>, add: bool, sums: &mut [f32]) {
        let Self { grid, rows, .. } = *self;
        let (len, apart) = (piece.steps * STEP, rows.apart());
        let lines_of_block = (len + rows.lines_span()) * apart / 2 * SIDE;
        let blocks = sums.len() / self.block_len();
        with_scratch(blocks * lines_of_block, |lines| {
            piece.pair(grid, rows, grad_out, lines);
            rows.with_turned(grid, x, piece, |turned, row_stride| {
                let products = rows.products(row_stride);
                let registers = Registers::configure();
                let blocks = sums.chunks_exact_mut(self.block_len());
                for (mut sums, lines) in blocks.zip(lines.chunks_exact(lines_of_block)) {
                    for (row_tiles, tiles, shifts) in &products {
                        let (here, rest) = sums.split_at_mut(tiles * shifts.len() * TILE);
                        let shifted = Shifted {
                            rows: turned,
                            row_tiles: &row_tiles[..*tiles],
                            row_stride,
                            lines,
                            shifts,
                            apart,
                            steps: piece.steps,
                        };
                        registers.multiply_shifted(&shifted, here, add);
                        sums = rest;
                    }
                }
            });
        });
    }

    /// Each part's sums, shared among tasks: as few as keep all threads busy, since each turns its own positions.
    fn tasks<'s>(&self, sums: &'s mut [f32]) -> Vec<Task<'s>> {
        let wanted = TASKS_PER_THREAD * rayon::current_num_threads();
        let tasks = wanted.div_ceil(self.parts * self.shape.groups);
        let blocks = self.blocks.div_ceil(tasks);
        let mut tasks = Vec::new();
        for (part, sums) in sums.chunks_mut(self.len()).enumerate() {
            for (group, sums) in sums.chunks_mut(self.blocks * self.block_len()).enumerate() {
                for (task, sums) in sums.chunks_mut(blocks * self.block_len()).enumerate() {
                    tasks.push(Task { part, group, first_block: task * blocks, sums });
                }
            }
        }
        tasks
    }

    /// Adds the parts and writes the total in the order of the weights.
    fn collect(&self, sums: &[f32], grad_weight: &mut [f32]) {
        let ([channels, written], taps) = (self.shape.group_channels(), self.grid.taps.len());
        let depth = channels * taps;
        let places: Vec<usize> =
            (0..depth).map(|weight| self.rows.of(weight / taps, weight % taps) * SIDE).collect();
        grad_weight.par_chunks_mut(written * depth).enumerate().for_each(|(group, gradients)| {
            gradients.par_chunks_mut(SIDE * depth).enumerate().for_each(|(tile, gradients)| {
                let first = (group * self.blocks + tile) * self.block_len();
                dispatch(Collect { sums: &sums[first..], part_len: self.len(), places: &places, gradients });
            });
        });
    }
}

/// Some positions that are multiplied at once, with zeros to the end of the last step.
struct Piece {
    start: usize,
    steps: usize,
    /// Channels of the input, and of the output.
    inputs: Range<usize>,
    outputs: Range<usize>,
}

impl Piece {
    /// The output gradients as `[block of outputs][position][output]`, each with the next position's.
    fn pair(&self, grid: &Grid, rows: &Rows<'_>, grad_out: Source<'_>, lines: &mut [f32]) {
        let apart = rows.apart();
        let len = self.steps * STEP + rows.lines_span();
        let first = self.start as isize - if rows.one_by_one { 0 } else { rows.first + rows.span as isize };
        strips::pair(grid, grad_out, first..first + len as isize, self.outputs.clone(), apart, lines);
    }
}

impl Rows<'_> {
    /// Gives `work` the rows of a piece, and the numbers from one to the next.
    fn with_turned(&self, grid: &Grid, x: Source<'_>, piece: &Piece, work: impl FnOnce(&[bf16], usize)) {
        // Own rows are shifted themselves.
        let (first, span) = if self.one_by_one { (self.first, self.span) } else { (0, 0) };
        let len = piece.steps * STEP + span;
        let row_len = strips::row_len(len);
        let of_phase = self.channels.next_multiple_of(SIDE) * row_len / 2;
        with_scratch(grid.phases.len() * of_phase, |turned| {
            for (pixels, turned) in grid.phases.iter().zip(turned.chunks_exact_mut(of_phase)) {
                let start = piece.start as isize + first;
                let positions = start..start + len as isize;
                strips::turn(grid, pixels, x, positions, piece.inputs.clone(), turned);
            }
            let turned: &[bf16] = bytemuck::cast_slice(turned);
            if self.one_by_one {
                self.with_own_rows(turned, row_len, piece.steps * STEP, work);
            } else {
                work(turned, row_len);
            }
        });
    }

    /// Copies what each kernel position reads of each channel.
    fn with_own_rows(
        &self,
        turned: &[bf16],
        turned_len: usize,
        len: usize,
        work: impl FnOnce(&[bf16], usize),
    ) {
        let row_len = strips::row_len(len);
        with_scratch(self.tiles * SIDE * row_len / 2, |rows| {
            let rows: &mut [bf16] = bytemuck::cast_slice_mut(rows);
            let channels =
                self.taps.iter().flat_map(|tap| (0..self.channels).map(move |channel| (tap, channel)));
            for ((tap, channel), row) in channels.zip(rows.chunks_exact_mut(row_len)) {
                let from = (tap.phase * SIDE + channel) * turned_len + (tap.shift - self.first) as usize;
                row[..len].copy_from_slice(&turned[from..][..len]);
            }
            work(rows, row_len);
        });
    }
}

/// Adds the sums of all parts for sixteen outputs, or fewer, and writes them as `[output, weight]`.
struct Collect<'a> {
    sums: &'a [f32],
    part_len: usize,
    places: &'a [usize],
    gradients: &'a mut [f32],
}

impl WithSimd for Collect<'_> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) {
        let Self { sums, part_len, places, gradients } = self;
        let depth = places.len();
        for (chunk, places) in places.chunks(SIDE).enumerate() {
            let mut square: Square = [[0.0; SIDE]; SIDE];
            for (line, place) in square.iter_mut().zip(places) {
                for part in sums[*place..].chunks(part_len) {
                    let Some(part) = part.first_chunk::<SIDE>() else { break };
                    for lane in 0..SIDE {
                        line[lane] += part[lane];
                    }
                }
            }
            transpose(simd, &mut square);
            for (line, gradient) in square.iter().zip(gradients.chunks_exact_mut(depth)) {
                gradient[chunk * SIDE..][..places.len()].copy_from_slice(&line[..places.len()]);
            }
        }
    }
}
