//! What the gather product multiplies at a time.

use super::gather::Gather;
use crate::pairs::has_dot;
use crate::precision::Precision;
use crate::simd::dispatch;

/// Numbers of 32 bits, or pairs of neighbouring bfloat16, by which windows and weights are then counted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Unit {
    Single,
    Pair,
}

impl Unit {
    /// Pairs where they are asked for, an instruction multiplies them, and none of them belongs to two pixels.
    pub fn new(precision: Precision, channels: usize) -> Self {
        let paired = precision == Precision::Bf16 && channels.is_multiple_of(2) && has_dot();
        if paired { Self::Pair } else { Self::Single }
    }

    /// Numbers in a unit.
    pub fn len(self) -> usize {
        match self {
            Self::Single => 1,
            Self::Pair => 2,
        }
    }

    /// Gives `work` the source in this unit.
    pub fn with_source(self, source: &[f32], work: impl FnOnce(&[f32])) {
        match self {
            Self::Single => work(source),
            #[cfg(target_arch = "x86_64")]
            Self::Pair => crate::scratch::with_scratch(source.len() / 2, |pairs| {
                crate::dot::narrow(source, pairs);
                work(pairs);
            }),
            #[cfg(not(target_arch = "x86_64"))]
            Self::Pair => unreachable!("no other processor has the instruction"),
        }
    }

    /// Runs a product whose windows, pieces and weights are counted in this unit.
    pub fn multiply(self, product: Gather<'_>) {
        match self {
            Self::Single => dispatch(product),
            #[cfg(target_arch = "x86_64")]
            Self::Pair if super::gather_tiles::suits(&product) => super::gather_tiles::gather(product),
            #[cfg(target_arch = "x86_64")]
            Self::Pair => super::gather_dot::gather(product),
            #[cfg(not(target_arch = "x86_64"))]
            Self::Pair => unreachable!("no other processor has the instruction"),
        }
    }
}
