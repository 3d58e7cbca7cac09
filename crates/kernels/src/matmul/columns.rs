//! The output shared by columns.
//!
//! The columns of a task do not follow one another in memory. Tasks therefore write into a scratch of their own shape,
//! from which the rows are then gathered, unless there is one task or one row.

use super::COLUMNS;
use super::block::Block;
use super::epilogue::{Finish, Line};
use crate::scratch::with_scratch;
use crate::simd::dispatch;
use pulp::{Simd, WithSimd};
use rayon::prelude::*;
use std::ops::Range;

/// Floats that a task gathers at least.
const GATHERED: usize = 1 << 15;

/// Computes the product into `c`, which is contiguous, `width` columns in a task.
///
/// `work` computes some columns into a slice whose rows are as far apart as it is told, and which the epilogue that it is
/// given begins with.
pub(super) fn by_columns(
    block: &Block<'_>,
    width: usize,
    c: &mut [f32],
    work: impl Fn(Range<usize>, Finish<'_>, &mut [f32], usize) + Sync,
) {
    let [m, _, n] = block.size;
    if width >= n {
        return work(0..n, block.finish, c, n);
    }
    if m == 1 {
        return c.par_chunks_mut(width).enumerate().for_each(|(task, c)| {
            let columns = task * width..task * width + c.len();
            work(columns.clone(), block.finish.part(0, columns.start, n), c, columns.len());
        });
    }
    with_scratch(n.div_ceil(width) * m * width, |sums| {
        sums.par_chunks_mut(m * width).enumerate().for_each(|(task, sums)| {
            work(task * width..n.min((task + 1) * width), Finish::plain(), sums, width);
        });
        let sums = &*sums;
        c.par_chunks_mut(n).with_min_len(GATHERED.div_ceil(n)).enumerate().for_each(|(row, out)| {
            dispatch(Gather { sums, width, rows: m, row, finish: block.finish.part(row, 0, n), out });
        });
    });
}

/// Gathers a row of the output from what the tasks wrote, and finishes it.
struct Gather<'a> {
    /// `[task][row][column of the task]`.
    sums: &'a [f32],
    /// Columns of a task.
    width: usize,
    /// Rows of a task.
    rows: usize,
    row: usize,
    finish: Finish<'a>,
    out: &'a mut [f32],
}

impl WithSimd for Gather<'_> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) {
        let columns = self.out.len();
        for column in (0..columns).step_by(COLUMNS) {
            let (task, at) = (column / self.width, column % self.width);
            let sums: &Line = self.sums[(task * self.rows + self.row) * self.width + at..]
                .first_chunk()
                .expect("a task has whole panels");
            let out = &mut self.out[column..columns.min(column + COLUMNS)];
            let width = out.len();
            self.finish.part(0, column, columns).store(simd, std::slice::from_ref(sums), width, width, out);
        }
    }
}
