use crate::quantised::{BlockFormat, dequantise, quantise};
use crate::simd::dispatch;
use half::slice::HalfFloatSliceExt;
use half::{bf16, f16};
use pulp::{Simd, WithSimd};
use std::fmt;

/// How the numbers of a tensor are laid out, in little-endian order.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Format {
    /// Single precision.
    F32,
    /// Half precision, five bits of exponent.
    F16,
    /// The upper half of single precision, eight bits of exponent.
    BF16,
    /// Blocks of codes.
    Block(BlockFormat),
}

impl Format {
    /// Every format that is read.
    pub fn all() -> impl Iterator<Item = Self> {
        [Self::F32, Self::F16, Self::BF16].into_iter().chain(BlockFormat::ALL.map(Self::Block))
    }

    /// Numbers that are stored together.
    pub const fn block_len(self) -> usize {
        match self {
            Self::F32 | Self::F16 | Self::BF16 => 1,
            Self::Block(format) => format.block_len(),
        }
    }

    /// Bytes of `len` numbers, or `None` if they do not fill whole blocks or need more bytes than can be counted.
    pub const fn bytes(self, len: usize) -> Option<usize> {
        match self {
            Self::F32 => len.checked_mul(4),
            Self::F16 | Self::BF16 => len.checked_mul(2),
            Self::Block(format) => format.bytes(len),
        }
    }

    /// The name in GGUF files.
    pub const fn name(self) -> &'static str {
        match self {
            Self::F32 => "F32",
            Self::F16 => "F16",
            Self::BF16 => "BF16",
            Self::Block(format) => format.name(),
        }
    }

    /// The largest magnitude that it holds without becoming infinite. Scales of blocks are in half precision.
    pub const fn largest(self) -> f32 {
        match self {
            Self::F32 => f32::MAX,
            // What lies above rounds to infinity.
            Self::BF16 => f32::from_bits(0x7f7f_7fff),
            Self::F16 => 65_519.0,
            Self::Block(_) => 65_504.0,
        }
    }

    /// Reads numbers.
    ///
    /// # Panics
    /// If the bytes are not those of as many numbers as `out` has.
    pub fn read(self, bytes: &[u8], out: &mut [f32]) {
        self.check(out.len(), bytes.len());
        match self {
            Self::F32 => each(bytes, out, f32::from_le_bytes),
            Self::F16 => read_f16(bytes, out),
            Self::BF16 => dispatch(ReadBf16 { bytes: bytes.as_chunks().0, out }),
            Self::Block(format) => dequantise(format, bytes, out),
        }
    }

    /// Numbers that lie in memory as `f32` do.
    pub(super) fn as_f32(self, bytes: &[u8]) -> Option<&[f32]> {
        let is_native = self == Self::F32 && cfg!(target_endian = "little");
        is_native.then(|| bytemuck::try_cast_slice(bytes).ok()).flatten()
    }

    /// Numbers that lie in memory as `bf16` do.
    pub(super) fn as_bf16(self, bytes: &[u8]) -> Option<&[bf16]> {
        let is_native = self == Self::BF16 && cfg!(target_endian = "little");
        is_native.then(|| bytemuck::try_cast_slice(bytes).ok()).flatten()
    }

    /// Writes numbers, rounded to nearest, ties to even, or [quantised](quantise).
    ///
    /// # Panics
    /// If the bytes are not those of as many numbers as `values` has.
    pub fn write(self, values: &[f32], bytes: &mut [u8]) {
        self.check(values.len(), bytes.len());
        match self {
            Self::F32 => each_mut(values, bytes, f32::to_le_bytes),
            Self::F16 => each_mut(values, bytes, |value| f16::from_f32(value).to_le_bytes()),
            Self::BF16 => each_mut(values, bytes, |value| bf16::from_f32(value).to_le_bytes()),
            Self::Block(format) => quantise(format, values, bytes),
        }
    }

    #[track_caller]
    fn check(self, values: usize, bytes: usize) {
        assert!(
            self.bytes(values) == Some(bytes),
            "{bytes} bytes are not those of {values} numbers in {self}"
        );
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

fn each<const BYTES: usize>(bytes: &[u8], out: &mut [f32], read: impl Fn([u8; BYTES]) -> f32) {
    for (out, bytes) in out.iter_mut().zip(bytes.as_chunks().0) {
        *out = read(*bytes);
    }
}

fn each_mut<const BYTES: usize>(values: &[f32], bytes: &mut [u8], write: impl Fn(f32) -> [u8; BYTES]) {
    for (bytes, value) in bytes.as_chunks_mut().0.iter_mut().zip(values) {
        *bytes = write(*value);
    }
}

impl fmt::Display for Format {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}
