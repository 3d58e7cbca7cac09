//! Which positions a board has had.

use crate::bits::mix;

const WORDS: usize = 64;

/// The hashes of a board's positions. Most that are not among them are told so by one look at a filter of 4096 bits.
#[derive(Debug)]
pub(super) struct History {
    hashes: Vec<u64>,
    filter: [u64; WORDS],
    key: u64,
}

impl History {
    /// With the first position, and room for so many.
    pub(super) fn new(hash: u64, room: usize) -> Self {
        let mut history = Self { hashes: Vec::with_capacity(room), filter: [0; WORDS], key: 0 };
        history.push(hash);
        history
    }

    pub(super) fn push(&mut self, hash: u64) {
        let (word, bit) = place(hash);
        self.filter[word] |= bit;
        self.hashes.push(hash);
        self.key = self.key.wrapping_add(mix(hash));
    }

    pub(super) fn has(&self, hash: u64) -> bool {
        let (word, bit) = place(hash);
        self.filter[word] & bit != 0 && self.hashes.contains(&hash)
    }

    /// The same for the same positions in any order.
    pub(super) fn key(&self) -> u64 {
        self.key
    }
}

fn place(hash: u64) -> (usize, u64) {
    ((hash >> 58) as usize, 1 << (hash >> 52 & 63))
}

/// With room to grow, so that a game goes on from a copy without further allocations.
impl Clone for History {
    fn clone(&self) -> Self {
        let mut hashes = Vec::with_capacity(self.hashes.capacity().max(self.hashes.len() * 2));
        hashes.extend_from_slice(&self.hashes);
        Self { hashes, ..*self }
    }
}
