//! Sets of cells as bits of a word.

use rand::{Rng, RngExt};

/// The set bits of a word, lowest first.
#[derive(Clone, Debug)]
pub(crate) struct Bits(pub(crate) u64);

impl Iterator for Bits {
    type Item = u32;

    fn next(&mut self) -> Option<u32> {
        let bit = self.0.trailing_zeros();
        self.0 &= self.0.wrapping_sub(1);
        (bit < u64::BITS).then_some(bit)
    }
}

/// The set bit that has `n` set ones below it.
pub(crate) fn nth_bit(mut mask: u64, n: u32) -> u32 {
    for _ in 0..n {
        mask &= mask.wrapping_sub(1);
    }
    debug_assert_ne!(mask, 0, "there are more than {n} set bits");
    mask.trailing_zeros()
}

/// One of the set bits, each as probable as the others.
///
/// # Panics
/// If there is none.
pub(crate) fn random_bit(mask: u64, rng: &mut impl Rng) -> u32 {
    nth_bit(mask, rng.random_range(0..mask.count_ones()))
}

/// A bijection of words that spreads every bit over all: the finalizer of `SplitMix64` (Steele, Lea, Flood 2014).
pub(crate) const fn mix(mut word: u64) -> u64 {
    word = (word ^ (word >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    word = (word ^ (word >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    word ^ (word >> 31)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn set_bits_are_counted_from_the_lowest() {
        let mask = 1 | 1 << 5 | 1 << 40 | 1 << 63;
        assert_eq!(Bits(mask).collect::<Vec<_>>(), [0, 5, 40, 63]);
        assert_eq!([0, 1, 2, 3].map(|n| nth_bit(mask, n)), [0, 5, 40, 63]);
        assert_eq!(Bits(0).next(), None);
    }

    /// The first outputs of Java's `SplittableRandom` for the seed 0, which are `mix` of multiples of the golden gamma.
    #[test]
    fn mix_is_splitmix64() {
        let gamma = 0x9e37_79b9_7f4a_7c15_u64;
        let expected = [0xe220_a839_7b1d_cdaf, 0x6e78_9e6a_a1b9_65f4, 0x06c4_5d18_8009_454f];
        assert_eq!([1, 2, 3].map(|i| mix(gamma.wrapping_mul(i))), expected);
    }
}
