//! A part of the output: panels of rows times panels of columns, over a block of the depth.
//!
//! A panel of rows meets all panels of columns before the next one does: it stays in the cache next to the core, and the
//! output is walked along its rows.

use super::epilogue::{Finish, Line};
use super::pack::height;
use super::unit::Unit;
use super::{COLUMNS, ROWS};
use crate::simd::dispatch;
use pulp::{Simd, WithSimd};

/// Sums of one tile.
pub(super) type Tile = [Line; ROWS];

/// One part.
pub(super) struct Part<'a> {
    /// Rows that are stored.
    pub rows: usize,
    /// Columns that are stored.
    pub columns: usize,
    /// Units of the depth.
    pub depth: usize,
    /// Packed panels of rows, or tiles of them, or the rows themselves, contiguous along the
    /// depth.
    pub a: &'a [f32],
    /// Distance between the rows, if they are not packed.
    pub a_row: Option<usize>,
    /// Panels of columns, or lines of a matrix that begin with such columns.
    pub b: &'a [f32],
    /// Distance between the lines of a panel.
    pub b_line: usize,
    /// Distance between panels.
    pub b_panel: usize,
    /// The output from the part's first element on.
    pub out: &'a mut [f32],
    /// Distance between rows of the output.
    pub row_len: usize,
    /// For the part of the output that begins here.
    pub finish: Finish<'a>,
}

impl Part<'_> {
    /// Computes the part.
    pub fn run(self, unit: Unit) {
        match unit {
            Unit::Single | Unit::Rounded => dispatch(self),
            #[cfg(target_arch = "x86_64")]
            Unit::Pair => super::pair_tile::multiply(self),
            #[cfg(target_arch = "x86_64")]
            Unit::Tile => super::tile_registers::multiply(self),
            #[cfg(not(target_arch = "x86_64"))]
            Unit::Pair | Unit::Tile => unreachable!("no other processor has the instruction"),
        }
    }

    /// The panel of `a` that holds this row first, and its height.
    #[inline(always)]
    pub fn rows_from(&self, row: usize) -> (&[f32], usize) {
        let height = height(self.rows - row);
        (&self.a[row * self.depth..][..height * self.depth], height)
    }

    /// The panel of `b` that holds this column first, and its width.
    #[inline(always)]
    pub fn columns_from(&self, column: usize) -> (&[f32], usize) {
        (&self.b[column / COLUMNS * self.b_panel..], COLUMNS.min(self.columns - column))
    }

    /// Stores the sums of the tile that begins here, for kernels that are not written for every kind of vector.
    pub fn store_best(&mut self, row: usize, column: usize, tile: &[Line]) {
        dispatch(Store { part: self, row, column, tile });
    }

    /// Stores the sums of the tile that begins here, with vectors of this kind.
    #[inline(always)]
    pub fn store<S: Simd>(&mut self, simd: S, row: usize, column: usize, tile: &[Line]) {
        let width = COLUMNS.min(self.columns - column);
        let rows = tile.len().min(self.rows - row);
        let finish = self.finish.part(row, column, self.row_len);
        let out = &mut self.out[row * self.row_len + column..];
        finish.store(simd, &tile[..rows], width, self.row_len, out);
    }
}

struct Store<'a, 'b> {
    part: &'a mut Part<'b>,
    row: usize,
    column: usize,
    tile: &'a [Line],
}

impl WithSimd for Store<'_, '_> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) {
        self.part.store(simd, self.row, self.column, self.tile);
    }
}
