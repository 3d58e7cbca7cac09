//! The outer-product sum of pairs of bfloat16 in the tile registers of AMX: as [`super::outer_dot`], sixteen pairs of
//! pixels at a time.
//!
//! The gradients of a block of pixels are turned, so that an output's pixels lie side by side. Windows that are equally
//! spaced are read where they lie; of others two lines at a time are copied one below the other. Outputs that fill no tile
//! are left to [`super::outer_dot`].

// Functions for instructions that a machine may lack are safe to call only from their like.
#![allow(unsafe_code)]

use super::gather::Pixel;
use super::outer::Outer;
use super::outer_dot;
use crate::amx::in_use;
use crate::amx::tiles::{Factors, Registers, SIDE, Steps, Sums, TILE, two_tiles};
use crate::dot::{Line, load, store};
use crate::scratch::with_scratch;
use crate::simd::dispatch;
use crate::transpose::transpose;
use pulp::{Simd, WithSimd};

/// Pixels whose products are summed in registers: many, as sums are slow to fetch and store, but no more than fit into the
/// cache together with their gradients.
const BLOCK_PIXELS: usize = 640;

/// Whether tiles are in use, and the product has enough outputs and pixels for one.
pub(super) fn suits(product: &Outer<'_>) -> bool {
    in_use() && product.range.len() >= SIDE && product.pixels.len() >= SIDE
}

/// Runs a sum that [`suits`].
pub(super) fn outer(mut product: Outer<'_>) {
    let whole = product.range.len() / SIDE * SIDE;
    with_scratch(whole * BLOCK_PIXELS, |turned| {
        with_scratch(2 * SIDE * BLOCK_PIXELS, |windows| {
            let registers = Registers::configure();
            for pixels in product.pixels.chunks(BLOCK_PIXELS) {
                block(&registers, &mut product, pixels, turned, windows);
            }
        });
    });
    if whole < product.range.len() {
        let row = product.runs.len() * product.run_stride;
        let range = product.range.start + whole..product.range.end;
        outer_dot::outer(Outer { range, sums: &mut product.sums[whole * row..], ..product });
    }
}

/// Adds the products of some pixels, for all whole tiles of outputs.
fn block(
    registers: &Registers,
    product: &mut Outer<'_>,
    pixels: &[Pixel],
    turned: &mut [f32],
    windows: &mut [f32],
) {
    let outputs = product.range.len() / SIDE * SIDE;
    let count = pixels.len().div_ceil(SIDE);
    let spacing = spacing(product, pixels);
    let steps = Steps::even(count, [TILE, SIDE * spacing.unwrap_or(SIDE)]);
    let (turned, windows) = (&mut turned[..outputs * count * SIDE], &mut windows[..2 * count * TILE]);
    dispatch(Turn { product, pixels, turned: &mut *turned });
    let row = product.runs.len() * product.run_stride;
    for run in 0..product.runs.len() {
        for at in (0..product.run_stride).step_by(2 * SIDE) {
            let lines = two_tiles(at, product.run_stride);
            let starts = lines.map(|line| product.runs[run] + line);
            if spacing.is_none() {
                let (first, second) = windows.split_at_mut(count * TILE);
                // SAFETY: tiles are in use, and processors that have them have AVX-512.
                unsafe {
                    copy_lines(product, pixels, starts[0], first);
                    if starts[0] != starts[1] {
                        copy_lines(product, pixels, starts[1], second);
                    }
                }
            }
            let (columns, column_tiles, column_stride) = match spacing {
                Some(spacing) => (product.source, starts.map(|start| pixels[0].source + start), spacing),
                None => (&*windows, lines.map(|line| (line - lines[0]) * count * SIDE), SIDE),
            };
            for output in (0..outputs).step_by(2 * SIDE) {
                let rows = two_tiles(output, outputs);
                let factors = Factors {
                    rows: turned,
                    row_tiles: rows.map(|output| output * count * SIDE),
                    row_stride: SIDE,
                    columns,
                    column_tiles,
                    column_stride,
                    steps: &steps,
                };
                let tiles = rows.map(|output| output * row + run * product.run_stride + lines[0]);
                let mut sums = Sums { values: &mut *product.sums, tiles, stride: row, add: true };
                registers.multiply(&factors, &mut sums);
            }
        }
    }
}

/// The distance of each pixel's window from the one before, if it is the same for all and those of the pixels that a last
/// step is short of would lie inside the source too.
fn spacing(product: &Outer<'_>, pixels: &[Pixel]) -> Option<usize> {
    let distance = |two: &[Pixel]| two[1].source.checked_sub(two[0].source);
    let first = distance(pixels.get(..2)?)?;
    let even = pixels.windows(2).all(|two| distance(two) == Some(first));
    let last = pixels[0].source + (pixels.len().next_multiple_of(SIDE) - 1) * first;
    let inside = last + product.runs.last()? + product.run_stride <= product.source.len();
    (even && inside).then_some(first)
}

/// Gradients as `[tile of outputs][step][output][pixel of the step]`, the last step with zeros.
struct Turn<'a> {
    product: &'a Outer<'a>,
    pixels: &'a [Pixel],
    turned: &'a mut [f32],
}

impl WithSimd for Turn<'_> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) {
        let Self { product, pixels, turned } = self;
        let (tiles, _) = turned.as_chunks_mut::<SIDE>().0.as_chunks_mut::<SIDE>();
        let count = pixels.len().div_ceil(SIDE);
        for at in 0..tiles.len() {
            let (output, step) = (product.range.start + at / count * SIDE, at % count);
            let pixels = &pixels[step * SIDE..];
            let mut square = [[0.0; SIDE]; SIDE];
            for p in 0..pixels.len().min(SIDE) {
                square[p] = *product.grad_out[pixels[p].target * product.outputs + output..]
                    .first_chunk()
                    .expect("the pixel has its outputs");
            }
            transpose(simd, &mut square);
            tiles[at] = square;
        }
    }
}

/// The line of each window that is so far from its start, and zeros to the end of the last step.
#[target_feature(enable = "avx512f")]
fn copy_lines(product: &Outer<'_>, pixels: &[Pixel], start: usize, lines: &mut [f32]) {
    let (lines, zeros) = lines.as_chunks_mut().0.split_at_mut(pixels.len());
    for p in 0..pixels.len() {
        let line: &Line =
            product.source[pixels[p].source + start..].first_chunk().expect("the window has its vectors");
        store(&mut lines[p], load(line));
    }
    zeros.fill([0.0; SIDE]);
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tests::{assert_close, noise, noise_pairs, sum_tolerance, to_f64};

    #[test]
    fn the_sums_are_those_of_dots() {
        if !in_use() {
            eprintln!("skipped: tile registers are not in use");
            return;
        }
        for (outputs, range) in [(16, 0..16), (40, 3..37), (96, 32..80)] {
            for (count, run_stride) in [(16, 16), (150, 112), (261, 32)] {
                let source = noise_pairs(1, 11 * count + 400);
                let pixels: Vec<Pixel> =
                    (0..count).map(|target| Pixel { source: target * 11, target }).collect();
                let grad_out = noise_pairs(2, count * outputs);
                let before = noise(3, range.len() * 2 * run_stride);
                let mut sums = [before.clone(), before];
                let [expected, got] = sums.each_mut().map(|sums| Outer {
                    source: &source,
                    pixels: &pixels,
                    runs: &[0, 200],
                    run_stride,
                    grad_out: &grad_out,
                    outputs,
                    range: range.clone(),
                    sums,
                });
                assert!(suits(&got));
                outer_dot::outer(expected);
                outer(got);
                assert_close("sums", &sums[1], &to_f64(&sums[0]), 2.0 * sum_tolerance(2 * count));
            }
        }
    }
}
