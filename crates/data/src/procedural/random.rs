//! Random numbers that do not depend on a library's way of turning bits into floats.

use rand::{Rng, SeedableRng};
use rand_chacha::ChaCha8Rng;

use super::PROCEDURAL_VERSION;

/// A generator for one picture and one purpose.
pub(super) struct Random(ChaCha8Rng);

impl Random {
    /// The generator for `purpose` in picture `index` of `seed`.
    pub(super) fn new(seed: u64, index: u64, purpose: u64) -> Self {
        let mut key = [0; 32];
        key[..8].copy_from_slice(&seed.to_le_bytes());
        key[8..16].copy_from_slice(&index.to_le_bytes());
        key[16..20].copy_from_slice(&PROCEDURAL_VERSION.to_le_bytes());
        let mut generator = ChaCha8Rng::from_seed(key);
        generator.set_stream(purpose);
        Self(generator)
    }

    /// Uniform on [0, 1), a multiple of 2^-24.
    pub(super) fn unit(&mut self) -> f32 {
        (self.0.next_u32() >> 8) as f32 / 16_777_216.0
    }

    /// Uniform on [low, high).
    pub(super) fn between(&mut self, low: f32, high: f32) -> f32 {
        low + (high - low) * self.unit()
    }

    /// Whether an event of this probability happens.
    pub(super) fn chance(&mut self, probability: f32) -> bool {
        self.unit() < probability
    }

    /// One of `count` numbers from 0.
    pub(super) fn below(&mut self, count: usize) -> usize {
        ((self.unit() * count as f32) as usize).min(count - 1)
    }

    /// A uniform direction, as a unit vector: a point of the disc by rejection, so that no sine is needed.
    pub(super) fn direction(&mut self) -> [f32; 2] {
        loop {
            let (x, y) = (self.between(-1.0, 1.0), self.between(-1.0, 1.0));
            let square = x * x + y * y;
            if (0.01..=1.0).contains(&square) {
                let length = square.sqrt();
                return [x / length, y / length];
            }
        }
    }

    /// A direction within 35 degrees of the x axis.
    pub(super) fn tilt(&mut self) -> [f32; 2] {
        let slope = self.between(-0.7, 0.7);
        let length = (1.0 + slope * slope).sqrt();
        [1.0 / length, slope / length]
    }

    /// Mean 0, variance 1, nearly normal: the sum of the four bytes of one draw.
    pub(super) fn normal(&mut self) -> f32 {
        const MEAN: f32 = 510.0;
        const DEVIATION: f32 = 147.801; // the root of 4 (256^2 - 1) / 12
        let sum: u32 = self.0.next_u32().to_le_bytes().iter().map(|&byte| u32::from(byte)).sum();
        (sum as f32 - MEAN) / DEVIATION
    }
}
