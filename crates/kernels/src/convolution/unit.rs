//! What the gather product multiplies at a time.

use super::correlation::slices_per_task;
use super::gather::Gather;
use super::spaced::Spaced;
use crate::amx;
use crate::element::Lanes;
use crate::pairs::has_dot;
use crate::precision::Precision;
use crate::simd::{LANES_MAX, dispatch};
use crate::values::Values;
use half::bf16;

/// Numbers of 32 bits, or pairs of neighbouring bfloat16, by which windows and weights are then counted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Unit {
    Single,
    /// Pairs for the dot product instruction.
    Pair,
    /// Pairs for tile registers.
    Tile,
}

/// Channels from which tiles are not mostly zeros.
const TILE_CHANNELS_MIN: usize = 8;

/// Pixels a task of tiles should have at least: it has more to prepare, and is done sooner.
const TILE_TASK_PIXELS: usize = 512;

/// Pixels of a slice up to which sixteen of them are not too many for a task.
const SMALL_PIXELS: usize = 64;

impl Unit {
    /// Pairs where they are asked for, an instruction multiplies them, and none of them belongs to two pixels.
    pub fn new(precision: Precision, channels: usize) -> Self {
        if precision != Precision::Bf16 || !channels.is_multiple_of(2) || !has_dot() {
            return Self::Single;
        }
        if channels >= TILE_CHANNELS_MIN && amx::in_use() { Self::Tile } else { Self::Pair }
    }

    /// Numbers in a unit.
    pub fn len(self) -> usize {
        match self {
            Self::Single => 1,
            Self::Pair | Self::Tile => 2,
        }
    }

    /// Units that a run of some units takes among packed weights: whole steps of tiles, the missing ones being zeros.
    pub fn run_stride(self, run_len: usize) -> usize {
        match self {
            Self::Single | Self::Pair => run_len,
            Self::Tile => run_len.next_multiple_of(LANES_MAX),
        }
    }

    /// Units behind a source, zeros, that the product may read for neighbouring pixels of so many channels.
    pub fn reserve(self, channels: usize) -> usize {
        match self {
            Self::Single | Self::Pair => 0,
            Self::Tile => LANES_MAX * channels.next_multiple_of(2) / 2 + LANES_MAX,
        }
    }

    /// Slices of so many pixels in one task. Tiles hold the same pixel of many small slices.
    pub fn slices_per_task(self, pixels: usize) -> usize {
        match self {
            Self::Single | Self::Pair => slices_per_task(pixels),
            Self::Tile if pixels <= SMALL_PIXELS => slices_per_task(pixels).next_multiple_of(LANES_MAX),
            Self::Tile => TILE_TASK_PIXELS.div_ceil(pixels),
        }
    }

    /// Copies numbers in this unit.
    ///
    /// # Panics
    /// If there are not as many as units ask for.
    pub fn copy(self, numbers: Values<'_>, out: &mut [f32]) {
        match self {
            Self::Single => f32::write(numbers, out),
            // Neighbours in memory are a pair.
            Self::Pair | Self::Tile => bf16::write(numbers, bytemuck::cast_slice_mut(out)),
        }
    }

    /// Runs a product whose windows, pieces and weights are counted in this unit. Tiles want to know which windows are
    /// spaced evenly, and what the next product is made from.
    pub fn multiply(self, product: Gather<'_>, spaced: Option<&Spaced>, ahead: &[u8]) {
        match self {
            Self::Single => dispatch(product),
            #[cfg(target_arch = "x86_64")]
            Self::Pair => super::gather_dot::gather(product),
            #[cfg(target_arch = "x86_64")]
            Self::Tile => super::gather_tiles::gather(product, spaced, ahead),
            #[cfg(not(target_arch = "x86_64"))]
            Self::Pair | Self::Tile => {
                unreachable!("no other processor has the instruction for {spaced:?} and {} more", ahead.len())
            }
        }
    }
}
