//! The outer-product sum of pairs of bfloat16 by the dot product instruction of AVX-512: [`super::outer`] with two pixels
//! in the place of one.
//!
//! The loops count indices on purpose: sums that are reached by an iterator would lie in memory.

// Functions for instructions that a machine may lack are safe to call only from their like.
#![allow(unsafe_code)]

use super::gather::Pixel;
use super::outer::{BLOCK_PIXELS, Outer};
use crate::dot::{Line, dot, load, store};
use crate::simd::LANES_MAX;
use std::arch::x86_64::{_mm512_add_ps, _mm512_set1_ps, _mm512_setzero_ps};

/// Outputs and vectors of a run whose sums stay in registers.
const OUTPUTS: usize = 8;
const WIDE: usize = 3;

/// Runs the sum. Pixels, their windows and their gradients are pairs.
///
/// # Panics
/// If the machine has no such instruction.
pub(super) fn outer(mut product: Outer<'_>) {
    assert!(crate::pairs::has_dot(), "pairs are multiplied by an instruction of their own");
    for pixels in product.pixels.chunks(BLOCK_PIXELS) {
        let whole = product.range.len() / OUTPUTS * OUTPUTS;
        // SAFETY: the instructions were looked for above.
        unsafe {
            for output in (0..whole).step_by(OUTPUTS) {
                outputs::<OUTPUTS>(&mut product, pixels, output);
            }
            for output in whole..product.range.len() {
                outputs::<1>(&mut product, pixels, output);
            }
        }
    }
}

#[target_feature(enable = "avx512f,avx512bf16")]
fn outputs<const O: usize>(product: &mut Outer<'_>, pixels: &[Pixel], output: usize) {
    for run in 0..product.runs.len() {
        let mut at = 0;
        while at + WIDE * LANES_MAX <= product.run_stride {
            tile::<O, WIDE>(product, pixels, output, run, at);
            at += WIDE * LANES_MAX;
        }
        while at < product.run_stride {
            tile::<O, 1>(product, pixels, output, run, at);
            at += LANES_MAX;
        }
    }
}

#[inline]
#[target_feature(enable = "avx512f,avx512bf16")]
fn tile<const O: usize, const V: usize>(
    product: &mut Outer<'_>,
    pixels: &[Pixel],
    output: usize,
    run: usize,
    at: usize,
) {
    let source = &product.source[product.runs[run] + at..];
    let grad_out = &product.grad_out[product.range.start + output..];
    let mut sums = [[_mm512_setzero_ps(); V]; O];
    for pixel in pixels {
        let lines: &[Line; V] =
            source[pixel.source..].as_chunks().0.first_chunk().expect("the window has its vectors");
        let gradients: &[f32; O] =
            grad_out[pixel.target * product.outputs..].first_chunk().expect("the pixel has its outputs");
        let mut window = [_mm512_setzero_ps(); V];
        for v in 0..V {
            window[v] = load(&lines[v]);
        }
        for o in 0..O {
            let gradient = _mm512_set1_ps(gradients[o]);
            for v in 0..V {
                sums[o][v] = dot(sums[o][v], window[v], gradient);
            }
        }
    }
    for o in 0..O {
        let target = ((output + o) * product.runs.len() + run) * product.run_stride + at;
        let lines: &mut [Line; V] =
            product.sums[target..].as_chunks_mut().0.first_chunk_mut().expect("the sums have their vectors");
        for v in 0..V {
            let total = _mm512_add_ps(load(&lines[v]), sums[o][v]);
            store(&mut lines[v], total);
        }
    }
}
