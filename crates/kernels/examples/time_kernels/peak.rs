//! What the processor can at most: multiplications and additions that stay in the registers.

// Functions for instructions that a machine may lack are safe to call only from their like.
#![allow(unsafe_code)]
// What is not inlined into its dispatched caller loses the vector instructions.
#![allow(clippy::inline_always)]

use crate::measure;
use pulp::{Arch, Simd, WithSimd};
use std::hint::black_box;

/// Sums that are worked on side by side, enough to hide how long an instruction takes.
const SUMS: usize = 24;

pub fn time(pass: &str, numbers: &[usize]) -> Option<Vec<f64>> {
    let &[repeats, mflop] = numbers else {
        return None;
    };
    let flops = mflop * 1_000_000;
    Some(measure(repeats, || {
        rayon::broadcast(|_| {
            black_box(if pass == "peak" { Arch::new().dispatch(Singles(flops)) } else { pairs(flops) });
        });
    }))
}

/// So many operations on `f32`.
struct Singles(usize);

impl WithSimd for Singles {
    type Output = f32;

    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) -> f32 {
        let factor = simd.splat_f32s(black_box(0.5));
        let mut sums = [simd.splat_f32s(1.0); SUMS];
        for _ in 0..self.0 / (2 * SUMS * S::F32_LANES) {
            for sum in &mut sums {
                *sum = simd.mul_add_e_f32s(*sum, factor, factor);
            }
        }
        let mut total = simd.splat_f32s(0.0);
        for sum in sums {
            total = simd.add_f32s(total, sum);
        }
        simd.reduce_sum_f32s(total)
    }
}

/// So many operations on bfloat16, or on `f32` where no instruction multiplies pairs.
fn pairs(flops: usize) -> f32 {
    #[cfg(target_arch = "x86_64")]
    if std::is_x86_feature_detected!("avx512f") && std::is_x86_feature_detected!("avx512bf16") {
        // SAFETY: the instructions were looked for.
        return unsafe { dot_pairs(flops) };
    }
    Arch::new().dispatch(Singles(flops))
}

#[cfg(target_arch = "x86_64")]
#[target_feature(enable = "avx512f,avx512bf16")]
fn dot_pairs(flops: usize) -> f32 {
    use std::arch::x86_64::{
        __m512bh, _mm512_add_ps, _mm512_dpbf16_ps, _mm512_reduce_add_ps, _mm512_set1_epi32, _mm512_set1_ps,
    };
    // SAFETY: both types are 64 bytes of which every pattern of bits is a value.
    let factor: __m512bh = unsafe { std::mem::transmute(_mm512_set1_epi32(black_box(0x3e00_3e00))) };
    let mut sums = [_mm512_set1_ps(1.0); SUMS];
    for _ in 0..flops / (4 * SUMS * 16) {
        for sum in &mut sums {
            *sum = _mm512_dpbf16_ps(*sum, factor, factor);
        }
    }
    let mut total = _mm512_set1_ps(0.0);
    for sum in sums {
        total = _mm512_add_ps(total, sum);
    }
    _mm512_reduce_add_ps(total)
}
