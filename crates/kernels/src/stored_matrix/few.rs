//! Products with a few rows, at the speed at which the matrix is read.

use super::{FEW, StoredMatrix};
use crate::scratch::with_scratch;
use crate::simd::dispatch;
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
                    let bytes = matrix.bytes_of(task * together + at..task * together + at + 1);
                    let weights = match matrix.format.as_f32(bytes) {
                        Some(weights) => weights,
                        None => {
                            matrix.format.read(bytes, weights);
                            &*weights
                        }
                    };
                    match m {
                        1 => dispatch(Dot::<1> { weights, x, out }),
                        2 => dispatch(Dot::<2> { weights, x, out }),
                        3 => dispatch(Dot::<3> { weights, x, out }),
                        _ => dispatch(Dot::<FEW> { weights, x, out }),
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

/// A row of the matrix times `M` rows of `x`.
struct Dot<'a, const M: usize> {
    weights: &'a [f32],
    x: &'a [f32],
    out: &'a mut [f32],
}

/// Sums that are kept apart, so that additions do not wait for each other.
const APART: usize = 4;

impl<const M: usize> WithSimd for Dot<'_, M> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) {
        let Self { weights, x, out } = self;
        let (whole, last) = S::as_simd_f32s(weights);
        let mut rows = x.chunks_exact(weights.len());
        let x: [(&[S::f32s], &[f32]); M] = std::array::from_fn(|_| {
            S::as_simd_f32s(rows.next().expect("a row of x for each row of the output"))
        });
        let mut sums = [[simd.splat_f32s(0.0); APART]; M];
        let (groups, rest) = whole.as_chunks::<APART>();
        for (at, group) in groups.iter().enumerate() {
            for i in 0..M {
                for lane in 0..APART {
                    sums[i][lane] =
                        simd.mul_add_e_f32s(group[lane], x[i].0[at * APART + lane], sums[i][lane]);
                }
            }
        }
        let last = simd.partial_load_f32s(last);
        for i in 0..M {
            let own = &x[i].0[groups.len() * APART..];
            for (&weights, &x) in rest.iter().zip(own) {
                sums[i][0] = simd.mul_add_e_f32s(weights, x, sums[i][0]);
            }
            sums[i][1] = simd.mul_add_e_f32s(last, simd.partial_load_f32s(x[i].1), sums[i][1]);
            let pairs = [simd.add_f32s(sums[i][0], sums[i][1]), simd.add_f32s(sums[i][2], sums[i][3])];
            out[i] = simd.reduce_sum_f32s(simd.add_f32s(pairs[0], pairs[1]));
        }
    }
}
