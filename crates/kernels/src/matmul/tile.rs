//! The kernel for `f32`: a tile of sums stays in registers while panels of rows and columns are walked along the depth.

use super::part::{Part, Tile};
use super::rows::Rows;
use super::{COLUMNS, ROWS};
use crate::simd::{vector_array, vector_array_mut};
use pulp::{Simd, WithSimd};

impl WithSimd for Part<'_> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(mut self, simd: S) {
        let mut tile = [[0.0; COLUMNS]; ROWS];
        for row in (0..self.rows).step_by(ROWS) {
            for column in (0..self.columns).step_by(COLUMNS) {
                let (b, width) = self.columns_from(column);
                if let Some(a_row) = self.a_row {
                    let rows = Rows {
                        depth: self.depth,
                        a: &self.a[row * a_row..],
                        a_row,
                        count: ROWS.min(self.rows - row),
                        b,
                        b_line: self.b_line,
                        width,
                    };
                    rows.multiply(simd, &mut tile);
                    self.store(simd, row, column, &tile);
                    continue;
                }
                let (a, height) = self.rows_from(row);
                let panels = Panels { depth: self.depth, a, height, b, b_line: self.b_line, width };
                panels.multiply(simd, &mut tile);
                self.store(simd, row, column, &tile);
            }
        }
    }
}

/// A panel of rows and one of columns.
struct Panels<'a> {
    depth: usize,
    a: &'a [f32],
    height: usize,
    b: &'a [f32],
    b_line: usize,
    width: usize,
}

impl Panels<'_> {
    #[inline(always)]
    fn multiply<S: Simd>(&self, simd: S, tile: &mut Tile) {
        // Rows × vectors that fill the registers beside the vectors of a line and one number.
        match (S::F32_LANES, self.height) {
            (16, 12) if self.width > 16 => self.sums::<S, 12, 2>(simd, tile),
            (16, 8) if self.width > 16 => self.sums::<S, 8, 2>(simd, tile),
            (16, 4) if self.width > 16 => self.sums::<S, 4, 2>(simd, tile),
            (16, 12) => self.sums::<S, 12, 1>(simd, tile),
            (16, _) => self.sums::<S, 4, 1>(simd, tile),
            (8, 12) => self.sums::<S, 6, 2>(simd, tile),
            (8, _) => self.sums::<S, 4, 2>(simd, tile),
            (4, 12) => self.sums::<S, 6, 4>(simd, tile),
            _ => self.sums::<S, 4, 4>(simd, tile),
        }
    }

    /// The sums of a tile, `P` rows by `V` vectors at a time.
    #[inline(always)]
    fn sums<S: Simd, const P: usize, const V: usize>(&self, simd: S, tile: &mut Tile) {
        let Self { depth, a, height, b, b_line, width } = *self;
        for row in (0..height).step_by(P) {
            for column in (0..width).step_by(V * S::F32_LANES) {
                let mut sums = [[simd.splat_f32s(0.0); V]; P];
                for k in 0..depth {
                    let a: &[f32; P] =
                        a[k * height + row..].first_chunk().expect("a panel is as deep as its block");
                    let b = *vector_array::<S, V>(&b[k * b_line + column..]);
                    for p in 0..P {
                        let factor = simd.splat_f32s(a[p]);
                        for v in 0..V {
                            sums[p][v] = simd.mul_add_e_f32s(factor, b[v], sums[p][v]);
                        }
                    }
                }
                for p in 0..P {
                    *vector_array_mut::<S, V>(&mut tile[row + p][column..]) = sums[p];
                }
            }
        }
    }
}
