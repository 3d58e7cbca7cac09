//! What all formats are made of: numbers in half precision, and codes of few bits packed into bytes.

use bytemuck::{Pod, Zeroable};
use half::f16;

/// A number in half precision, at any address.
#[derive(Clone, Copy, Pod, Zeroable)]
#[repr(transparent)]
pub(super) struct Half([u8; 2]);

impl Half {
    /// The nearest, ties to even.
    #[inline(always)]
    pub(super) fn new(value: f32) -> Self {
        Self(f16::from_f32(value).to_le_bytes())
    }

    #[inline(always)]
    pub(super) fn get(self) -> f32 {
        f16::from_le_bytes(self.0).to_f32()
    }
}

/// Adding this and taking it away again rounds to the nearest integer, ties to even, what is below 2²² in magnitude.
const ROUND: f32 = 12_582_912.0;

/// The nearest integer in a range, ties to even. The bounds are integers below 2²² in magnitude.
#[inline(always)]
pub(super) fn nearest(value: f32, low: f32, high: f32) -> f32 {
    value.max(low).min(high) + ROUND - ROUND
}

/// Codes of four bits: those of the first half of the numbers are the low nibbles.
#[inline(always)]
pub(super) fn nibbles<const BYTES: usize>(low: &[u8; BYTES], high: &[u8; BYTES]) -> [u8; BYTES] {
    std::array::from_fn(|i| (low[i] & 15) | (high[i] << 4))
}

/// Where the code of a number lies in formats of two bits: the byte, and how far to the left in it.
///
/// Numbers come in halves of 128. The 32 bytes of a half hold its first 32 codes in their lowest two bits, then the next 32.
#[inline(always)]
pub(super) const fn two_bits(index: usize) -> (usize, usize) {
    (index / 128 * 32 + index % 32, index % 128 / 32 * 2)
}
