//! The gather product of pairs of bfloat16 by the dot product instruction of AVX-512: [`super::gather`] with two
//! neighbouring numbers of a window in the place of one.

// Functions for instructions that a machine may lack are safe to call only from their like, and a bound checked for
// every pixel would cost as much as its products.
#![allow(unsafe_code)]

use super::gather::{Gather, Pixel};
use super::pack::PANEL;
use crate::dot::{Line, dot, load, store};
use std::arch::x86_64::{__m512, _mm512_set1_ps, _mm512_setzero_ps};

/// Pixels whose sums stay in registers.
const PIXELS: usize = 12;

/// Runs the product. Windows, runs and weights are counted in pairs, the weights in the order of the window.
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
    let depth = product.pieces.depth();
    let mut weights = [&[][..]; Q];
    for q in 0..Q {
        weights[q] = &product.weight.as_chunks().0[(first + q) * depth..][..depth];
    }
    let columns = first * PANEL..product.outputs.min((first + Q) * PANEL);
    for pixels in product.pixels.chunks(PIXELS) {
        let sums = tile(product, pixels, weights);
        for p in 0..PIXELS {
            if p < pixels.len() {
                let row = &mut product.out[pixels[p].target * product.pixel_len..][columns.clone()];
                write_sums(row, sums[p]);
            }
        }
    }
}

/// The sums of some pixels over their whole windows.
#[inline]
#[target_feature(enable = "avx512f,avx512bf16")]
fn tile<const Q: usize>(
    product: &Gather<'_>,
    pixels: &[Pixel],
    weights: [&[Line]; Q],
) -> [[__m512; Q]; PIXELS] {
    let pieces = product.pieces;
    // A short tile repeats its last pixel; nobody stores that.
    let mut windows = [std::ptr::null(); PIXELS];
    for p in 0..PIXELS {
        let pixel = pixels[p.min(pixels.len() - 1)];
        windows[p] = product.source[pixel.source..][..pieces.extent].as_ptr();
    }
    let mut sums = [[_mm512_setzero_ps(); Q]; PIXELS];
    let mut at = 0;
    for run in &pieces.runs {
        assert!(run + pieces.run_len <= pieces.extent, "a run lies inside its window");
        for k in *run..run + pieces.run_len {
            let mut factors = [_mm512_setzero_ps(); Q];
            for q in 0..Q {
                factors[q] = load(&weights[q][at]);
            }
            at += 1;
            for p in 0..PIXELS {
                // SAFETY: a window is `extent` long, which is more than `k` by the assertion above.
                let input = _mm512_set1_ps(unsafe { *windows[p].add(k) });
                for q in 0..Q {
                    sums[p][q] = dot(sums[p][q], factors[q], input);
                }
            }
        }
    }
    sums
}

/// Writes the sums of one pixel; the last panel may be wider than the row.
#[inline]
#[target_feature(enable = "avx512f")]
fn write_sums<const Q: usize>(row: &mut [f32], sums: [__m512; Q]) {
    if let (lines, []) = row.as_chunks_mut::<PANEL>()
        && let Some(lines) = lines.first_chunk_mut::<Q>()
    {
        for q in 0..Q {
            store(&mut lines[q], sums[q]);
        }
        return;
    }
    let mut whole = [[0.0; PANEL]; Q];
    for q in 0..Q {
        store(&mut whole[q], sums[q]);
    }
    row.copy_from_slice(&whole.as_flattened()[..row.len()]);
}
