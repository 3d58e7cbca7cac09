//! Pixels whose windows lie at one distance from each other, in tiles of sixteen rows of which not every one is a pixel's.

use super::gather::Pixel;
use crate::simd::LANES_MAX;

/// How much dearer copying a row is than multiplying one in vain, by outputs.
const COPY_COST: usize = 48;

/// As few tiles as hold some pixels.
#[derive(Clone, Debug)]
pub(super) struct Spaced {
    /// Units between neighbouring rows of a tile.
    pub distance: usize,
    tiles: Vec<Tile>,
}

/// Some neighbouring pixels, whose windows are rows of a tile.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Tile {
    pub first: usize,
    pub count: usize,
    /// The row of each pixel.
    pub rows: [u8; LANES_MAX],
}

impl Tile {
    /// Every row is a pixel's.
    pub fn of_each(first: usize, count: usize) -> Self {
        Self { first, count, rows: std::array::from_fn(|row| row as u8) }
    }

    /// The row of the last pixel.
    fn last_row(&self) -> usize {
        self.rows[self.count - 1].into()
    }
}

impl Spaced {
    /// Nothing if windows that are copied are multiplied sooner, for so many outputs.
    pub fn new(pixels: &[Pixel], outputs: usize) -> Option<Self> {
        let [first, second, ..] = pixels else { return None };
        let distance = second.source.checked_sub(first.source).filter(|&distance| distance > 0)?;
        let mut tiles: Vec<Tile> = Vec::with_capacity(pixels.len() / LANES_MAX + 1);
        let mut before = first.source;
        for (at, pixel) in pixels.iter().enumerate() {
            let apart = pixel.source.checked_sub(before);
            let rows = apart.filter(|apart| apart.is_multiple_of(distance)).map(|apart| apart / distance);
            before = pixel.source;
            if let Some(tile) = tiles.last_mut()
                && let Some(row) = rows.map(|rows| tile.last_row() + rows)
                && row < LANES_MAX
            {
                tile.rows[tile.count] = row as u8;
                tile.count += 1;
            } else {
                tiles.push(Tile { first: at, count: 1, rows: [0; LANES_MAX] });
            }
        }
        let in_vain = tiles.len() * LANES_MAX - pixels.len();
        (in_vain * outputs <= COPY_COST * pixels.len()).then_some(Self { distance, tiles })
    }

    /// The tiles that hold the first so many pixels.
    pub fn tiles(&self, pixels: usize) -> &[Tile] {
        &self.tiles[..self.tiles.partition_point(|tile| tile.first < pixels)]
    }
}
