//! Short texts as numbers, so that they are compared and hashed at once.

/// A text filled up with zeros, and its length in the last byte: at most 8 `N` − 1 bytes. The empty text is all zeros.
pub(super) type Key<const N: usize> = [u64; N];

/// The key of `text[start..start + length]`; `length` must be less than 8 `N`.
#[inline]
pub(super) fn key<const N: usize>(text: &[u8], start: usize, length: usize) -> Key<N> {
    let mut key = [0; N];
    match text.get(start..start + 8 * N) {
        Some(more) => {
            let (words, _) = more.as_chunks();
            for index in 0..N {
                let mask = MASKS[length.saturating_sub(8 * index).min(8)];
                key[index] = u64::from_le_bytes(words[index]) & mask;
            }
        }
        None => {
            for (index, &byte) in text[start..start + length].iter().enumerate() {
                key[index / 8] |= u64::from(byte) << (index % 8 * 8);
            }
        }
    }
    key[N - 1] |= (length as u64) << 56;
    key
}

/// The low 0 to 8 bytes of a word.
const MASKS: [u64; 9] =
    [0, 0xFF, 0xFFFF, 0xFF_FFFF, 0xFFFF_FFFF, 0xFF_FFFF_FFFF, 0xFFFF_FFFF_FFFF, !0 >> 8, !0];

/// A well-mixed number, another for every seed: products of pairs of words, high half on low half. `N` must be even.
#[inline]
pub(super) fn hash<const N: usize>(key: &Key<N>, seed: u64) -> u64 {
    // The first 64 bits of the fractional parts of the square roots of 2 and 3, made odd.
    const SALTS: [u64; 2] = [0x6A09_E667_F3BC_C909, 0xBB67_AE85_84CA_A73B];
    let mut hash = seed;
    for index in 0..N / 2 {
        let [low, high] = [key[2 * index], key[2 * index + 1]];
        let product = u128::from(low ^ SALTS[0] ^ hash) * u128::from(high ^ SALTS[1]);
        hash = product as u64 ^ (product >> 64) as u64;
    }
    hash
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_at_the_end_of_a_text_are_those_in_its_middle() {
        let (text, more) = (b"abcdefghijklmno", b"abcdefghijklmnopqrstuvwxyz0123456789");
        for start in 0..text.len() {
            for length in 0..=(text.len() - start) {
                assert_eq!(key::<2>(text, start, length), key::<2>(more, start, length), "{start} {length}");
                assert_eq!(key::<4>(text, start, length), key::<4>(more, start, length), "{start} {length}");
            }
        }
        assert_eq!(key::<2>(text, 0, 9), [u64::from_le_bytes(*b"abcdefgh"), 0x0900_0000_0000_0069]);
    }
}
