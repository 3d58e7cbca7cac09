//! The gather product of pairs of bfloat16 in the tile registers of AMX: as [`super::gather_dot`], sixteen pixels by
//! sixteen outputs at a time.
//!
//! Windows that are equally spaced in the source are read where they lie, and so is what lies between the windows of two
//! rows of pixels, if there is not too much of it: tiles go on across rows, and what belongs to no pixel is dropped. Other
//! windows are copied, each as one row. Runs are read to the end of their last step, where they meet weights that are zero;
//! an infinite number there makes NaN.
//!
//! The sums of a block are stored in the nearest cache. From there they go to their pixels after the products of the next
//! block, which do not wait for them.

// Functions for instructions that a machine may lack are safe to call only from their like.
#![allow(unsafe_code)]

use super::gather::{Gather, Pixel};
use super::pack::PANEL;
use super::spaced::{Spaced, Tile};
use super::unit::Unit;
use crate::amx::tiles::{self, Factors, Registers, SIDE, Steps, TILE};
use crate::dot::{load, load_some, narrow_to, narrow_two_lines, store};
use crate::element::Element;
use crate::scratch::with_scratch;
use crate::values::ValuesMut;
use std::arch::x86_64::{_MM_HINT_T1, _mm_prefetch};
use std::ops::Range;

/// Rows and outputs of a block: two tiles.
const BLOCK: usize = 2 * SIDE;
/// Pairs of weights that stay in the second cache beside the windows.
const WEIGHTS: usize = 3 << 16;

/// Runs the product. Windows and runs are counted in pairs, and runs of weights are filled up to whole steps.
///
/// # Panics
/// If tiles are not in use.
pub(super) fn gather<E: Element>(product: Gather<'_, E>, spaced: Option<&Spaced>, ahead: &[u8]) {
    if let Some(spaced) = spaced
        && let Some((tiles, pixels)) = spaced.tiles(product.pixels)
        && lies_inside(&product, pixels, tiles, spaced.distance)
    {
        return in_place(Gather { pixels, ..product }, tiles, spaced.distance, ahead);
    }
    copied(product, ahead);
}

/// Whether what tiles read of windows where they lie is there.
fn lies_inside<E>(product: &Gather<'_, E>, pixels: &[Pixel], tiles: &[Tile], distance: usize) -> bool {
    let Some(last) = tiles.iter().map(|tile| pixels[tile.first].source).max() else { return false };
    let Some(run) = product.pieces.runs.last() else { return false };
    let window = run + Unit::Tile.run_stride(product.pieces.run_len);
    last + (SIDE - 1) * distance + window <= product.source.len()
}

/// With windows where they lie.
fn in_place<E: Element>(mut product: Gather<'_, E>, tiles: &[Tile], distance: usize, ahead: &[u8]) {
    let registers = Registers::configure();
    let pieces = product.pieces;
    let per_run = Unit::Tile.run_stride(pieces.run_len) / SIDE;
    let starts = pieces.runs.iter().flat_map(|run| (0..per_run).map(move |step| run + step * SIDE));
    let steps = Steps::new(starts.enumerate().map(|(step, start)| [start, step * TILE]));
    let depth = pieces.runs.len() * per_run * SIDE;
    let mut ahead = Ahead::new(ahead, tiles.len().div_ceil(2));
    // As many outputs at a time as have weights that stay in the second cache.
    let together = (WEIGHTS / depth / BLOCK * BLOCK).max(BLOCK);
    let mut sums = Sums::new();
    for first in (0..product.outputs).step_by(together) {
        let outputs = first..product.outputs.min(first + together);
        for tiles in tiles.chunks(2) {
            ahead.fetch();
            let tiles = two(tiles);
            let rows = Rows {
                values: product.source,
                starts: tiles.map(|tile| product.pixels[tile.first].source),
                stride: distance,
                steps: &steps,
            };
            Block { depth, tiles }.multiply(&registers, &rows, outputs.clone(), &mut sums, &mut product);
        }
    }
    sums.write(&mut product);
}

/// With copies of windows.
fn copied<E: Element>(mut product: Gather<'_, E>, ahead: &[u8]) {
    let registers = Registers::configure();
    let depth = product.pieces.runs.len() * Unit::Tile.run_stride(product.pieces.run_len);
    let steps = Steps::even(depth / SIDE, [SIDE, TILE]);
    // An odd number of lines of the cache, so that rows fall on many of them.
    let row_len = depth + if (depth / SIDE).is_multiple_of(2) { SIDE } else { 0 };
    let mut ahead = Ahead::new(ahead, product.pixels.len().div_ceil(BLOCK));
    let mut sums = Sums::new();
    with_scratch(BLOCK * row_len, |values| {
        for (block, pixels) in product.pixels.chunks(BLOCK).enumerate() {
            ahead.fetch();
            // SAFETY: tiles are in use, and processors that have them have AVX-512.
            unsafe { copy_windows(&product, pixels, values, row_len) };
            let tiles: Vec<Tile> = (0..pixels.len())
                .step_by(SIDE)
                .map(|at| Tile::of_each(block * BLOCK + at, SIDE.min(pixels.len() - at)))
                .collect();
            let rows = Rows {
                values: &*values,
                starts: [0, (tiles.len() - 1) * SIDE * row_len],
                stride: row_len,
                steps: &steps,
            };
            let (block, outputs) = (Block { depth, tiles: two(&tiles) }, 0..product.outputs);
            block.multiply(&registers, &rows, outputs, &mut sums, &mut product);
        }
    });
    sums.write(&mut product);
}

/// Bytes of a line of the cache.
const LINE: usize = 64;

/// What is fetched from memory while other things are multiplied.
struct Ahead<'a> {
    parts: std::slice::Chunks<'a, u8>,
}

impl<'a> Ahead<'a> {
    /// Bytes that are fetched in so many parts.
    fn new(bytes: &'a [u8], parts: usize) -> Self {
        Self { parts: bytes.chunks(bytes.len().div_ceil(parts.max(1)).next_multiple_of(LINE).max(LINE)) }
    }

    /// Asks for a part more.
    fn fetch(&mut self) {
        for line in self.parts.next().unwrap_or_default().chunks(LINE) {
            // SAFETY: a hint, which reads no value.
            unsafe { _mm_prefetch::<_MM_HINT_T1>(line.as_ptr().cast()) };
        }
    }
}

/// Both tiles of a block, the first one twice if there is no second.
fn two(tiles: &[Tile]) -> [Tile; 2] {
    [tiles[0], tiles[tiles.len() - 1]]
}

/// Where the rows of a block are.
struct Rows<'a> {
    values: &'a [f32],
    starts: [usize; 2],
    stride: usize,
    steps: &'a Steps,
}

/// Some pixels by all outputs.
struct Block {
    /// Pairs of a window of weights.
    depth: usize,
    tiles: [Tile; 2],
}

impl Block {
    fn multiply<E: Element>(
        &self,
        registers: &Registers,
        rows: &Rows<'_>,
        outputs: Range<usize>,
        sums: &mut Sums,
        product: &mut Gather<'_, E>,
    ) {
        let second = if rows.starts[0] == rows.starts[1] { 0 } else { SIDE * BLOCK };
        for first in outputs.clone().step_by(BLOCK) {
            let outputs = first..outputs.end.min(first + BLOCK);
            let panels = [first, outputs.end - 1].map(|output| output / PANEL);
            let factors = Factors {
                rows: rows.values,
                row_tiles: rows.starts,
                row_stride: rows.stride,
                columns: product.weight,
                column_tiles: panels.map(|panel| panel * self.depth * PANEL),
                column_stride: PANEL,
                steps: rows.steps,
            };
            let values = sums.values[sums.next].0.as_flattened_mut();
            let tiles = [0, second];
            registers.multiply(&factors, &mut tiles::Sums { values, tiles, stride: BLOCK, add: false });
            sums.write(product);
            sums.pending = Some(Pending { tiles: self.tiles, outputs });
        }
    }
}

/// The sums of a block that were not written yet, and room for those of the next.
struct Sums {
    values: [SumsOfBlock; 2],
    /// Which of both is next.
    next: usize,
    pending: Option<Pending>,
}

/// Outputs of each row.
#[repr(align(64))]
struct SumsOfBlock([[f32; BLOCK]; BLOCK]);

/// Whose sums they are.
struct Pending {
    tiles: [Tile; 2],
    outputs: Range<usize>,
}

impl Sums {
    fn new() -> Self {
        Self { values: [const { SumsOfBlock([[0.0; BLOCK]; BLOCK]) }; 2], next: 0, pending: None }
    }

    /// Writes what is pending; the other half is next.
    fn write<E: Element>(&mut self, product: &mut Gather<'_, E>) {
        self.next = 1 - self.next;
        let Some(Pending { tiles, outputs }) = self.pending.take() else { return };
        let (values, _) = self.values[self.next].0.as_chunks();
        for tile in 0..if tiles[0] == tiles[1] { 1 } else { 2 } {
            // SAFETY: tiles are in use, and processors that have them have the instructions of AVX-512.
            unsafe { write_pixels(&tiles[tile], &values[tile], outputs.clone(), product) };
        }
    }
}

/// Windows as rows, their runs filled up with zeros.
#[target_feature(enable = "avx512f")]
fn copy_windows<E>(product: &Gather<'_, E>, pixels: &[Pixel], rows: &mut [f32], row_len: usize) {
    let pieces = product.pieces;
    for p in 0..pixels.len() {
        let window = &product.source[pixels[p].source..][..pieces.extent];
        let (row, _) = rows[p * row_len..][..row_len].as_chunks_mut();
        let mut to = 0;
        for run in &pieces.runs {
            let (lines, rest) = window[*run..][..pieces.run_len].as_chunks();
            for line in lines {
                store(&mut row[to], load(line));
                to += 1;
            }
            if !rest.is_empty() {
                store(&mut row[to], load_some(rest));
                to += 1;
            }
        }
    }
}

/// Copies the sums of a tile's pixels to where they belong.
#[target_feature(enable = "avx512f,avx512bf16")]
fn write_pixels<E: Element>(
    tile: &Tile,
    values: &[[f32; BLOCK]; SIDE],
    outputs: Range<usize>,
    product: &mut Gather<'_, E>,
) {
    let pixels = &product.pixels[tile.first..];
    let pixels = &pixels[..tile.count.min(pixels.len())];
    for p in 0..pixels.len() {
        let from = &values[usize::from(tile.rows[p])];
        let to = &mut product.out[pixels[p].target * product.pixel_len..][outputs.clone()];
        match E::values_mut(to) {
            ValuesMut::F32(to) => to.copy_from_slice(&from[..to.len()]),
            ValuesMut::Bf16(to) => match to.as_mut_array() {
                Some(to) => *to = narrow_two_lines(from),
                None => narrow_to(&from[..to.len()], to),
            },
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::amx::in_use;
    use crate::convolution::gather_dot;
    use crate::convolution::pack::Pieces;
    use crate::tests::{assert_close, noise_pairs, sum_tolerance, to_f64};

    /// What lies between the windows is infinite where windows should be copied, and noise else.
    fn check(starts: &[usize], run_len: usize, pixels: &[Pixel], outputs: usize, in_place: bool) {
        let pieces = Pieces::new(starts, run_len);
        let mut source = noise_pairs(0, 4000);
        if !in_place {
            source.fill(f32::from_bits(0x7f80_7f80));
            for (seed, pixel) in pixels.iter().enumerate() {
                for start in starts {
                    source[pixel.source + start..][..run_len]
                        .copy_from_slice(&noise_pairs(seed as u64, run_len));
                }
            }
        }
        let panels = outputs.div_ceil(PANEL);
        let weight = noise_pairs(1, panels * PANEL * pieces.depth());
        let filled_up = fill_up(&weight, run_len);
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
        let spaced = Spaced::new(pixels, pixels.len(), outputs);
        let inside = spaced.as_ref().is_some_and(|spaced| {
            let (tiles, pixels) = spaced.tiles(pixels).expect("these pixels");
            lies_inside(&got, pixels, tiles, spaced.distance)
        });
        assert_eq!(inside, in_place, "{starts:?} {run_len} {outputs}");
        gather_dot::gather(expected);
        gather(Gather { weight: &filled_up, ..got }, spaced.as_ref(), &[]);
        let written = |out: &[f32]| out.iter().map(|value| !value.is_nan()).collect::<Vec<_>>();
        assert!(written(&out[0]) == written(&out[1]), "the same places are written");
        assert_eq!(out[0].iter().filter(|value| !value.is_nan()).count(), pixels.len() * outputs);
        for out in &mut out {
            out.retain(|value| !value.is_nan());
        }
        assert_close("out", &out[1], &to_f64(&out[0]), 2.0 * sum_tolerance(2 * pieces.depth()));
    }

    /// Zeros behind each run.
    fn fill_up(weight: &[f32], run_len: usize) -> Vec<f32> {
        let (len, stride) = (run_len * PANEL, Unit::Tile.run_stride(run_len) * PANEL);
        weight
            .chunks_exact(len)
            .flat_map(|run| run.iter().copied().chain(std::iter::repeat_n(0.0, stride - len)))
            .collect()
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
            for count in [2, 16, 32, 53, 80] {
                let few = count < SIDE;
                // Where they lie: to places equally spaced, to others, and across what lies between two rows.
                check(&[0, 1800], 32, &pixels(count, |at| 16 * at, |at| 3 * at), outputs, !few);
                check(&[0, 1800], 29, &pixels(count, |at| 16 * at, |at| 80 - at), outputs, !few);
                let rows = pixels(count, |at| 16 * at + at / 20 * 32, |at| at);
                check(&[5, 1800], 48, &rows, outputs, !few);
                // Copied: too much between the rows, rows with other distances, and steps back.
                let rows = pixels(count, |at| 15 * at + at / 2 * 300, |at| 2 * at);
                if count <= 16 {
                    check(&[0, 700], 15, &rows, outputs, false);
                }
                check(&[0, 1200], 5, &pixels(count, |at| 8 * at + at / 2 * 7, |at| at), outputs, false);
                check(&[0, 1200], 17, &pixels(count, |at| 2000 - 20 * at, |at| at), outputs, false);
            }
        }
    }
}
