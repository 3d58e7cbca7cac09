//! One product, and how its depth is cut.

use super::epilogue::Finish;
use super::pack::View;
use super::unit::Unit;
use crate::simd::LANES_MAX;
use std::ops::Range;

/// One product.
#[derive(Clone, Copy, Debug)]
pub(super) struct Block<'a> {
    /// `[m, k, n]`.
    pub size: [usize; 3],
    pub unit: Unit,
    pub a: View<'a>,
    pub b: View<'a>,
    /// Units of the depth in a block at most.
    pub depth: usize,
    pub finish: Finish<'a>,
}

impl Block<'_> {
    /// Units of the depth.
    pub fn units(&self) -> usize {
        self.size[1].div_ceil(self.unit.len())
    }

    /// Units in a block of the depth, the last being shorter: all of about the same length.
    /// One where there are none, so that a product of no depth is one block, which is empty.
    pub fn units_per_block(&self) -> usize {
        let blocks = self.units().div_ceil(self.depth).max(1);
        let len = self.units().div_ceil(blocks).max(1);
        // Tiles take whole steps.
        if self.unit == Unit::Tile { len.next_multiple_of(LANES_MAX) } else { len }
    }

    /// Blocks of the depth; one where there are no units, so that the epilogue is seen to.
    pub fn depth_blocks(&self) -> usize {
        self.units().div_ceil(self.units_per_block()).max(1)
    }

    /// The units of a block of the depth.
    pub fn depth_block(&self, index: usize) -> Range<usize> {
        let len = self.units_per_block();
        index * len..self.units().min((index + 1) * len)
    }

    /// The epilogue of a block of the depth.
    pub fn finish_at(&self, index: usize) -> Finish<'_> {
        self.finish.at_depth(index == 0, index + 1 == self.depth_blocks())
    }
}
