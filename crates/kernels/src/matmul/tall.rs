//! The plan for many rows: `b` is packed by all, and each task computes some rows.
//!
//! A task packs its rows of `a`, unless they are used too seldom to be worth it, over a block of the depth into the cache of
//! its core, where they are multiplied with one panel of columns after the other. Of wide or deep matrices `b` is packed and
//! multiplied by parts.

use super::block::Block;
use super::pack::packed_rows;
use super::part::Part;
use super::unit::Unit;
use super::{COLUMNS, ROWS, TASK_FLOPS};
use crate::scratch::with_scratch;
use rayon::prelude::*;
use std::ops::Range;

/// Units of the depth in a block at most: few enough for the second cache of a core to hold the panels that meet, and many,
/// because sums go to memory after each block.
pub(super) const DEPTH: usize = 1024;
/// Columns that are packed together, and that go through the second cache of a core together.
const CHUNK: usize = 4 * COLUMNS;
/// Floats of `b` that are packed at a time.
const PACKED: usize = 1 << 21;
/// Columns that are packed at a time.
const PACKED_COLUMNS: usize = 4096;
/// Panels of rows in a task at most: what they pack fits in the second cache of a core.
const PANELS: usize = 4;
/// Rows in a task at most where tiles multiply, of which they take so many at a time; and tasks that are wanted then.
const TILED_ROWS: usize = 256;
const TILED_STEP: usize = 32;
const TILED_TASKS: usize = 8;
/// Columns up to which rows that are contiguous along the depth are multiplied where they are.
const FEW_COLUMNS: usize = 4 * COLUMNS;
/// Rows at a multiple of this distance meet in a few places of the first cache.
const ALIAS: usize = 1024;
/// Floats that a task packs at least.
const PACK_TASK: usize = 1 << 15;

/// Computes the product into `c`, which is contiguous.
pub(super) fn multiply(block: &Block<'_>, c: &mut [f32]) {
    let n = block.size[2];
    for first in (0..n).step_by(PACKED_COLUMNS) {
        let columns = first..n.min(first + PACKED_COLUMNS);
        let width = columns.len().next_multiple_of(COLUMNS);
        let together = (PACKED / (width * block.units_per_block())).max(1);
        for depth in (0..block.depth_blocks()).step_by(together) {
            let slab = Slab {
                block,
                columns: columns.clone(),
                depth: depth..block.depth_blocks().min(depth + together),
            };
            with_scratch(width * slab.units().len(), |packed| {
                slab.pack(packed);
                slab.multiply(packed, c);
            });
        }
    }
}

/// Some columns of `b`, over some blocks of the depth.
struct Slab<'a> {
    block: &'a Block<'a>,
    columns: Range<usize>,
    depth: Range<usize>,
}

impl Slab<'_> {
    fn units(&self) -> Range<usize> {
        self.block.depth_block(self.depth.start).start..self.block.depth_block(self.depth.end - 1).end
    }

    fn width(&self) -> usize {
        self.columns.len().next_multiple_of(COLUMNS)
    }

    /// The packed panels of a block of the depth, as a range of what is packed.
    fn packed(&self, depth: usize) -> Range<usize> {
        let (first, block) = (self.units().start, self.block.depth_block(depth));
        (block.start - first) * self.width()..(block.end - first) * self.width()
    }

    /// `packed[block of depth][panel][unit][column]`.
    fn pack(&self, packed: &mut [f32]) {
        let block_len = self.block.units_per_block() * self.width();
        packed.par_chunks_mut(block_len).enumerate().for_each(|(index, packed)| {
            let units = self.block.depth_block(self.depth.start + index);
            let chunk_len = units.len() * CHUNK;
            let chunks = packed.par_chunks_mut(chunk_len).enumerate();
            chunks.with_min_len(PACK_TASK.div_ceil(chunk_len)).for_each(|(chunk, out)| {
                let first = self.columns.start + chunk * CHUNK;
                let columns = first..self.columns.end.min(first + CHUNK);
                self.block.b.pack_columns(self.block.unit, columns, units.clone(), out);
            });
        });
    }

    fn multiply(&self, packed: &[f32], c: &mut [f32]) {
        let [m, k, n] = self.block.size;
        // Few enough rows to share the work well, and enough to be worth a task.
        let least = TASK_FLOPS.div_ceil((2 * k * n).max(1)).div_ceil(ROWS);
        let panels = m.div_ceil(16 * ROWS).max(least).min(PANELS);
        let rows = match self.block.unit {
            // The faster the products, the more seldom `b` should be read.
            Unit::Tile => m.div_ceil(TILED_TASKS).next_multiple_of(TILED_STEP).min(TILED_ROWS),
            _ => panels * ROWS,
        };
        c.par_chunks_mut(rows * n).with_max_len(1).enumerate().for_each(|(task, c)| {
            let first = task * rows;
            let rows = first..first + c.len() / n;
            for depth in self.depth.clone() {
                self.rows(packed, rows.clone(), depth, c);
            }
        });
    }

    /// Some rows, which are `c`, over one block of the depth.
    fn rows(&self, packed: &[f32], rows: Range<usize>, depth: usize, c: &mut [f32]) {
        let Block { unit, a, .. } = *self.block;
        let units = self.block.depth_block(depth);
        let in_place = unit == Unit::Single
            && a.along == 1
            && !a.across.is_multiple_of(ALIAS)
            && self.columns.len() <= FEW_COLUMNS
            && !units.is_empty();
        if in_place {
            let a_row = Some(a.across);
            let a = &a.values[rows.start * a.across + units.start..];
            return self.chunks(packed, Part { a, a_row, ..self.part(rows, depth) }, depth, c);
        }
        with_scratch(packed_rows(unit, rows.len()) * units.len(), |packed_a| {
            a.pack_rows(unit, rows.clone(), units, packed_a);
            self.chunks(packed, Part { a: packed_a, ..self.part(rows, depth) }, depth, c);
        });
    }

    /// A part of the output with these rows over one block of the depth, but for the operands and the columns.
    fn part(&self, rows: Range<usize>, depth: usize) -> Part<'_> {
        let (units, n) = (self.block.depth_block(depth).len(), self.block.size[2]);
        Part {
            rows: rows.len(),
            columns: 0,
            depth: units,
            a: &[],
            a_row: None,
            b: &[],
            b_line: COLUMNS,
            b_panel: COLUMNS * units,
            out: &mut [],
            row_len: n,
            finish: self.block.finish_at(depth).part(rows.start, 0, n),
        }
    }

    /// The chunks of columns of a part.
    fn chunks(&self, packed: &[f32], part: Part<'_>, depth: usize, c: &mut [f32]) {
        let packed = &packed[self.packed(depth)];
        for first in self.columns.clone().step_by(CHUNK) {
            let chunk = Part {
                columns: CHUNK.min(self.columns.end - first),
                b: &packed[(first - self.columns.start) * part.depth..],
                out: &mut c[first..],
                finish: part.finish.part(0, first, part.row_len),
                ..part
            };
            chunk.run(self.block.unit);
        }
    }
}
