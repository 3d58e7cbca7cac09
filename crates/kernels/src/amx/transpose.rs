//! Sixteen lines of sixteen lanes turned: what was a lane becomes a line.
//!
//! The weight gradients sum over what lies one after the other in memory; tiles want that in their rows.

// Functions for instructions that a machine may lack are safe to call only from their like.
#![allow(unsafe_code)]

use crate::dot::{Line, load, store};
use crate::simd::LANES_MAX;
use std::arch::x86_64::{
    __m512, __m512d, _mm512_castpd_ps, _mm512_castps_pd, _mm512_setzero_ps, _mm512_shuffle_f32x4,
    _mm512_unpackhi_pd, _mm512_unpackhi_ps, _mm512_unpacklo_pd, _mm512_unpacklo_ps,
};

/// The first and third, and the second and fourth, four lanes of each of two vectors.
const EVEN: i32 = 0b10_00_10_00;
const ODD: i32 = 0b11_01_11_01;

/// Turns lines.
#[inline]
#[target_feature(enable = "avx512f")]
pub(crate) fn transpose(from: [&Line; LANES_MAX], to: &mut [Line; LANES_MAX]) {
    let zero = _mm512_setzero_ps();
    // Two lanes of two lines side by side.
    let mut twos = [zero; LANES_MAX];
    for line in (0..LANES_MAX).step_by(2) {
        let (first, second) = (load(from[line]), load(from[line + 1]));
        twos[line] = _mm512_unpacklo_ps(first, second);
        twos[line + 1] = _mm512_unpackhi_ps(first, second);
    }
    // A lane of four lines side by side, four such lanes in a vector.
    let mut fours = [zero; LANES_MAX];
    for line in (0..LANES_MAX).step_by(4) {
        for half in 0..2 {
            let (first, second) = (doubles(twos[line + half]), doubles(twos[line + half + 2]));
            fours[line + 2 * half] = _mm512_castpd_ps(_mm512_unpacklo_pd(first, second));
            fours[line + 2 * half + 1] = _mm512_castpd_ps(_mm512_unpackhi_pd(first, second));
        }
    }
    for lane in 0..4 {
        let [a, b, c, d] = [fours[lane], fours[lane + 4], fours[lane + 8], fours[lane + 12]];
        let even = [_mm512_shuffle_f32x4::<EVEN>(a, b), _mm512_shuffle_f32x4::<EVEN>(c, d)];
        let odd = [_mm512_shuffle_f32x4::<ODD>(a, b), _mm512_shuffle_f32x4::<ODD>(c, d)];
        store(&mut to[lane], _mm512_shuffle_f32x4::<EVEN>(even[0], even[1]));
        store(&mut to[lane + 4], _mm512_shuffle_f32x4::<EVEN>(odd[0], odd[1]));
        store(&mut to[lane + 8], _mm512_shuffle_f32x4::<ODD>(even[0], even[1]));
        store(&mut to[lane + 12], _mm512_shuffle_f32x4::<ODD>(odd[0], odd[1]));
    }
}

#[inline]
#[target_feature(enable = "avx512f")]
fn doubles(values: __m512) -> __m512d {
    _mm512_castps_pd(values)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tests::noise;

    #[test]
    fn lanes_become_lines() {
        if !crate::pairs::has_dot() {
            eprintln!("skipped: this processor has no instructions for bfloat16");
            return;
        }
        let numbers = noise(1, LANES_MAX * LANES_MAX);
        let from: &[Line; LANES_MAX] = numbers.as_chunks().0.first_chunk().expect("sixteen lines");
        let mut to = [[0.0; LANES_MAX]; LANES_MAX];
        // SAFETY: a processor with those instructions has AVX-512.
        unsafe { transpose(from.each_ref(), &mut to) };
        for line in 0..LANES_MAX {
            for lane in 0..LANES_MAX {
                assert_eq!(to[lane][line], from[line][lane]);
            }
        }
    }
}
