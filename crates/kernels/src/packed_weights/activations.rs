//! The other operand, rounded to eight bits.

use super::BLOCK;
use crate::simd::dispatch;
use pulp::{Simd, WithSimd};
use rayon::prelude::*;

/// Codes of four columns in one word: that many words are a block.
pub(super) const WORDS: usize = BLOCK / 4;

/// A block of `M` rows, as a kernel reads it.
#[derive(Clone, Copy, Debug)]
pub(super) struct TileBlock<const M: usize> {
    /// Codes of four neighbouring columns, the first in the lowest byte.
    pub words: [[i32; M]; WORDS],
    /// Sums of the codes of each half.
    pub sums: [[i32; M]; 2],
    /// What codes are multiplied with.
    pub scales: [f32; M],
}

/// Rows of numbers `scale · code`, with a scale for each [`BLOCK`] of them.
///
/// Rows that are multiplied together lie together: as many as there are in eights, then four, two and one.
#[derive(Debug)]
pub(super) struct Activations {
    rows: usize,
    blocks: usize,
    eights: Vec<TileBlock<8>>,
    fours: Vec<TileBlock<4>>,
    twos: Vec<TileBlock<2>>,
    ones: Vec<TileBlock<1>>,
}

/// The blocks of rows that are multiplied together.
#[derive(Clone, Copy, Debug)]
pub(super) enum Tile<'a> {
    Eight(&'a [TileBlock<8>]),
    Four(&'a [TileBlock<4>]),
    Two(&'a [TileBlock<2>]),
    One(&'a [TileBlock<1>]),
}

/// The largest code.
const LEVELS: f32 = 127.0;
/// Blocks of numbers below 2⁻¹²⁰ become zeros: the inverse of their scale is no number.
const TINY: f32 = 7.523_164e-37;

impl Activations {
    /// # Panics
    /// If rows do not consist of whole blocks.
    pub fn new(columns: usize, x: &[f32]) -> Self {
        assert!(columns.is_multiple_of(BLOCK), "rows consist of whole blocks");
        let blocks = columns / BLOCK;
        let rows = x.len() / columns;
        let (eight, rest) = x.split_at(rows / 8 * 8 * columns);
        let (four, rest) = rest.split_at(rows % 8 / 4 * 4 * columns);
        let (two, one) = rest.split_at(rows % 4 / 2 * 2 * columns);
        Self {
            rows,
            blocks,
            eights: tiles(columns, eight),
            fours: tiles(columns, four),
            twos: tiles(columns, two),
            ones: tiles(columns, one),
        }
    }

    pub fn rows(&self) -> usize {
        self.rows
    }

    /// The rows from `row` on that are multiplied together, and how many these are. A row within them is none to begin with.
    pub fn tile(&self, row: usize) -> (Tile<'_>, usize) {
        let of = |index: usize| index * self.blocks..(index + 1) * self.blocks;
        let (eights, rest) = (self.rows / 8 * 8, self.rows % 8);
        match row.checked_sub(eights) {
            None => (Tile::Eight(&self.eights[of(row / 8)]), 8),
            Some(0) if rest >= 4 => (Tile::Four(&self.fours), 4),
            Some(behind) if rest - behind >= 2 => (Tile::Two(&self.twos), 2),
            Some(_) => (Tile::One(&self.ones), 1),
        }
    }
}

/// Rows in tiles of `M`.
fn tiles<const M: usize>(columns: usize, x: &[f32]) -> Vec<TileBlock<M>> {
    let blocks = columns / BLOCK;
    let mut tiles = vec![TileBlock::<M>::EMPTY; x.len() / (BLOCK * M)];
    tiles
        .par_chunks_mut(blocks.max(1))
        .zip(x.par_chunks((columns * M).max(1)))
        .for_each(|(tiles, x)| dispatch(Rounding { columns, x, tiles }));
    tiles
}

/// `M` rows become a tile.
struct Rounding<'a, const M: usize> {
    columns: usize,
    x: &'a [f32],
    tiles: &'a mut [TileBlock<M>],
}

impl<const M: usize> WithSimd for Rounding<'_, M> {
    type Output = ();

    /// The loops are plain, and compiled for the vectors of the machine.
    #[inline(always)]
    fn with_simd<S: Simd>(self, _: S) {
        let Self { columns, x, tiles } = self;
        for row in 0..M {
            let x = &x[row * columns..(row + 1) * columns];
            for (x, tile) in x.as_chunks::<BLOCK>().0.iter().zip(&mut *tiles) {
                tile.put(row, x);
            }
        }
    }
}

impl<const M: usize> TileBlock<M> {
    const EMPTY: Self = Self { words: [[0; M]; WORDS], sums: [[0; M]; 2], scales: [0.0; M] };

    #[inline(always)]
    fn put(&mut self, row: usize, x: &[f32; BLOCK]) {
        // Lane by lane, as far as vectors go, and then over them.
        let mut lanes = [0.0f32; BLOCK / 2];
        for i in 0..BLOCK / 2 {
            let (a, b) = (x[i].abs(), x[i + BLOCK / 2].abs());
            let larger = if a > b { a } else { b };
            lanes[i] = larger;
        }
        let mut width = BLOCK / 4;
        while width > 0 {
            for i in 0..width {
                lanes[i] = if lanes[i] > lanes[i + width] { lanes[i] } else { lanes[i + width] };
            }
            width /= 2;
        }
        let largest = if lanes[0] < TINY { 0.0 } else { lanes[0] };
        // Nothing, or not a number if one of them is not finite.
        let mut poison = 0.0;
        for i in 0..BLOCK {
            poison += x[i] * 0.0;
        }
        let inverse = if largest > 0.0 && poison == 0.0 { LEVELS / largest } else { 0.0 };
        let mut codes = [0i32; BLOCK];
        for i in 0..BLOCK {
            codes[i] = if inverse == 0.0 { 0 } else { nearest(x[i] * inverse) };
        }
        for word in 0..WORDS {
            let [a, b, c, d] =
                [codes[4 * word], codes[4 * word + 1], codes[4 * word + 2], codes[4 * word + 3]];
            self.words[word][row] = (a & 255) | (b & 255) << 8 | (c & 255) << 16 | d << 24;
        }
        let mut sums = [0; 2];
        for i in 0..BLOCK / 2 {
            sums[0] += codes[i];
            sums[1] += codes[i + BLOCK / 2];
        }
        self.sums[0][row] = sums[0];
        self.sums[1][row] = sums[1];
        self.scales[row] = largest / LEVELS + poison;
    }
}

/// The nearest integer of a number of at most [`LEVELS`], ties to even: adding 1.5 · 2²³ leaves it in the lowest bits.
#[inline(always)]
fn nearest(x: f32) -> i32 {
    const SHIFT: f32 = 12_582_912.0;
    (x + SHIFT).to_bits().wrapping_sub(SHIFT.to_bits()) as i32
}
