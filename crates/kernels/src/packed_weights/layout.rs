//! How sixteen rows of blocks lie side by side.
//!
//! Columns are cut into groups of one block (`Q8_0`, `Q4_0`) or eight. A group begins with the scales that all its blocks share, one
//! for each row; each block goes on with small scales, one byte for each row, and then its codes. Codes are in vectors of 64 bytes,
//! four columns of sixteen rows: vector `v` has columns `4v..4v + 4`. Where a code has four bits, the high nibbles are those of
//! columns sixteen further.
//!
//! | layout | group | block | codes |
//! | --- | --- | --- | --- |
//! | `Q8_0` | 16 half-precision scales | | 8 vectors of code + 128 |
//! | `Q4_0` | 16 half-precision scales | | 4 vectors of nibbles |
//! | `Q4_K` | 16 scales, 16 minima, half precision | 16 scales, 16 minima | 4 vectors of nibbles |
//! | `Q6_K` | 16 half-precision scales | 16 scales of each half | 4 vectors of low nibbles, 2 of pairs of bits |
//!
//! The pairs of bits of vector `v` in `Q6_K`: in vector `v / 2`, at bit `4 · (v % 2)` those of the low nibbles, and two further those
//! of the high ones.

use super::SIDE_BY_SIDE;
use crate::quantised::BlockFormat;

/// Bytes of a vector.
pub(super) const VECTOR: usize = 4 * SIDE_BY_SIDE;
/// Bytes of a half-precision number for each row.
pub(super) const HALVES: usize = 2 * SIDE_BY_SIDE;

/// A format that is packed.
#[allow(non_camel_case_types)] // Named as the formats are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Layout {
    Q8_0,
    Q4_0,
    Q4_K,
    Q6_K,
}

impl Layout {
    pub const fn of(format: BlockFormat) -> Option<Self> {
        match format {
            BlockFormat::Q8_0 => Some(Self::Q8_0),
            BlockFormat::Q4_0 => Some(Self::Q4_0),
            BlockFormat::Q4_K => Some(Self::Q4_K),
            BlockFormat::Q6_K => Some(Self::Q6_K),
            _ => None,
        }
    }

    pub const fn format(self) -> BlockFormat {
        match self {
            Self::Q8_0 => BlockFormat::Q8_0,
            Self::Q4_0 => BlockFormat::Q4_0,
            Self::Q4_K => BlockFormat::Q4_K,
            Self::Q6_K => BlockFormat::Q6_K,
        }
    }

    /// Blocks of a group.
    pub const fn blocks(self) -> usize {
        match self {
            Self::Q8_0 | Self::Q4_0 => 1,
            Self::Q4_K | Self::Q6_K => 8,
        }
    }

    /// Bytes before the blocks of a group.
    pub const fn head(self) -> usize {
        match self {
            Self::Q8_0 | Self::Q4_0 | Self::Q6_K => HALVES,
            Self::Q4_K => 2 * HALVES,
        }
    }

    /// Bytes of a block before its codes.
    pub const fn block_head(self) -> usize {
        match self {
            Self::Q8_0 | Self::Q4_0 => 0,
            Self::Q4_K | Self::Q6_K => 2 * SIDE_BY_SIDE,
        }
    }

    /// Bytes of a block.
    pub const fn block(self) -> usize {
        let vectors = match self {
            Self::Q8_0 => 8,
            Self::Q4_0 | Self::Q4_K => 4,
            Self::Q6_K => 6,
        };
        self.block_head() + vectors * VECTOR
    }

    /// Bytes of a group.
    pub const fn group(self) -> usize {
        self.head() + self.blocks() * self.block()
    }
}
