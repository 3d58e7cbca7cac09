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
    /// The pixels in the order in which tiles hold them, if it is not their own.
    order: Option<Vec<Pixel>>,
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
    /// Tiles that go through the pixels of each slice, and where this would multiply too much in vain, for so many outputs,
    /// tiles of the same pixel of sixteen slices. Nothing if there are not as many: windows that are copied are then
    /// multiplied sooner.
    pub fn new(pixels: &[Pixel], per_slice: usize, outputs: usize) -> Option<Self> {
        Self::through(pixels, outputs).or_else(|| Self::across(pixels, per_slice))
    }

    fn through(pixels: &[Pixel], outputs: usize) -> Option<Self> {
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
        let pays = in_vain * outputs <= COPY_COST * pixels.len();
        pays.then_some(Self { distance, tiles, order: None })
    }

    fn across(pixels: &[Pixel], per_slice: usize) -> Option<Self> {
        let slices = pixels.len() / per_slice;
        if slices == 0 || !slices.is_multiple_of(LANES_MAX) {
            return None;
        }
        let distance = pixels[per_slice].source - pixels[0].source;
        let order = pixels
            .chunks_exact(LANES_MAX * per_slice)
            .flat_map(|slices| (0..per_slice).flat_map(|at| slices[at..].iter().step_by(per_slice).copied()))
            .collect();
        let tiles =
            (0..pixels.len()).step_by(LANES_MAX).map(|first| Tile::of_each(first, LANES_MAX)).collect();
        Some(Self { distance, tiles, order: Some(order) })
    }

    /// The tiles that hold some pixels, the first of those that this was made for, and these pixels in their order; nothing
    /// if there are fewer of them than tiles need.
    pub fn tiles<'a>(&'a self, pixels: &'a [Pixel]) -> Option<(&'a [Tile], &'a [Pixel])> {
        match &self.order {
            None => {
                Some((&self.tiles[..self.tiles.partition_point(|tile| tile.first < pixels.len())], pixels))
            }
            Some(order) => (order.len() == pixels.len()).then_some((&*self.tiles, &**order)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Slices of 8×8 pixels in planes of 10×10, five units each.
    fn pixels(slices: usize) -> Vec<Pixel> {
        (0..slices * 64)
            .map(|target| {
                let (slice, y, x) = (target / 64, target / 8 % 8, target % 8);
                Pixel { source: 5 * (slice * 100 + y * 10 + x), target }
            })
            .collect()
    }

    #[test]
    fn every_pixel_is_in_one_tile_at_its_row() {
        for (slices, outputs) in [(3, 16), (16, 256), (32, 512)] {
            let pixels = pixels(slices);
            let spaced = Spaced::new(&pixels, 64, outputs).expect("windows are spaced evenly");
            let (tiles, order) = spaced.tiles(&pixels).expect("these are the pixels");
            let mut seen = vec![0; pixels.len()];
            for tile in tiles {
                let first = order[tile.first].source;
                for (pixel, row) in order[tile.first..][..tile.count].iter().zip(tile.rows) {
                    assert_eq!(pixel.source, first + usize::from(row) * spaced.distance);
                    assert_eq!(pixel.source, pixels[pixel.target].source);
                    seen[pixel.target] += 1;
                }
            }
            assert!(seen.iter().all(|&times| times == 1), "{slices} slices: {seen:?}");
        }
    }

    #[test]
    fn too_few_slices_are_copied() {
        assert!(Spaced::new(&pixels(3), 64, 256).is_none());
        let spaced = Spaced::new(&pixels(16), 64, 256).expect("sixteen slices");
        assert!(spaced.tiles(&pixels(15)).is_none());
        let spaced = Spaced::new(&pixels(16), 64, 16).expect("tiles through slices");
        let few = pixels(2);
        let (tiles, order) = spaced.tiles(&few).expect("any number of slices");
        assert_eq!(tiles.iter().map(|tile| tile.count.min(order.len() - tile.first)).sum::<usize>(), 128);
    }
}
