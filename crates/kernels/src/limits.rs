//! What the machine can do at most: arithmetic in registers and traffic with memory, measured.

use crate::pairs::has_dot;
use crate::precision::Precision;
use crate::simd::{dispatch, vectors, vectors_mut};
use pulp::{Simd, WithSimd};
use rayon::prelude::*;
use std::time::Instant;

/// The rates that bound every kernel, of all threads of the current pool together.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Limits {
    /// Multiplications and additions of `f32` per second, fused and in registers.
    pub f32_flops: f64,
    /// The same of products of bfloat16 summed in `f32`, where the processor has an instruction for them, else as for
    /// `f32`.
    pub bf16_flops: f64,
    /// Bytes per second, read and written, of arrays too large for the caches.
    pub bandwidth: f64,
}

/// Times each rate is measured; the best counts, since other programs only slow it down.
const ROUNDS: usize = 5;
/// Products of a lane in a round of a thread: some milliseconds.
const PRODUCTS: usize = 1 << 20;
/// Steps of tiles in a round of a thread: the same.
#[cfg(target_arch = "x86_64")]
const TILE_STEPS: usize = 1 << 16;
/// Floats in each of the two arrays that a thread copies: more than caches hold.
const ARRAY: usize = 1 << 24;

impl Limits {
    /// Measures, in about half a second.
    pub fn measure() -> Self {
        let [f32_flops, bf16_flops] = [Precision::F32, Precision::Bf16].map(Self::measure_flops);
        Self { f32_flops, bf16_flops, bandwidth: bandwidth() }
    }

    /// Measures one of the rates of arithmetic.
    pub fn measure_flops(precision: Precision) -> f64 {
        #[cfg(target_arch = "x86_64")]
        if precision == Precision::Bf16 && crate::amx::in_use() {
            return best(|| on_every_thread(|| crate::amx::tiles::multiply_add(TILE_STEPS)));
        }
        #[cfg(target_arch = "x86_64")]
        if precision == Precision::Bf16 && has_dot() {
            return best(|| on_every_thread(|| crate::dot::multiply_add(PRODUCTS).0));
        }
        let _ = precision;
        best(|| on_every_thread(|| dispatch(MultiplyAdd { value: 0.5 }).0))
    }

    /// Multiplications and additions per second in this precision.
    pub fn flops(&self, precision: Precision) -> f64 {
        match precision {
            Precision::F32 => self.f32_flops,
            Precision::Bf16 => self.bf16_flops,
        }
    }
}

/// The highest rate of what `work` counts on each thread.
fn best(mut work: impl FnMut() -> Vec<u64>) -> f64 {
    let rate = |_| {
        let started = Instant::now();
        let count: u64 = work().into_iter().sum();
        count as f64 / started.elapsed().as_secs_f64()
    };
    (0..ROUNDS).map(rate).fold(0.0, f64::max)
}

fn on_every_thread<R: Send>(work: impl Fn() -> R + Sync) -> Vec<R> {
    (0..rayon::current_num_threads()).into_par_iter().with_max_len(1).map(|_| work()).collect()
}

fn bandwidth() -> f64 {
    let mut arrays = on_every_thread(|| (vec![1.0f32; ARRAY], vec![0.0f32; ARRAY]));
    best(|| {
        arrays.par_iter_mut().with_max_len(1).for_each(|(from, to)| dispatch(Copy { from, to }));
        arrays.iter().map(|(from, to)| 4 * (from.len() + to.len()) as u64).collect()
    })
}

/// Sums that stay in registers. Gives the operations made, and a sum so that they are made.
struct MultiplyAdd {
    value: f32,
}

/// Sums in flight: enough to hide the time that one takes.
const SUMS: usize = 12;

impl WithSimd for MultiplyAdd {
    type Output = (u64, f32);

    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) -> (u64, f32) {
        let factor = simd.splat_f32s(self.value);
        let mut sums = [simd.splat_f32s(1.0); SUMS];
        for _ in 0..PRODUCTS {
            for sum in &mut sums {
                *sum = simd.mul_add_f32s(*sum, factor, factor);
            }
        }
        let total = sums.iter().map(|&sum| simd.reduce_sum_f32s(sum)).sum();
        ((2 * PRODUCTS * SUMS * S::F32_LANES) as u64, std::hint::black_box(total))
    }
}

struct Copy<'a> {
    from: &'a [f32],
    to: &'a mut [f32],
}

impl WithSimd for Copy<'_> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) {
        let half = simd.splat_f32s(0.5);
        for (to, from) in vectors_mut::<S>(self.to).iter_mut().zip(vectors::<S>(self.from)) {
            *to = simd.mul_f32s(*from, half);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_limits_are_rates_of_a_computer() {
        let Limits { f32_flops, bf16_flops, bandwidth } = Limits::measure();
        // From a slow and simulated one to a very large one.
        for rate in [f32_flops, bf16_flops, bandwidth] {
            assert!((1e5..1e16).contains(&rate), "{rate}");
        }
    }

    #[test]
    fn the_sums_are_what_they_should_be() {
        // x ← x / 2 + 1 / 2 stays at 1.
        let (flops, total) = dispatch(MultiplyAdd { value: 0.5 });
        assert_eq!(total as u64 * 2 * PRODUCTS as u64, flops);
    }
}
