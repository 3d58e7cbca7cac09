//! Positions of a [grid](super::grid) in the two forms that tile registers multiply: turned into rows of channels, and as lines
//! of pairs. Both are made strip by strip in the nearest cache.

use super::grid::{Grid, Pixels};
use super::source::Source;
use crate::amx::shifted::STEP;
use crate::amx::tiles::SIDE;
use crate::pairs::zip_line;
use crate::scratch::with_scratch;
use crate::simd::dispatch;
use crate::transpose::{Square, transpose};
use half::bf16;
use pulp::{Simd, WithSimd};
use std::ops::Range;

/// Numbers of a strip.
const STRIP: usize = 1 << 13;

/// Some channels as `[channel][position]`, rows of [`row_len`] numbers of which what lies behind the positions is arbitrary.
/// Rows for whole tiles follow those of the channels, arbitrary as well.
pub(super) fn turn(
    grid: &Grid,
    pixels: &Pixels,
    tensor: Source<'_>,
    positions: Range<isize>,
    channels: Range<usize>,
    turned: &mut [f32],
) {
    let (count, row_len) = (channels.len(), row_len(positions.clone().count()));
    each_strip(count, positions.clone().count(), |at, len, strip| {
        let len = len.next_multiple_of(STEP);
        let start = positions.start + at as isize;
        grid.show(pixels, tensor, start, channels.clone(), &mut strip[..len * count]);
        dispatch(Turn { strip, channels: count, count: len, at, row_len, turned });
    });
}

/// Some channels of the output as `[block of sixteen][position][channel]`, each position in pairs with the next one: each
/// position, or with `apart` of 1 every second.
pub(super) fn pair(
    grid: &Grid,
    tensor: Source<'_>,
    positions: Range<isize>,
    channels: Range<usize>,
    apart: usize,
    lines: &mut [f32],
) {
    let (count, len) = (channels.len(), positions.clone().count());
    each_strip(count, len, |at, here, strip| {
        let start = positions.start + at as isize;
        grid.show(&grid.output, tensor, start, channels.clone(), &mut strip[..(here + 1) * count]);
        let (step, lines_of_block) = (2 / apart, len * apart / 2 * SIDE);
        dispatch(Pair { strip, channels: count, count: here, step, first: at / step, lines_of_block, lines });
    });
}

/// Numbers from a row of so many to the next: an odd number of lines of the cache, so that rows fall on many of them.
pub(super) fn row_len(len: usize) -> usize {
    (len.div_ceil(STEP) | 1) * STEP
}

/// Gives `work` each strip of so many positions: where it starts, its positions, and room for one more and a tile.
fn each_strip(channels: usize, len: usize, mut work: impl FnMut(usize, usize, &mut [bf16])) {
    let strip_len = (STRIP / channels / STEP * STEP).max(STEP);
    with_scratch(((strip_len + 1) * channels).div_ceil(2) + SIDE, |strip| {
        for at in (0..len).step_by(strip_len) {
            work(at, strip_len.min(len - at), bytemuck::cast_slice_mut(strip));
        }
    });
}

/// Turns a strip, `[position, channels]`, into rows of channels from a position on.
struct Turn<'a> {
    strip: &'a [bf16],
    channels: usize,
    count: usize,
    at: usize,
    row_len: usize,
    turned: &'a mut [f32],
}

impl WithSimd for Turn<'_> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) {
        let Self { strip, channels, count, at, row_len, turned } = self;
        for channel in (0..channels).step_by(SIDE) {
            for step in (0..count).step_by(STEP) {
                let mut square: Square = [[0.0; SIDE]; SIDE];
                for pair in 0..SIDE {
                    square[pair] = line_of_pairs(strip, channels, step + 2 * pair, channel);
                }
                transpose(simd, &mut square);
                for row in 0..SIDE {
                    let to = ((channel + row) * row_len + at + step) / 2;
                    turned[to..][..SIDE].copy_from_slice(&square[row]);
                }
            }
        }
    }
}

/// Pairs up positions of a strip, of one each or of every second one.
struct Pair<'a> {
    strip: &'a [bf16],
    channels: usize,
    count: usize,
    step: usize,
    /// The first line.
    first: usize,
    lines_of_block: usize,
    lines: &'a mut [f32],
}

impl WithSimd for Pair<'_> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, _: S) {
        let Self { strip, channels, count, step, first, lines_of_block, lines } = self;
        for (block, lines) in lines.chunks_exact_mut(lines_of_block).enumerate() {
            let lines = &mut lines.as_chunks_mut::<SIDE>().0[first..][..count / step];
            for (at, line) in lines.iter_mut().enumerate() {
                *line = line_of_pairs(strip, channels, at * step, block * SIDE);
            }
        }
    }
}

/// Sixteen channels of a position and the next one. The last channels of a pixel are followed by others.
#[inline(always)]
fn line_of_pairs(strip: &[bf16], channels: usize, position: usize, channel: usize) -> [f32; SIDE] {
    let numbers = |position: usize| -> &[bf16; SIDE] {
        strip[position * channels + channel..]
            .first_chunk()
            .expect("there is a tile more than the strip takes")
    };
    zip_line(numbers(position), numbers(position + 1))
}
