//! Seeded generators, split by purpose, whose state is saved and continued bit for bit.
//!
//! One seed makes a run: [`Seeds::stream`] gives each purpose (`"augmentation"`, `"initialisation"`) its own
//! sequence, so that drawing more for one never shifts another, and [`Seeds::keyed`] gives each item its own
//! generator from a counter, so that items can be drawn in any order and by any thread.
//!
//! A generator is `ChaCha8`. Its 256-bit key is the SHA-256 of the text `autodidact-stream-1`, the seed,
//! the length of the name, the name, the number of counters, and the counters; all numbers are 64-bit little-endian.
//! That is a promise: it doesn't change between versions, and another program can compute it.
//!
//! Distributions are not here: use `rand::RngExt` and `rand_distr` on the generators.

use std::convert::Infallible;

use rand::{Rng, SeedableRng, TryRng};
use rand_chacha::ChaCha8Rng;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

const DOMAIN: &[u8] = b"autodidact-stream-1";

/// The seed of a run, from which all its generators are derived.
///
/// ```
/// use autodidact_experiment::rng::Seeds;
/// use rand::RngExt;
///
/// let seeds = Seeds::new(7);
/// let mut noise = seeds.stream("noise");
/// let mut crop = seeds.keyed("augmentation", [0, 42, 1]); // epoch, index, view
/// assert_ne!(noise.random::<u64>(), crop.random::<u64>());
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Seeds(u64);

impl Seeds {
    /// Generators of the run with this seed.
    pub fn new(seed: u64) -> Self {
        Self(seed)
    }

    /// The seed itself.
    pub fn seed(self) -> u64 {
        self.0
    }

    /// The generator of one purpose, from its beginning. The same name gives the same sequence.
    pub fn stream(self, name: &str) -> Stream {
        self.keyed(name, [])
    }

    /// The generator of one item of a purpose, told by counters such as `[epoch, index, view]`.
    pub fn keyed<const N: usize>(self, name: &str, counters: [u64; N]) -> Stream {
        let mut hash = Sha256::new();
        hash.update(DOMAIN);
        hash.update(self.0.to_le_bytes());
        hash.update((name.len() as u64).to_le_bytes());
        hash.update(name);
        hash.update((N as u64).to_le_bytes());
        for counter in counters {
            hash.update(counter.to_le_bytes());
        }
        Stream(ChaCha8Rng::from_seed(hash.finalize().into()))
    }

    /// The seeds of a part of the run, for instance of one arm or one worker: as different as two runs' seeds.
    pub fn child(self, name: &str) -> Self {
        Self(self.stream(name).next_u64())
    }
}

/// A generator that can be saved and continued.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Stream(ChaCha8Rng);

impl Stream {
    /// What is needed to continue, as plain data for a checkpoint.
    pub fn state(&self) -> StreamState {
        StreamState { key: self.0.get_seed(), position: self.0.get_word_pos() as u64 }
    }

    /// The generator that continues where `state` was taken.
    pub fn from_state(state: &StreamState) -> Self {
        let mut generator = ChaCha8Rng::from_seed(state.key);
        generator.set_word_pos(u128::from(state.position));
        Self(generator)
    }
}

impl TryRng for Stream {
    type Error = Infallible;

    fn try_next_u32(&mut self) -> Result<u32, Infallible> {
        Ok(self.0.next_u32())
    }

    fn try_next_u64(&mut self) -> Result<u64, Infallible> {
        Ok(self.0.next_u64())
    }

    fn try_fill_bytes(&mut self, bytes: &mut [u8]) -> Result<(), Infallible> {
        self.0.fill_bytes(bytes);
        Ok(())
    }
}

/// Where a [`Stream`] stands.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct StreamState {
    /// The 256-bit key.
    pub key: [u8; 32],
    /// 32-bit words drawn so far; `u64` is enough for 64 EiB.
    pub position: u64,
}

#[cfg(test)]
mod tests {
    use rand::{Rng, RngExt};
    use serde_json::Value;

    use super::*;

    /// `ChaCha8` and SHA-256 in Python: `tests/reference/generate.py`.
    const REFERENCE: &str = include_str!("../tests/reference/rng.json");

    #[test]
    fn words_equal_those_of_another_implementation() {
        let cases: Vec<Value> = serde_json::from_str(REFERENCE).unwrap();
        for case in cases {
            let seeds = Seeds::new(case["seed"].as_u64().unwrap());
            let name = case["name"].as_str().unwrap();
            let counters: Vec<u64> = serde_json::from_value(case["counters"].clone()).unwrap();
            let mut stream = match counters.as_slice() {
                [] => seeds.stream(name),
                [a, b, c] => seeds.keyed(name, [*a, *b, *c]),
                other => panic!("no such case: {other:?}"),
            };
            let words: Vec<u32> = serde_json::from_value(case["words"].clone()).unwrap();
            assert_eq!(
                words,
                std::iter::repeat_with(|| stream.next_u32()).take(words.len()).collect::<Vec<_>>(),
                "{case}"
            );
        }
    }

    #[test]
    fn names_and_counters_do_not_run_into_each_other() {
        let seeds = Seeds::new(1);
        let firsts = [
            seeds.stream("a").next_u64(),
            seeds.stream("b").next_u64(),
            seeds.keyed("a", [0]).next_u64(),
            seeds.keyed("a", [0, 0]).next_u64(),
            seeds.keyed("a", [0, 1]).next_u64(),
            seeds.keyed("a", [1, 0]).next_u64(),
            seeds.child("a").stream("a").next_u64(),
            Seeds::new(2).stream("a").next_u64(),
        ];
        let distinct: std::collections::BTreeSet<u64> = firsts.into_iter().collect();
        assert_eq!(distinct.len(), firsts.len());
    }

    proptest::proptest! {
        /// Also from the middle of a block and of a word, which is where a saved position can go wrong.
        #[test]
        fn a_restored_stream_continues_bit_for_bit(before in 0_usize..200, bytes in 0_usize..70, seed: u64) {
            let mut stream = Seeds::new(seed).stream("test");
            for _ in 0..before {
                let _: f32 = stream.random();
            }
            stream.fill_bytes(&mut vec![0; bytes]);
            let text = serde_json::to_string(&stream.state()).unwrap();
            let mut restored = Stream::from_state(&serde_json::from_str(&text).unwrap());
            for _ in 0..40 {
                proptest::prop_assert_eq!(stream.next_u64(), restored.next_u64());
                proptest::prop_assert_eq!(stream.next_u32(), restored.next_u32());
            }
        }
    }
}
