//! What numbers are stored as.

use crate::quantised::{BlockFormat, dequantise};
use crate::simd::dispatch;
use half::f16;
use half::slice::HalfFloatSliceExt;
use pulp::{Simd, WithSimd};

/// How the numbers of a matrix are stored, little endian.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Storage {
    /// Single precision.
    F32,
    /// Half precision.
    F16,
    /// bfloat16.
    Bf16,
    /// Blocks of few bits.
    Blocks(BlockFormat),
}

impl Storage {
    /// Bytes of a row of so many numbers, or `None` if they do not fill whole blocks or cannot be counted.
    pub const fn bytes(self, len: usize) -> Option<usize> {
        match self {
            Self::F32 => len.checked_mul(4),
            Self::F16 | Self::Bf16 => len.checked_mul(2),
            Self::Blocks(format) => format.bytes(len),
        }
    }

    /// The name in GGUF files.
    pub const fn name(self) -> &'static str {
        match self {
            Self::F32 => "F32",
            Self::F16 => "F16",
            Self::Bf16 => "BF16",
            Self::Blocks(format) => format.name(),
        }
    }

    /// Bytes as numbers, exactly. There are as many as `out` is long.
    pub(super) fn read(self, bytes: &[u8], out: &mut [f32]) {
        debug_assert_eq!(self.bytes(out.len()), Some(bytes.len()));
        match self {
            Self::F32 => {
                for (bytes, out) in bytes.as_chunks().0.iter().zip(out) {
                    *out = f32::from_le_bytes(*bytes);
                }
            }
            Self::F16 => read_f16(bytes, out),
            Self::Bf16 => dispatch(ReadBf16 { bytes: bytes.as_chunks().0, out }),
            Self::Blocks(format) => dequantise(format, bytes, out),
        }
    }

    /// Numbers that lie in memory as `f32` do.
    pub(super) fn as_f32(self, bytes: &[u8]) -> Option<&[f32]> {
        let is_native = self == Self::F32 && cfg!(target_endian = "little");
        is_native.then(|| bytemuck::try_cast_slice(bytes).ok()).flatten()
    }
}

/// Numbers that are turned at a time where they lie at odd addresses.
const RUN: usize = 64;

fn read_f16(bytes: &[u8], out: &mut [f32]) {
    for (bytes, out) in bytes.chunks(2 * RUN).zip(out.chunks_mut(RUN)) {
        let mut halves = [f16::ZERO; RUN];
        for (bytes, half) in bytes.as_chunks().0.iter().zip(&mut halves) {
            *half = f16::from_le_bytes(*bytes);
        }
        halves[..out.len()].convert_to_f32_slice(out);
    }
}

struct ReadBf16<'a> {
    bytes: &'a [[u8; 2]],
    out: &'a mut [f32],
}

impl WithSimd for ReadBf16<'_> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, _: S) {
        for (bytes, out) in self.bytes.iter().zip(self.out) {
            *out = f32::from_bits(u32::from(u16::from_le_bytes(*bytes)) << 16);
        }
    }
}
