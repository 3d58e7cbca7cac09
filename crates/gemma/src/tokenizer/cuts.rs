//! Where a text can be cut without changing its tokens.
//!
//! A merge that reaches over the border of characters a|b makes a piece that has a followed by b in it. If no piece has,
//! no merge reaches over the border, whatever stands around it; merges on either side then never meet, and the
//! order of each side is its own. So the text may be cut there, and each part be encoded alone. Which pairs of
//! characters pieces hold is read off the vocabulary; Gemma's, for instance, hold no space but at their start, and no digit
//! beside anything.

use super::pieces::Pieces;

/// The neighbours that pieces hold: exactly for two ASCII characters; for others a set of hashes, which may say
/// "together" of a pair that is not, and so only leaves a cut out.
pub(super) struct Cuts {
    ascii: [u128; 128],
    others: Vec<u64>,
    shift: u32,
}

impl Cuts {
    /// Of the pieces that merges make.
    pub(super) fn new(pieces: &Pieces) -> Self {
        let bits = (8 * pieces.len()).next_power_of_two().max(64);
        let mut cuts =
            Self { ascii: [0; 128], others: vec![0; bits / 64], shift: u64::BITS - bits.trailing_zeros() };
        for text in (0..pieces.len() as u32).filter(|&id| pieces.is_merged(id)).map(|id| pieces.text(id)) {
            let mut characters = text.chars();
            let Some(mut before) = characters.next() else { continue };
            for after in characters {
                if before.is_ascii() && after.is_ascii() {
                    cuts.ascii[before as usize] |= 1 << after as u32;
                } else {
                    let bit = cuts.bit(before, after);
                    cuts.others[bit / 64] |= 1 << (bit % 64);
                }
                before = after;
            }
        }
        cuts
    }

    /// Whether a piece may hold `before` followed by `after`.
    #[inline]
    pub(super) fn together(&self, before: char, after: char) -> bool {
        if before.is_ascii() && after.is_ascii() {
            return self.ascii[before as usize] >> after as u32 & 1 == 1;
        }
        let bit = self.bit(before, after);
        self.others[bit / 64] >> (bit % 64) & 1 == 1
    }

    fn bit(&self, before: char, after: char) -> usize {
        let pair = u64::from(before as u32) << 32 | u64::from(after as u32);
        // Fibonacci hashing: the high bits of a product with 2^64 / golden ratio.
        pair.wrapping_mul(0x9E37_79B9_7F4A_7C15).wrapping_shr(self.shift) as usize
    }
}
