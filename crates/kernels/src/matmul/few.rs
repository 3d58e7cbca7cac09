//! The plan for very few rows, which the reading of `b` takes most of the time of: nothing is packed.
//!
//! Where `b` is contiguous along the depth, a column of it is multiplied with the rows vector by vector, and the lanes are
//! added at the end. Where it is contiguous along its columns, a few of its rows at a time are added to the output's rows.
//! The rows of `a` are copied and, for bfloat16, rounded beforehand; `b` is rounded in the registers, and the products are
//! those of `f32`, which are exact.

use super::COLUMNS;
use super::block::Block;
use super::columns::by_columns;
use super::epilogue::{Finish, Line};
use super::pack::View;
use super::unit::Unit;
use crate::pairs::{round, round_vector};
use crate::scratch::with_scratch;
use crate::simd::{dispatch, vectors, vectors_mut};
use pulp::{Simd, WithSimd};
use std::ops::Range;

/// Rows up to which this plan is chosen.
const ROWS: usize = 4;
/// Numbers of `b` in a task.
const TASK: usize = 1 << 17;
/// Numbers of a row of `b` that are read together at least.
const RUN: usize = 512;
/// Columns of `b` that are multiplied together.
const TOGETHER: usize = 4;
/// Rows of `b` that are added together.
const ADDED: usize = 8;

/// Whether the plan is for this product.
pub(super) fn suits(block: &Block<'_>) -> bool {
    block.size[0] <= ROWS && (block.b.along == 1 || block.b.across == 1)
}

/// Computes the product into `c`, which is contiguous.
pub(super) fn multiply(block: &Block<'_>, c: &mut [f32]) {
    let [m, k, _] = block.size;
    let rounded = block.unit != Unit::Single;
    with_scratch(m * k, |a| {
        for (i, row) in a.chunks_exact_mut(k.max(1)).enumerate() {
            for (l, value) in row.iter_mut().enumerate() {
                *value = block.a.values[i * block.a.across + l * block.a.along];
            }
        }
        with_scratch(if rounded { m * k } else { 0 }, |short| {
            let a = if rounded {
                round(a, short);
                &*short
            } else {
                &*a
            };
            let least = if block.b.along == 1 { COLUMNS } else { RUN };
            let width = TASK.div_ceil(k.max(1)).next_multiple_of(COLUMNS).max(least);
            by_columns(block, width, c, |columns, finish, out, row_len| {
                with_scratch(m * columns.len().next_multiple_of(COLUMNS), |sums| {
                    let few = Few { a, depth: k, b: block.b, rounded, columns, finish, sums, out, row_len };
                    match m {
                        1 => dispatch(Rows::<1>(few)),
                        2 => dispatch(Rows::<2>(few)),
                        3 => dispatch(Rows::<3>(few)),
                        _ => dispatch(Rows::<ROWS>(few)),
                    }
                });
            });
        });
    });
}

/// Some columns of the product.
struct Few<'a> {
    /// `[row][depth]`.
    a: &'a [f32],
    depth: usize,
    b: View<'a>,
    /// Whether `b` is to be rounded.
    rounded: bool,
    columns: Range<usize>,
    finish: Finish<'a>,
    /// Room for whole lines of the columns of every row.
    sums: &'a mut [f32],
    out: &'a mut [f32],
    row_len: usize,
}

/// The same, of a known number of rows.
struct Rows<'a, const P: usize>(Few<'a>);

impl<const P: usize> WithSimd for Rows<'_, P> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) {
        let few = self.0;
        match (few.b.along == 1, few.rounded) {
            (true, false) => few.dots::<S, P, false>(simd),
            (true, true) => few.dots::<S, P, true>(simd),
            (false, false) => few.rows::<S, P, false>(simd),
            (false, true) => few.rows::<S, P, true>(simd),
        }
    }
}

impl Few<'_> {
    /// `b` is contiguous along the depth.
    #[inline(always)]
    fn dots<S: Simd, const P: usize, const ROUND: bool>(mut self, simd: S) {
        for first in (0..self.columns.len()).step_by(COLUMNS) {
            let width = COLUMNS.min(self.columns.len() - first);
            let mut lines = [[0.0; COLUMNS]; P];
            let whole = width / TOGETHER * TOGETHER;
            for column in (0..whole).step_by(TOGETHER) {
                self.dot_columns::<S, P, TOGETHER, ROUND>(simd, first, column, &mut lines);
            }
            for column in whole..width {
                self.dot_columns::<S, P, 1, ROUND>(simd, first, column, &mut lines);
            }
            self.store(simd, first, width, &lines);
        }
    }

    /// The products of all rows with `Q` columns.
    #[inline(always)]
    fn dot_columns<S: Simd, const P: usize, const Q: usize, const ROUND: bool>(
        &self,
        simd: S,
        first: usize,
        column: usize,
        lines: &mut [Line; P],
    ) {
        let mut a = [&[][..]; P];
        for p in 0..P {
            a[p] = &self.a[p * self.depth..][..self.depth];
        }
        let mut b = [&[][..]; Q];
        for q in 0..Q {
            b[q] = &self.b.values[(self.columns.start + first + column + q) * self.b.across..][..self.depth];
        }
        let mut sums = [[simd.splat_f32s(0.0); Q]; P];
        let whole = self.depth / S::F32_LANES;
        let (mut a_vectors, mut b_vectors) = ([&[][..]; P], [&[][..]; Q]);
        for p in 0..P {
            a_vectors[p] = &vectors::<S>(a[p])[..whole];
        }
        for q in 0..Q {
            b_vectors[q] = &vectors::<S>(b[q])[..whole];
        }
        for v in 0..whole {
            for q in 0..Q {
                let factor = b_vectors[q][v];
                let factor = if ROUND { round_vector(simd, factor) } else { factor };
                for p in 0..P {
                    sums[p][q] = simd.mul_add_e_f32s(a_vectors[p][v], factor, sums[p][q]);
                }
            }
        }
        let rest = whole * S::F32_LANES;
        if rest < self.depth {
            for q in 0..Q {
                let factor = simd.partial_load_f32s(&b[q][rest..]);
                let factor = if ROUND { round_vector(simd, factor) } else { factor };
                for p in 0..P {
                    sums[p][q] =
                        simd.mul_add_e_f32s(simd.partial_load_f32s(&a[p][rest..]), factor, sums[p][q]);
                }
            }
        }
        for p in 0..P {
            for q in 0..Q {
                lines[p][column + q] = simd.reduce_sum_f32s(sums[p][q]);
            }
        }
    }

    /// `b` is contiguous along its columns.
    #[inline(always)]
    fn rows<S: Simd, const P: usize, const ROUND: bool>(mut self, simd: S) {
        self.sums.fill(0.0);
        let whole = self.depth / ADDED * ADDED;
        for k in (0..whole).step_by(ADDED) {
            for p in 0..P {
                self.add_rows::<S, P, ADDED, ROUND>(simd, p, k);
            }
        }
        for k in whole..self.depth {
            for p in 0..P {
                self.add_rows::<S, P, 1, ROUND>(simd, p, k);
            }
        }
        let padded = self.sums.len() / P;
        for first in (0..self.columns.len()).step_by(COLUMNS) {
            let mut lines = [[0.0; COLUMNS]; P];
            for p in 0..P {
                lines[p] = *self.sums[p * padded + first..].first_chunk().expect("the sums are whole lines");
            }
            self.store(simd, first, COLUMNS.min(self.columns.len() - first), &lines);
        }
    }

    /// Adds `K` rows of `b` to the sums of one row.
    #[inline(always)]
    fn add_rows<S: Simd, const P: usize, const K: usize, const ROUND: bool>(
        &mut self,
        simd: S,
        row: usize,
        first: usize,
    ) {
        let columns = self.columns.len();
        let mut factors = [simd.splat_f32s(0.0); K];
        let mut rows = [&[][..]; K];
        let mut row_vectors = [&[][..]; K];
        let whole = columns / S::F32_LANES;
        for i in 0..K {
            factors[i] = simd.splat_f32s(self.a[row * self.depth + first + i]);
            rows[i] = &self.b.values[(first + i) * self.b.along + self.columns.start..][..columns];
            row_vectors[i] = &vectors::<S>(rows[i])[..whole];
        }
        let padded = self.sums.len() / P;
        let sums = vectors_mut::<S>(&mut self.sums[row * padded..][..padded]);
        for v in 0..whole {
            let mut sum = sums[v];
            for i in 0..K {
                let value = row_vectors[i][v];
                let value = if ROUND { round_vector(simd, value) } else { value };
                sum = simd.mul_add_e_f32s(factors[i], value, sum);
            }
            sums[v] = sum;
        }
        let rest = whole * S::F32_LANES;
        if rest < columns {
            for i in 0..K {
                let value = simd.partial_load_f32s(&rows[i][rest..]);
                let value = if ROUND { round_vector(simd, value) } else { value };
                sums[whole] = simd.mul_add_e_f32s(factors[i], value, sums[whole]);
            }
        }
    }

    #[inline(always)]
    fn store<S: Simd, const P: usize>(&mut self, simd: S, first: usize, width: usize, lines: &[Line; P]) {
        let finish = self.finish.part(0, first, self.row_len);
        finish.store(simd, lines, width, self.row_len, &mut self.out[first..]);
    }
}
