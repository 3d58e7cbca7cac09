//! Remembers the tokens of short parts of text, of which most texts repeat a few thousand.

use super::encode::Span;

const WAYS: usize = 2;
const SETS: usize = 1 << 13;
/// The longest part that is remembered, in bytes; the key's last byte holds the length.
const LONGEST: usize = 31;
const MOST_IDS: usize = 7;

/// A table of fixed size, 1 MiB; a new part takes the place of the one that was longer unseen of the two it may replace.
pub(super) struct Words {
    entries: Vec<Entry>,
}

/// One line of cache.
#[derive(Clone, Copy)]
#[repr(align(64))]
struct Entry {
    key: Key,
    ids: [u32; MOST_IDS],
    num_ids: u32,
}

/// A part of text, filled up with zeros, and its length; no part has the key of the empty one.
type Key = [u64; 4];

/// Of each length, which bits of a key are text.
const MASKS: [Key; LONGEST + 1] = masks();

const fn masks() -> [Key; LONGEST + 1] {
    let mut masks = [[0; 4]; LONGEST + 1];
    let mut length = 0;
    while length <= LONGEST {
        let mut byte = 0;
        while byte < length {
            masks[length][byte / 8] |= 0xFF << (byte % 8 * 8);
            byte += 1;
        }
        length += 1;
    }
    masks
}

impl Default for Words {
    fn default() -> Self {
        Self { entries: vec![Entry { key: [0; 4], ids: [0; MOST_IDS], num_ids: 0 }; WAYS * SETS] }
    }
}

impl Words {
    /// Appends the tokens of this part of `text`: those remembered, or else what `encode` appends.
    #[inline]
    pub(super) fn encode(&mut self, text: &[u8], part: Span, ids: &mut Vec<u32>, encode: impl FnOnce(&mut Vec<u32>)) {
        if part.len() > LONGEST {
            return encode(ids);
        }
        let key = key(text, part);
        let first = WAYS * set(key);
        for entry in &self.entries[first..first + WAYS] {
            if entry.key == key {
                ids.extend_from_slice(&entry.ids[..entry.num_ids as usize]);
                return;
            }
        }
        let start = ids.len();
        encode(ids);
        let fresh = &ids[start..];
        if fresh.len() <= MOST_IDS {
            self.entries[first + 1] = self.entries[first];
            let entry = &mut self.entries[first];
            entry.key = key;
            entry.num_ids = fresh.len() as u32;
            entry.ids[..fresh.len()].copy_from_slice(fresh);
        }
    }
}

#[inline]
fn key(text: &[u8], part: Span) -> Key {
    let mut block = [0; LONGEST + 1];
    match text.get(part.start..part.start + block.len()) {
        Some(more) => block.copy_from_slice(more),
        None => block[..part.len()].copy_from_slice(&text[part.clone()]),
    }
    let mut key = MASKS[part.len()];
    for (word, bytes) in key.iter_mut().zip(block.chunks_exact(8)) {
        *word &= u64::from_le_bytes(bytes.try_into().expect("eight bytes"));
    }
    key[3] |= (part.len() as u64) << 56;
    key
}

#[inline]
fn set(key: Key) -> usize {
    let folded = |a: u64, b: u64| {
        let product = u128::from(a) * u128::from(b);
        (product as u64) ^ (product >> 64) as u64
    };
    let hash = folded(key[0] ^ 0x9E37_79B9_7F4A_7C15, key[1] ^ 0xD6E8_FEB8_6659_FD93)
        ^ folded(key[2] ^ 0xA076_1D64_78BD_642F, key[3] ^ 0xE703_7ED1_A0B4_28DB);
    (hash >> 20) as usize % SETS
}
