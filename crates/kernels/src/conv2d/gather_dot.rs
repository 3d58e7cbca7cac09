//! The gather product of pairs of bfloat16 by the dot product instruction of AVX-512: [`super::gather`] with two
//! neighbouring numbers of a window in the place of one.

// Functions for instructions that a machine may lack are safe to call only from their like.
#![allow(unsafe_code)]

use super::gather::Gather;
use super::pack::PANEL;
use crate::dot::{dot, load, store};
use std::arch::x86_64::{__m512, _mm512_set1_ps, _mm512_setzero_ps};

/// Pixels whose sums stay in registers.
const PIXELS: usize = 12;

/// Runs the product. Windows, pieces and weights are counted in pairs.
///
/// # Panics
/// If the machine has no such instruction.
pub(super) fn gather(mut product: Gather<'_>) {
    assert!(crate::pairs::has_dot(), "pairs are multiplied by an instruction of their own");
    let panels = product.outputs.div_ceil(PANEL);
    for panel in (0..panels).step_by(2) {
        // SAFETY: the instructions were looked for above.
        unsafe {
            if panel + 2 <= panels {
                panels_of::<2>(&mut product, panel);
            } else {
                panels_of::<1>(&mut product, panel);
            }
        }
    }
}

/// All pixels by `Q` panels of outputs.
#[target_feature(enable = "avx512f,avx512bf16")]
fn panels_of<const Q: usize>(product: &mut Gather<'_>, first: usize) {
    let pieces = product.pieces;
    let depth = pieces.depth();
    let mut weights = [&[][..]; Q];
    for q in 0..Q {
        weights[q] = product.weight[(first + q) * depth * PANEL..][..depth * PANEL].as_chunks().0;
    }
    let columns = first * PANEL..product.outputs.min((first + Q) * PANEL);
    for pixels in product.pixels.chunks(PIXELS) {
        // A short tile repeats its last pixel and stores only what is asked for.
        let mut windows = [&product.source[pixels[pixels.len() - 1].source..][..pieces.extent]; PIXELS];
        for (window, pixel) in windows.iter_mut().zip(pixels) {
            *window = &product.source[pixel.source..][..pieces.extent];
        }
        let mut sums = [[_mm512_setzero_ps(); Q]; PIXELS];
        let mut rest = weights;
        for &offset in &pieces.sixteens {
            piece::<Q, 16>(&windows, offset, &mut rest, &mut sums);
        }
        for &offset in &pieces.fours {
            piece::<Q, 4>(&windows, offset, &mut rest, &mut sums);
        }
        for &offset in &pieces.ones {
            piece::<Q, 1>(&windows, offset, &mut rest, &mut sums);
        }
        for (pixel, sums) in pixels.iter().zip(&sums) {
            let row = &mut product.out[pixel.target * product.outputs..][columns.clone()];
            let mut whole = [[0.0; PANEL]; Q];
            for q in 0..Q {
                store(&mut whole[q], sums[q]);
            }
            row.copy_from_slice(&whole.as_flattened()[..row.len()]);
        }
    }
}

/// Adds one piece of `LEN` pairs of every window.
#[inline]
#[target_feature(enable = "avx512f,avx512bf16")]
fn piece<const Q: usize, const LEN: usize>(
    windows: &[&[f32]; PIXELS],
    offset: usize,
    weights: &mut [&[[f32; PANEL]]; Q],
    sums: &mut [[__m512; Q]; PIXELS],
) {
    let mut inputs = [&[0.0; LEN]; PIXELS];
    for pixel in 0..PIXELS {
        inputs[pixel] = windows[pixel][offset..].first_chunk().expect("a piece lies inside its window");
    }
    let mut factors = [&[[0.0; PANEL]; LEN]; Q];
    for q in 0..Q {
        (factors[q], weights[q]) = weights[q].split_first_chunk().expect("a panel is as deep as a window");
    }
    for k in 0..LEN {
        let mut weight = [_mm512_setzero_ps(); Q];
        for q in 0..Q {
            weight[q] = load(&factors[q][k]);
        }
        for pixel in 0..PIXELS {
            let input = _mm512_set1_ps(inputs[pixel][k]);
            for q in 0..Q {
                sums[pixel][q] = dot(sums[pixel][q], input, weight[q]);
            }
        }
    }
}
