//! The other operand, rounded to eight bits.

use super::BLOCK;

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
    let mut tiles = Vec::with_capacity(x.len() / (BLOCK * M));
    for rows in x.chunks_exact(columns * M) {
        for at in 0..columns / BLOCK {
            let mut block = TileBlock { words: [[0; M]; WORDS], sums: [[0; M]; 2], scales: [0.0; M] };
            for (row, x) in rows.chunks_exact(columns).enumerate() {
                let x: &[f32; BLOCK] = x[at * BLOCK..].first_chunk().expect("a block");
                block.put(row, x);
            }
            tiles.push(block);
        }
    }
    tiles
}

impl<const M: usize> TileBlock<M> {
    fn put(&mut self, row: usize, x: &[f32; BLOCK]) {
        let largest = x.iter().fold(0.0f32, |largest, x| largest.max(x.abs()));
        let inverse = if largest > 0.0 { LEVELS / largest } else { 0.0 };
        let codes = x.map(|x| nearest(x * inverse));
        for (words, codes) in self.words.iter_mut().zip(codes.as_chunks::<4>().0) {
            words[row] = i32::from_le_bytes(codes.map(|code| code as u8));
        }
        for (sums, codes) in self.sums.iter_mut().zip(codes.as_chunks::<{ BLOCK / 2 }>().0) {
            sums[row] = codes.iter().sum();
        }
        self.scales[row] = largest / LEVELS;
    }
}

/// The nearest integer of a number of at most [`LEVELS`], ties to even: adding 1.5 · 2²³ leaves it in the lowest bits.
fn nearest(x: f32) -> i32 {
    const SHIFT: f32 = 12_582_912.0;
    (x + SHIFT).to_bits().wrapping_sub(SHIFT.to_bits()) as i32
}
