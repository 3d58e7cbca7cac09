//! What a product multiplies at a time.

use crate::pairs::has_dot;
use crate::precision::Precision;

/// Numbers of 32 bits, such numbers rounded to bfloat16, or pairs of bfloat16 that follow one another along the depth.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Unit {
    Single,
    Rounded,
    Pair,
}

impl Unit {
    /// Pairs where an instruction multiplies them.
    pub fn new(precision: Precision) -> Self {
        match precision {
            Precision::F32 => Self::Single,
            Precision::Bf16 if has_dot() => Self::Pair,
            Precision::Bf16 => Self::Rounded,
        }
    }

    /// Numbers in a unit.
    pub fn len(self) -> usize {
        match self {
            Self::Single | Self::Rounded => 1,
            Self::Pair => 2,
        }
    }
}
