//! What a product multiplies at a time.

use crate::amx;
use crate::pairs::has_dot;
use crate::precision::Precision;
use crate::simd::LANES_MAX;

/// Numbers of 32 bits, such numbers rounded to bfloat16, or pairs of bfloat16 that follow one another along the depth.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Unit {
    Single,
    Rounded,
    /// Pairs for the dot product instruction.
    Pair,
    /// Pairs for tile registers, in whole steps.
    Tile,
}

impl Unit {
    /// For products of this depth: pairs where an instruction multiplies them, for tiles where they fill these.
    pub fn new(precision: Precision, depth: usize) -> Self {
        let fills_tiles = depth > 0 && depth.is_multiple_of(2 * LANES_MAX) && amx::in_use();
        match precision {
            Precision::F32 => Self::Single,
            Precision::Bf16 if fills_tiles => Self::Tile,
            Precision::Bf16 if has_dot() => Self::Pair,
            Precision::Bf16 => Self::Rounded,
        }
    }

    /// Numbers in a unit.
    pub fn len(self) -> usize {
        match self {
            Self::Single | Self::Rounded => 1,
            Self::Pair | Self::Tile => 2,
        }
    }
}
