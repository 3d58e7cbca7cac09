//! Seeded generators, split by purpose, whose state is saved and continued bit for bit.
//!
//! One seed makes a run: [`Seeds::stream`] gives each purpose (`"augmentation"`, `"initialisation"`) its own
//! sequence, so that drawing more for one never shifts another, and [`Seeds::keyed`] gives each item its own
//! generator from a counter, so that items can be drawn in any order and by any thread.
//!
//! A generator is ChaCha with 8 rounds. Its 256-bit key is the SHA-256 of the text `autodidact-stream-1`, the seed,
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
    /// The 256-bit ChaCha key.
    pub key: [u8; 32],
    /// 32-bit words drawn so far; `u64` is enough for 64 EiB.
    pub position: u64,
}
