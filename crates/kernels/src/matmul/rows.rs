//! The kernel for `f32` with rows that are read where they are, as packing them would cost more than it saves.
//!
//! Each row is read in pieces of known length, so that its bounds are checked once for many products.

use super::pack::height;
use super::part::Tile;
use crate::simd::{vector_array, vector_array_mut};
use pulp::Simd;

/// Numbers of a row that are read together.
const PIECE: usize = 16;

/// Rows that are not packed, and a panel of columns.
pub(super) struct Rows<'a> {
    pub depth: usize,
    /// The rows, contiguous along the depth.
    pub a: &'a [f32],
    /// Distance between rows.
    pub a_row: usize,
    pub count: usize,
    /// The panel.
    pub b: &'a [f32],
    /// Distance between the panel's lines.
    pub b_line: usize,
    /// Columns that are needed.
    pub width: usize,
}

impl Rows<'_> {
    #[inline(always)]
    pub fn multiply<S: Simd>(&self, simd: S, tile: &mut Tile) {
        match (S::F32_LANES, height(self.count)) {
            (16, 12) => self.sums::<S, 12, 2>(simd, tile),
            (8, 12) => self.sums::<S, 6, 2>(simd, tile),
            (16 | 8, _) => self.sums::<S, 4, 2>(simd, tile),
            _ => self.sums::<S, 4, 4>(simd, tile),
        }
    }

    #[inline(always)]
    fn sums<S: Simd, const P: usize, const V: usize>(&self, simd: S, tile: &mut Tile) {
        for first in (0..self.count).step_by(P) {
            // In the place of rows that there are not stands the last one.
            let mut rows = [&[][..]; P];
            for p in 0..P {
                let row = (first + p).min(self.count - 1);
                rows[p] = &self.a[row * self.a_row..][..self.depth];
            }
            for column in (0..self.width).step_by(V * S::F32_LANES) {
                let mut sums = [[simd.splat_f32s(0.0); V]; P];
                let whole = self.depth / PIECE * PIECE;
                for k in (0..whole).step_by(PIECE) {
                    self.piece::<S, P, V, PIECE>(simd, &rows, k, column, &mut sums);
                }
                for k in whole..self.depth {
                    self.piece::<S, P, V, 1>(simd, &rows, k, column, &mut sums);
                }
                for p in 0..P {
                    *vector_array_mut::<S, V>(&mut tile[first + p][column..]) = sums[p];
                }
            }
        }
    }

    /// Adds `LEN` numbers of the depth.
    #[inline(always)]
    fn piece<S: Simd, const P: usize, const V: usize, const LEN: usize>(
        &self,
        simd: S,
        rows: &[&[f32]; P],
        first: usize,
        column: usize,
        sums: &mut [[S::f32s; V]; P],
    ) {
        let mut inputs = [&[0.0; LEN]; P];
        for p in 0..P {
            inputs[p] = rows[p][first..].first_chunk().expect("a piece lies inside its row");
        }
        for k in 0..LEN {
            let b = *vector_array::<S, V>(&self.b[(first + k) * self.b_line + column..]);
            for p in 0..P {
                let factor = simd.splat_f32s(inputs[p][k]);
                for v in 0..V {
                    sums[p][v] = simd.mul_add_e_f32s(factor, b[v], sums[p][v]);
                }
            }
        }
    }
}
