//! Products with a few rows, at the speed at which the matrix is read.

use super::{FEW, StoredMatrix};
use crate::element::Lanes;
use crate::scratch::with_scratch;
use crate::simd::{BLOCK, dispatch, vector_array};
use pulp::{Simd, WithSimd};
use rayon::prelude::*;

/// Bytes of the matrix in a task.
const TASK: usize = 1 << 17;

/// `out = x · Wᵀ` for at most [`FEW`] rows of `x`.
pub(super) fn multiply(matrix: &StoredMatrix<'_>, x: &[f32], out: &mut [f32]) {
    let m = out.len() / matrix.rows;
    let together = (TASK * matrix.rows / matrix.bytes.len()).clamp(1, matrix.rows);
    // By row of the matrix, then by row of `x`.
    with_scratch(m * matrix.rows, |turned| {
        turned.par_chunks_mut(m * together).enumerate().for_each(|(task, turned)| {
            with_scratch(matrix.columns, |weights| {
                for (at, out) in turned.chunks_exact_mut(m).enumerate() {
                    let row = task * together + at;
                    let bytes = matrix.bytes_of(row..row + 1);
                    if let Some(weights) = matrix.format.as_f32(bytes) {
                        dot(weights, x, out);
                    } else if let Some(weights) = matrix.format.as_bf16(bytes) {
                        dot(weights, x, out);
                    } else {
                        matrix.format.read(bytes, weights);
                        dot(&*weights, x, out);
                    }
                }
            });
        });
        for (row, turned) in turned.chunks_exact(m).enumerate() {
            for (of, &value) in turned.iter().enumerate() {
                out[of * matrix.rows + row] = value;
            }
        }
    });
}

/// A row of the matrix times all rows of `x`.
fn dot<E: Lanes>(weights: &[E], x: &[f32], out: &mut [f32]) {
    match out.len() {
        1 => dispatch(Dot::<E, 1> { weights, x, out }),
        2 => dispatch(Dot::<E, 2> { weights, x, out }),
        3 => dispatch(Dot::<E, 3> { weights, x, out }),
        _ => dispatch(Dot::<E, FEW> { weights, x, out }),
    }
}

/// The same for `M` rows.
struct Dot<'a, E, const M: usize> {
    weights: &'a [E],
    x: &'a [f32],
    out: &'a mut [f32],
}

impl<E: Lanes, const M: usize> WithSimd for Dot<'_, E, M> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) {
        match S::F32_LANES {
            16 => blocks::<S, E, 4, M>(simd, self.weights, self.x, self.out),
            8 => blocks::<S, E, 8, M>(simd, self.weights, self.x, self.out),
            4 => blocks::<S, E, 16, M>(simd, self.weights, self.x, self.out),
            _ => blocks::<S, E, 64, M>(simd, self.weights, self.x, self.out),
        }
    }
}

/// In blocks of `V` vectors, whose sums are kept apart so that additions do not wait for each other.
#[inline(always)]
fn blocks<S: Simd, E: Lanes, const V: usize, const M: usize>(
    simd: S,
    weights: &[E],
    x: &[f32],
    out: &mut [f32],
) {
    let columns = weights.len();
    let (whole, last) = weights.as_chunks::<BLOCK>();
    let mut sums = [[simd.splat_f32s(0.0); V]; M];
    for (at, block) in whole.iter().enumerate() {
        let weights = E::load::<S, V>(block);
        for i in 0..M {
            let x = vector_array::<S, V>(&x[i * columns + at * BLOCK..]);
            for v in 0..V {
                sums[i][v] = simd.mul_add_e_f32s(weights[v], x[v], sums[i][v]);
            }
        }
    }
    for i in 0..M {
        let mut sum = sums[i][0];
        for v in 1..V {
            sum = simd.add_f32s(sum, sums[i][v]);
        }
        let mut rest = simd.reduce_sum_f32s(sum);
        for (weight, x) in last.iter().zip(&x[(i + 1) * columns - last.len()..]) {
            rest = weight.to_f32().mul_add(*x, rest);
        }
        out[i] = rest;
    }
}
