//! What a search has found out about positions, kept in a table of fixed size.

use crate::bits::mix;

/// A table from 64-bit keys to bytes that forgets old entries for new ones and never confuses two keys.
///
/// A key is scrambled by a bijection; its high bits are the slot, and its others are kept there beside the value.
#[derive(Clone, Debug)]
pub(super) struct Table {
    slots: Vec<u64>,
    bits: u32,
}

impl Table {
    /// A table of `2^bits` slots of eight bytes.
    pub(super) fn new(bits: u32) -> Self {
        assert!((8..48).contains(&bits), "a value takes the eight bits that a slot's number saves");
        Self { slots: vec![0; 1 << bits], bits }
    }

    pub(super) fn clear(&mut self) {
        self.slots.fill(0);
    }

    fn place(&self, key: u64) -> (usize, u64) {
        let scrambled = mix(key);
        ((scrambled >> (u64::BITS - self.bits)) as usize, scrambled << self.bits >> self.bits)
    }

    /// The value put last under this key, if it is still there; 0 if not.
    pub(super) fn get(&self, key: u64) -> u8 {
        let (slot, rest) = self.place(key);
        let entry = self.slots[slot];
        if entry >> 8 == rest { entry as u8 } else { 0 }
    }

    pub(super) fn put(&mut self, key: u64, value: u8) {
        let (slot, rest) = self.place(key);
        self.slots[slot] = rest << 8 | u64::from(value);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_table_gives_what_was_put_or_nothing() {
        let mut table = Table::new(8);
        let keys = || (0..2000_u64).map(|i| i * 0x0001_0003_0005_0007);
        for key in keys() {
            table.put(key, (key % 251) as u8 + 1);
            assert_eq!(table.get(key), (key % 251) as u8 + 1);
        }
        let found = keys()
            .filter(|key| table.get(*key) != 0)
            .inspect(|key| assert_eq!(table.get(*key), (key % 251) as u8 + 1));
        assert!(found.count() > 128);
        table.clear();
        assert!(keys().all(|key| table.get(key) == 0));
    }
}
