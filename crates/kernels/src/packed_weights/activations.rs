//! The other operand, rounded to eight bits.

use super::BLOCK;

/// Codes of four columns in one word: that many words are a block.
pub(super) const WORDS: usize = BLOCK / 4;

/// Rows of numbers `scale · code`, with a scale for each [`BLOCK`] of them.
#[derive(Debug)]
pub(super) struct Activations {
    blocks: usize,
    /// `[rows, blocks, WORDS]`: codes of four neighbouring columns, the first in the lowest byte.
    words: Vec<[i32; WORDS]>,
    /// `[rows, blocks]`.
    scales: Vec<f32>,
    /// `[rows, blocks]`: the sums of the codes of both halves of a block.
    sums: Vec<[i32; 2]>,
}

/// One row of them.
#[derive(Clone, Copy, Debug)]
pub(super) struct Row<'a> {
    pub words: &'a [[i32; WORDS]],
    pub scales: &'a [f32],
    pub sums: &'a [[i32; 2]],
}

/// The largest code.
const LEVELS: f32 = 127.0;

impl Activations {
    /// # Panics
    /// If rows do not consist of whole blocks.
    pub fn new(columns: usize, x: &[f32]) -> Self {
        assert!(columns.is_multiple_of(BLOCK), "rows consist of whole blocks");
        let count = x.len() / BLOCK;
        let (mut words, mut scales, mut sums) = (Vec::new(), Vec::new(), Vec::new());
        words.reserve_exact(count);
        scales.reserve_exact(count);
        sums.reserve_exact(count);
        for x in x.as_chunks::<BLOCK>().0 {
            let largest = x.iter().fold(0.0f32, |largest, x| largest.max(x.abs()));
            let inverse = if largest > 0.0 { LEVELS / largest } else { 0.0 };
            let codes = x.map(|x| nearest(x * inverse));
            let half = |codes: &[i32]| codes.iter().sum::<i32>();
            words.push(std::array::from_fn(|word| {
                i32::from_le_bytes(std::array::from_fn(|byte| codes[4 * word + byte] as u8))
            }));
            scales.push(largest / LEVELS);
            sums.push([half(&codes[..BLOCK / 2]), half(&codes[BLOCK / 2..])]);
        }
        Self { blocks: columns / BLOCK, words, scales, sums }
    }

    pub fn rows(&self) -> usize {
        self.scales.len() / self.blocks
    }

    pub fn row(&self, row: usize) -> Row<'_> {
        let of = row * self.blocks..(row + 1) * self.blocks;
        Row { words: &self.words[of.clone()], scales: &self.scales[of.clone()], sums: &self.sums[of] }
    }
}

/// The nearest integer of a number of at most [`LEVELS`], ties to even: adding 1.5 · 2²³ leaves it in the lowest bits.
fn nearest(x: f32) -> i32 {
    const SHIFT: f32 = 12_582_912.0;
    (x + SHIFT).to_bits().wrapping_sub(SHIFT.to_bits()) as i32
}
