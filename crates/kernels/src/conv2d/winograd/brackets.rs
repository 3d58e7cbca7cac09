//! Transformed tiles in memory: `[position][panel of 16 channels][tile][channel]`.
//!
//! Transforms write and products read such panels from one end to the other, whatever the number of channels; rows of
//! hundreds of channels would lie a power of two apart and fall on the same few lines of the cache.

use super::POSITIONS;
use crate::conv2d::gather::Pixel;
use crate::conv2d::pack::{PANEL, Pieces};

/// The layout of some tiles.
#[derive(Clone, Copy, Debug)]
pub(super) struct Layout {
    /// Tiles that there is room for.
    pub tiles: usize,
    pub channels: usize,
}

impl Layout {
    /// Floats of a panel.
    pub fn panel(self) -> usize {
        self.tiles * PANEL
    }

    /// Floats from one position to the next: an odd number of cache lines, for the same reason.
    pub fn stride(self) -> usize {
        odd_lines(self.channels / PANEL * self.panel())
    }

    /// Floats of all positions.
    pub fn len(self) -> usize {
        POSITIONS * self.stride()
    }

    /// What the gather product reads for a tile, and for each tile where.
    pub fn windows(self) -> (Pieces, Vec<Pixel>) {
        let panels: Vec<usize> = (0..self.channels / PANEL).map(|panel| panel * self.panel()).collect();
        let pixels = (0..self.tiles).map(|tile| Pixel { source: tile * PANEL, target: tile }).collect();
        (Pieces::new(&panels, PANEL), pixels)
    }
}

/// `floats` or a little more, so that streams so far apart do not drive each other out of the cache.
pub(super) fn odd_lines(floats: usize) -> usize {
    floats.next_multiple_of(2 * PANEL) + PANEL
}

/// Transformed tiles to write.
pub(super) struct Brackets<'a> {
    pub layout: Layout,
    pub values: &'a mut [f32],
}

impl Brackets<'_> {
    /// One slice for each position.
    pub fn positions(&mut self) -> [&mut [f32]; POSITIONS] {
        let mut positions = self.values.chunks_exact_mut(self.layout.stride());
        std::array::from_fn(|_| positions.next().expect("sixteen positions"))
    }
}
