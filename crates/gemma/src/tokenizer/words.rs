//! Remembers the tokens of short parts of text, of which most texts repeat a few thousand.

use super::encode::Span;
use super::key::{Key, hash, key};

const WAYS: usize = 2;
const SETS: usize = 1 << 14;
/// The longest part that is remembered, in bytes.
const LONGEST: usize = 31;
const MOST_IDS: usize = 7;

/// A table of fixed size, 2 MiB; a new part takes the place of the one remembered earlier of the two in its set.
pub(super) struct Words {
    entries: Vec<Entry>,
}

/// One line of cache.
#[derive(Clone, Copy)]
#[repr(align(64))]
struct Entry {
    key: Key<4>,
    ids: [u32; MOST_IDS],
    num_ids: u32,
}

impl Default for Words {
    fn default() -> Self {
        Self { entries: vec![Entry { key: [0; 4], ids: [0; MOST_IDS], num_ids: 0 }; WAYS * SETS] }
    }
}

impl Words {
    /// Appends the tokens of this part of `text`: those remembered, or else what `encode` appends.
    #[inline]
    pub(super) fn encode(
        &mut self,
        text: &[u8],
        part: Span,
        ids: &mut Vec<u32>,
        encode: impl FnOnce(&mut Vec<u32>),
    ) {
        if part.len() > LONGEST {
            return encode(ids);
        }
        let key = key(text, part.start, part.len());
        let first = WAYS * (hash(&key, 0) as usize % SETS);
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
