//! The transposition of small squares, for operands that lie in memory along another axis than kernels read them.
//!
//! AVX-512 does it in registers, through `pulp`'s safe names for its instructions; elsewhere it is a plain loop.

use crate::simd::LANES_MAX;
use pulp::Simd;

/// Sixteen lines of sixteen numbers.
pub(crate) type Square = [[f32; LANES_MAX]; LANES_MAX];

/// Exchanges lines and columns.
#[inline(always)]
pub(crate) fn transpose<S: Simd>(simd: S, square: &mut Square) {
    // Known when this is compiled: the type of `simd` is.
    #[cfg(target_arch = "x86_64")]
    if let Some(simd) = (&simd as &dyn std::any::Any).downcast_ref::<pulp::x86::V4>() {
        return transpose_v4(*simd, square);
    }
    for i in 0..LANES_MAX {
        for j in 0..i {
            (square[i][j], square[j][i]) = (square[j][i], square[i][j]);
        }
    }
}

/// In four steps, each of which exchanges one bit of the line's number with one bit of the column's.
#[cfg(target_arch = "x86_64")]
#[inline(always)]
fn transpose_v4(simd: pulp::x86::V4, square: &mut Square) {
    let ops = simd.avx512f;
    let mut lines = [ops._mm512_setzero_ps(); LANES_MAX];
    for i in 0..LANES_MAX {
        lines[i] = pulp::cast(square[i]);
    }
    let mut next = [ops._mm512_setzero_pd(); LANES_MAX];
    for i in 0..LANES_MAX / 2 {
        next[2 * i] = pulp::cast(ops._mm512_unpacklo_ps(lines[2 * i], lines[2 * i + 1]));
        next[2 * i + 1] = pulp::cast(ops._mm512_unpackhi_ps(lines[2 * i], lines[2 * i + 1]));
    }
    for i in (0..LANES_MAX).step_by(4) {
        lines[i] = pulp::cast(ops._mm512_unpacklo_pd(next[i], next[i + 2]));
        lines[i + 1] = pulp::cast(ops._mm512_unpackhi_pd(next[i], next[i + 2]));
        lines[i + 2] = pulp::cast(ops._mm512_unpacklo_pd(next[i + 1], next[i + 3]));
        lines[i + 3] = pulp::cast(ops._mm512_unpackhi_pd(next[i + 1], next[i + 3]));
    }
    // Column 4·part + j of the lines i to i + 3 is now in part `part` of line i + j, a quarter.
    for j in 0..4 {
        let upper = [lines[j], lines[4 + j]];
        let lower = [lines[8 + j], lines[12 + j]];
        let even = [
            ops._mm512_shuffle_f32x4::<0b10_00_10_00>(upper[0], upper[1]),
            ops._mm512_shuffle_f32x4::<0b10_00_10_00>(lower[0], lower[1]),
        ];
        let odd = [
            ops._mm512_shuffle_f32x4::<0b11_01_11_01>(upper[0], upper[1]),
            ops._mm512_shuffle_f32x4::<0b11_01_11_01>(lower[0], lower[1]),
        ];
        square[j] = pulp::cast(ops._mm512_shuffle_f32x4::<0b10_00_10_00>(even[0], even[1]));
        square[4 + j] = pulp::cast(ops._mm512_shuffle_f32x4::<0b10_00_10_00>(odd[0], odd[1]));
        square[8 + j] = pulp::cast(ops._mm512_shuffle_f32x4::<0b11_01_11_01>(even[0], even[1]));
        square[12 + j] = pulp::cast(ops._mm512_shuffle_f32x4::<0b11_01_11_01>(odd[0], odd[1]));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::simd::dispatch;
    use pulp::{Scalar, WithSimd};

    struct Transpose(Square);

    impl WithSimd for Transpose {
        type Output = Square;

        #[inline(always)]
        fn with_simd<S: Simd>(mut self, simd: S) -> Square {
            transpose(simd, &mut self.0);
            self.0
        }
    }

    #[test]
    fn lines_become_columns() {
        let square: Square = std::array::from_fn(|i| std::array::from_fn(|j| (16 * i + j) as f32));
        let expected: Square = std::array::from_fn(|i| std::array::from_fn(|j| (16 * j + i) as f32));
        assert_eq!(dispatch(Transpose(square)), expected);
        assert_eq!(Transpose(square).with_simd(Scalar), expected);
    }
}
