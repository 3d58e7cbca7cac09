//! The plan for few rows: `a` is packed by all, and each task computes some columns, packing its part of `b` on the way.

use super::block::Block;
use super::columns::by_columns;
use super::epilogue::Finish;
use super::pack::{packed_rows, panel_rows};
use super::part::Part;
use super::unit::Unit;
use super::{COLUMNS, ROWS, TASK_FLOPS};
use crate::scratch::with_scratch;
use rayon::prelude::*;
use std::ops::Range;

/// Units of the depth in a block at most: what is packed of `b` stays in the second cache of a core, beside the rows.
pub(super) const DEPTH: usize = 512;
/// Tasks that are wanted of a large product.
const TASKS: usize = 16;
/// Columns that are packed and multiplied together; fewer are read from memory in pieces that are too short.
const CHUNK: usize = 2 * COLUMNS;
/// Rows up to which `b` is not packed where it need not be: each line of it is read once for every panel of rows.
const DIRECT_ROWS: usize = 2 * ROWS;
/// Floats that a task packs at least.
const PACKED: usize = 1 << 15;

/// Computes the product into `c`, which is contiguous.
pub(super) fn multiply(block: &Block<'_>, c: &mut [f32]) {
    let [m, k, n] = block.size;
    let panels = n.div_ceil(COLUMNS);
    let least = TASK_FLOPS.div_ceil((2 * m * k * COLUMNS).max(1));
    let width = panels.div_ceil(TASKS).max(least).max(CHUNK / COLUMNS).min(panels) * COLUMNS;
    with_scratch(packed_rows(block.unit, m) * block.units(), |a| {
        pack(block, a);
        let columns = Columns { block, a };
        by_columns(block, width, c, |range, finish, out, row_len| columns.run(range, finish, out, row_len));
    });
}

/// `packed[block of depth][panel][unit][row]`.
fn pack(block: &Block<'_>, packed: &mut [f32]) {
    let rows = packed_rows(block.unit, block.size[0]);
    let block_len = (rows * block.units_per_block()).max(1);
    packed.par_chunks_mut(block_len).enumerate().for_each(|(depth, packed)| {
        let units = block.depth_block(depth);
        let rows_per_panel = panel_rows(block.unit);
        let panel_len = rows_per_panel * units.len();
        let panels = packed.par_chunks_mut(panel_len).enumerate();
        panels.with_min_len(PACKED.div_ceil(panel_len)).for_each(|(panel, out)| {
            let [first, end] = [panel, panel + 1].map(|panel| block.size[0].min(panel * rows_per_panel));
            let rows = first..end;
            block.a.pack_rows(block.unit, rows, units.clone(), out);
        });
    });
}

/// What every task reads.
struct Columns<'a> {
    block: &'a Block<'a>,
    /// Packed by [`pack`].
    a: &'a [f32],
}

impl Columns<'_> {
    /// Computes some columns into `out`, whose rows are `row_len` floats apart; `finish` begins with `out`.
    fn run(&self, columns: Range<usize>, finish: Finish<'_>, out: &mut [f32], row_len: usize) {
        let block = self.block;
        for depth in 0..block.depth_blocks() {
            let finish = finish.at_depth(depth == 0, depth + 1 == block.depth_blocks());
            for first in columns.clone().step_by(CHUNK) {
                let chunk = first..columns.end.min(first + CHUNK);
                let at = first - columns.start;
                let finish = finish.part(0, at, row_len);
                self.chunk(chunk, block.depth_block(depth), finish, &mut out[at..], row_len);
            }
        }
    }

    /// Computes some columns over some units of the depth.
    fn chunk(
        &self,
        columns: Range<usize>,
        units: Range<usize>,
        finish: Finish<'_>,
        out: &mut [f32],
        row_len: usize,
    ) {
        let Self { block: Block { size: [rows, ..], unit, b, .. }, a } = *self;
        let part = |columns| Part {
            rows: *rows,
            columns,
            depth: units.len(),
            a: &a[packed_rows(*unit, *rows) * units.start..],
            a_row: None,
            b: &[],
            b_line: COLUMNS,
            b_panel: COLUMNS * units.len(),
            out: &mut [],
            row_len,
            finish,
        };
        let in_place = *unit == Unit::Single && b.across == 1 && *rows <= DIRECT_ROWS && !units.is_empty();
        let whole = if in_place { columns.len() / COLUMNS * COLUMNS } else { 0 };
        if whole > 0 {
            let values = &b.values[units.start * b.along + columns.start..];
            Part { b: values, b_line: b.along, b_panel: COLUMNS, out, ..part(whole) }.run(*unit);
        }
        if whole < columns.len() {
            let rest = columns.start + whole..columns.end;
            let finish = finish.part(0, whole, row_len);
            with_scratch(rest.len().next_multiple_of(COLUMNS) * units.len(), |packed| {
                b.pack_columns(*unit, rest.clone(), units.clone(), packed);
                let out = &mut out[whole..];
                Part { b: packed, out, finish, ..part(rest.len()) }.run(*unit);
            });
        }
    }
}
