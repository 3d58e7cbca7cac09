//! The gather product of pairs of bfloat16 in the tile registers of AMX: as [`super::gather_dot`], sixteen pixels by
//! sixteen outputs at a time.
//!
//! The windows of a block of pixels are copied, each as one row, which tiles then cross from end to end without regard to
//! runs. Windows that are equally spaced in the source, of runs that tiles divide, are read where they lie; results go
//! where they belong at once if their places are equally spaced.

// Functions for instructions that a machine may lack are safe to call only from their like.
#![allow(unsafe_code)]

use super::gather::{Gather, Pixel};
use super::pack::PANEL;
use crate::amx::tiles::{Factors, Registers, SIDE, Steps, Sums, TILE, in_use};
use crate::dot::{load, load_some, store};
use crate::scratch::with_scratch;

/// Pixels and outputs of a block: two tiles.
const BLOCK: usize = 2 * SIDE;

/// Whether tiles are in use, and the product has enough pixels and pairs for one.
pub(super) fn suits(product: &Gather<'_>) -> bool {
    in_use() && product.pixels.len() >= SIDE && product.pieces.depth() >= SIDE
}

/// Runs a product that [`suits`].
pub(super) fn gather(mut product: Gather<'_>) {
    let depth = product.pieces.depth();
    // A whole line more than there is, and an odd number of them, so that rows fall on many lines of the cache.
    let row_len = depth.next_multiple_of(2 * SIDE) + SIDE;
    with_scratch(BLOCK * row_len, |rows| {
        rows.fill(0.0);
        with_scratch(product.outputs.div_ceil(PANEL) * TILE, |last| {
            copy_last(product.weight, depth, last);
            let plan = Plan {
                row_len,
                copied: Steps::even(depth / SIDE, [SIDE, TILE]),
                in_place: in_place(&product),
                rest: Steps::even(1, [0, 0]),
                last,
                depth,
            };
            let registers = Registers::configure();
            for pixels in product.pixels.chunks(BLOCK) {
                block(&registers, &plan, &mut product, pixels, rows);
            }
        });
    });
}

/// What is alike for all blocks.
struct Plan<'a> {
    /// Floats of a copied window.
    row_len: usize,
    /// The whole steps through copied windows.
    copied: Steps,
    /// The steps through windows where they lie, if runs are whole steps.
    in_place: Option<Steps>,
    /// One step.
    rest: Steps,
    /// The weights after the last whole step, `[panel][pair of the step][lane]`, with zeros behind them.
    last: &'a [f32],
    /// Pairs of a window.
    depth: usize,
}

/// The weights of every panel after its last whole step, with zeros behind them.
fn copy_last(weight: &[f32], depth: usize, last: &mut [f32]) {
    let rest = depth % SIDE * PANEL;
    for (panel, last) in weight.chunks_exact(depth * PANEL).zip(last.chunks_exact_mut(TILE)) {
        last[..rest].copy_from_slice(&panel[depth * PANEL - rest..]);
        last[rest..].fill(0.0);
    }
}

/// The steps through windows where they lie.
fn in_place(product: &Gather<'_>) -> Option<Steps> {
    let pieces = product.pieces;
    pieces.run_len.is_multiple_of(SIDE).then(|| {
        let starts = pieces.sixteens.iter().enumerate();
        Steps::new(starts.map(|(step, start)| [*start, step * TILE]))
    })
}

/// The distance of each place from the one before, if it is the same in all tiles of pixels and these are whole.
fn spacing(pixels: &[Pixel], place: impl Fn(&Pixel) -> usize) -> Option<usize> {
    if !pixels.len().is_multiple_of(SIDE) {
        return None;
    }
    let distance = |two: &[Pixel]| place(&two[1]).checked_sub(place(&two[0]));
    let first = distance(pixels)?;
    let even = |tile: &[Pixel]| tile.windows(2).all(|two| distance(two) == Some(first));
    pixels.chunks_exact(SIDE).all(even).then_some(first)
}

/// Some pixels by all outputs.
fn block(
    registers: &Registers,
    plan: &Plan<'_>,
    product: &mut Gather<'_>,
    pixels: &[Pixel],
    rows: &mut [f32],
) {
    // The second tile is the first one where there is none.
    let tiles = [0, pixels.len().div_ceil(SIDE) - 1].map(|tile| tile * SIDE);
    let spaced = spacing(pixels, |pixel| pixel.source);
    let (values, row_tiles, row_stride, steps) = match (&plan.in_place, spaced) {
        (Some(steps), Some(stride)) => {
            (product.source, tiles.map(|pixel| pixels[pixel].source), stride, steps)
        }
        _ => {
            // SAFETY: tiles are in use, and processors that have them have AVX-512.
            unsafe { copy_windows(product, pixels, rows, plan.row_len) };
            (&*rows, tiles.map(|pixel| pixel * plan.row_len), plan.row_len, &plan.copied)
        }
    };
    let targets = spacing(pixels, |pixel| pixel.target);
    for output in (0..product.outputs).step_by(BLOCK) {
        let width = BLOCK.min(product.outputs - output);
        let panels = [output / PANEL, (output + width - 1) / PANEL];
        let factors = Factors {
            rows: values,
            row_tiles,
            row_stride,
            columns: product.weight,
            column_tiles: panels.map(|panel| panel * plan.depth * PANEL),
            steps,
        };
        match targets {
            Some(distance) if width.is_multiple_of(PANEL) => {
                let mut sums = Sums {
                    tiles: tiles.map(|pixel| pixels[pixel].target * product.pixel_len + output),
                    stride: distance * product.pixel_len,
                    values: &mut *product.out,
                    add: false,
                };
                multiply(registers, plan, &factors, panels, &mut sums);
            }
            _ => {
                let mut values = [0.0; BLOCK * BLOCK];
                let tiles = tiles.map(|pixel| pixel * BLOCK);
                let mut sums = Sums { values: &mut values, tiles, stride: BLOCK, add: false };
                multiply(registers, plan, &factors, panels, &mut sums);
                for (pixel, sums) in pixels.iter().zip(values.chunks_exact(BLOCK)) {
                    let row = &mut product.out[pixel.target * product.pixel_len + output..][..width];
                    // SAFETY: as above.
                    unsafe { copy(&sums[..width], row) };
                }
            }
        }
    }
}

/// All steps of a block.
fn multiply(
    registers: &Registers,
    plan: &Plan<'_>,
    factors: &Factors<'_>,
    panels: [usize; 2],
    sums: &mut Sums<'_>,
) {
    registers.multiply(factors, sums);
    let whole = plan.depth / SIDE * SIDE;
    if whole == plan.depth {
        return;
    }
    let factors = Factors {
        row_tiles: factors.row_tiles.map(|start| start + whole),
        columns: plan.last,
        column_tiles: panels.map(|panel| panel * TILE),
        steps: &plan.rest,
        ..*factors
    };
    sums.add = true;
    registers.multiply(&factors, sums);
}

/// Windows as rows. What follows a window in its row is zero and stays so.
#[target_feature(enable = "avx512f")]
fn copy_windows(product: &Gather<'_>, pixels: &[Pixel], rows: &mut [f32], row_len: usize) {
    let pieces = product.pieces;
    for p in 0..pixels.len() {
        let window = &product.source[pixels[p].source..][..pieces.extent];
        let row = &mut rows[p * row_len..][..row_len];
        let mut to = 0;
        for run in &pieces.runs {
            let (lines, rest) = window[*run..][..pieces.run_len].as_chunks();
            for line in lines {
                store(row[to..].first_chunk_mut().expect("a row has room for its window"), load(line));
                to += SIDE;
            }
            if !rest.is_empty() {
                let line = row[to..].first_chunk_mut().expect("a row has room for a line more");
                store(line, load_some(rest));
                to += rest.len();
            }
        }
    }
}

/// Sums of a pixel.
#[target_feature(enable = "avx512f")]
fn copy(from: &[f32], to: &mut [f32]) {
    let (lines, rest) = from.as_chunks();
    let (lines_to, rest_to) = to.as_chunks_mut();
    for at in 0..lines.len() {
        store(&mut lines_to[at], load(&lines[at]));
    }
    rest_to.copy_from_slice(rest);
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::convolution::gather_dot;
    use crate::convolution::pack::Pieces;
    use crate::tests::{assert_close, noise_pairs, sum_tolerance, to_f64};

    /// What lies between the windows is NaN.
    fn check(starts: &[usize], run_len: usize, pixels: &[Pixel], outputs: usize) {
        let pieces = Pieces::new(starts, run_len);
        let mut source = vec![f32::from_bits(u32::MAX); 4000];
        for (seed, pixel) in pixels.iter().enumerate() {
            for start in starts {
                source[pixel.source + start..][..run_len].copy_from_slice(&noise_pairs(seed as u64, run_len));
            }
        }
        let weight = noise_pairs(1, outputs.next_multiple_of(PANEL) * pieces.depth());
        let mut out = [vec![f32::NAN; 3 * 80 * outputs], vec![f32::NAN; 3 * 80 * outputs]];
        let [expected, got] = out.each_mut().map(|out| Gather {
            source: &source,
            pixels,
            pieces: &pieces,
            weight: &weight,
            outputs,
            pixel_len: outputs,
            out,
        });
        assert!(suits(&got));
        gather_dot::gather(expected);
        gather(got);
        let written = |out: &[f32]| out.iter().map(|value| !value.is_nan()).collect::<Vec<_>>();
        assert!(written(&out[0]) == written(&out[1]), "the same places are written");
        assert_eq!(out[0].iter().filter(|value| !value.is_nan()).count(), pixels.len() * outputs);
        for out in &mut out {
            out.retain(|value| !value.is_nan());
        }
        assert_close("out", &out[1], &to_f64(&out[0]), 2.0 * sum_tolerance(2 * pieces.depth()));
    }

    #[test]
    fn the_products_are_those_of_dots() {
        if !in_use() {
            eprintln!("skipped: tile registers are not in use");
            return;
        }
        let pixels = |count, source: fn(usize) -> usize, target: fn(usize) -> usize| -> Vec<Pixel> {
            (0..count).map(|at| Pixel { source: source(at), target: target(at) }).collect()
        };
        for outputs in [15, 16, 32, 48, 50] {
            for count in [16, 32, 53, 80] {
                // Where they lie, and to places equally spaced.
                check(&[0, 1800], 32, &pixels(count, |at| 16 * at, |at| 3 * at), outputs);
                // Copied: as the targets go back, as the sources are in rows, and as runs are no whole steps.
                check(&[0, 1800], 16, &pixels(count, |at| 18 * at, |at| 80 - at), outputs);
                check(&[5, 1800], 48, &pixels(count, |at| 16 * at + at / 8 * 32, |at| at), outputs);
                check(&[0, 1200, 2400], 29, &pixels(count, |at| 15 * at, |at| 2 * at), outputs);
                check(&[0, 1200, 2400], 6, &pixels(count, |at| 7 * at, |at| at), outputs);
            }
        }
    }
}
