//! Products with many rows: some rows of the matrix at a time become a dense matrix.

use super::StoredMatrix;
use crate::matmul::{Epilogue, MatMul, matmul};
use crate::precision::Precision;
use crate::scratch::with_scratch;
use rayon::prelude::*;

/// Numbers of a panel, which fill about the second cache of two cores.
const PANEL: usize = 1 << 19;
/// Numbers of it that a task turns.
const TASK: usize = 1 << 15;

/// `out = x · Wᵀ`.
pub(super) fn multiply(matrix: &StoredMatrix<'_>, precision: Precision, x: &[f32], out: &mut [f32]) {
    let &StoredMatrix { format, rows, columns, bytes } = matrix;
    let m = out.len() / rows;
    if let Some(weights) = format.as_f32(bytes) {
        return part([m, columns, rows], precision, x, weights, out);
    }
    let together = (PANEL / columns).next_multiple_of(64).max(64).min(rows);
    let turned = (TASK / columns).max(1);
    with_scratch(together * columns, |weights| {
        with_scratch(m * together, |sums| {
            for row in (0..rows).step_by(together) {
                let len = together.min(rows - row);
                let weights = &mut weights[..len * columns];
                weights.par_chunks_mut(turned * columns).enumerate().for_each(|(task, weights)| {
                    let first = row + task * turned;
                    let bytes = matrix.bytes_of(first..first + weights.len() / columns);
                    format.read(bytes, weights);
                });
                let sums = &mut sums[..m * len];
                part([m, columns, len], precision, x, weights, sums);
                out.par_chunks_mut(rows).zip(sums.par_chunks(len)).for_each(|(out, sums)| {
                    out[row..row + len].copy_from_slice(sums);
                });
            }
        });
    });
}

fn part(size: [usize; 3], precision: Precision, x: &[f32], weights: &[f32], out: &mut [f32]) {
    matmul(&MatMul::new(1, size).transpose_b(), precision, x, weights, &Epilogue::default(), out);
}
