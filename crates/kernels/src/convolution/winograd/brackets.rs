//! Transformed tiles in memory: `[position][panel of 16 channels][tile][channel]`.
//!
//! Transforms write and products read such panels from one end to the other, whatever the number of channels; rows of
//! hundreds of channels would lie a power of two apart and fall on the same few lines of the cache.

use super::POSITIONS;
use crate::convolution::gather::Pixel;
use crate::convolution::pack::{PANEL, Pieces};
use pulp::Simd;

/// Which two numbers are held as a pair of bfloat16 (see [`crate::pairs`]): those that a product sums over.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Pairing {
    /// None: numbers of 32 bits.
    None,
    /// Channel `c` of an even panel with channel `c` of the next one: the forward products sum over channels.
    Channels,
    /// A tile with the next one of its row, or with zeros: the products of the weight gradient sum over tiles.
    Tiles,
}

/// The layout of some tiles.
#[derive(Clone, Copy, Debug)]
pub(super) struct Layout {
    pub pairing: Pairing,
    /// Tiles (or pairs of them) that there is room for.
    pub tiles: usize,
    /// Channels (or pairs of them).
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

/// Where a tile's vector of channels lies in a position, in vectors.
#[inline(always)]
pub(super) fn place<S: Simd>(tiles: usize, vector: usize, tile: usize) -> usize {
    let parts = PANEL / S::F32_LANES;
    (vector / parts * tiles + tile) * parts + vector % parts
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
