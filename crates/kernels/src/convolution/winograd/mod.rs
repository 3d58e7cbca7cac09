//! Winograd's minimal filtering F(2×2, 3×3): a 3×3 convolution of stride 1 with 16 multiplications where the plain sum
//! takes 36.
//!
//! Four output pixels, a *tile*, come from 4×4 input pixels `d` and the 3×3 weights `g` of each channel pair by
//!
//! `y = Aᵀ [ (G g Gᵀ) ⊙ (Bᵀ d B) ] A`,
//!
//! summed over input channels between the square brackets, so that each of the 16 *positions* of the brackets is a
//! matrix product `[tiles, channels_in] · [channels_in, channels_out]`. The weight gradient is the adjoint:
//! `Gᵀ [ (Bᵀ d B) ⊙ (A e Aᵀ) ] G` for the output gradient `e` of a tile, summed over tiles between the brackets. The
//! input gradient is the forward pass of the output gradient with transposed, turned weights.
//!
//! Rounding is about twice that of the plain sum where neighbouring pixels are of like size: it goes by the largest pixel of
//! a tile, not by those under the kernel alone. In bfloat16 the transformed tiles and weights are what is rounded, and an
//! infinite pixel makes NaN of all its tile's outputs. Source: Lavin & Gray 2016, "Fast algorithms for convolutional neural networks", section 4.1.

mod brackets;
mod forward;
mod pair_products;
mod products;
mod transform;
#[cfg(test)]
mod twins;
mod weight_gradient;
mod weights;

use super::plane::{Pick, Plane};
use super::shape::Convolution;
use super::source::Source;
use super::unit::Unit;
use crate::precision::Precision;
use crate::scratch::with_scratch;
use crate::simd::LANES_MAX;
pub(super) use forward::convolve;
use std::ops::Range;
pub(super) use weight_gradient::weight_gradient;
pub(super) use weights::Turn;

/// Channels on both sides from which the products outweigh the transforms.
const CHANNELS_MIN: usize = 32;
/// Places between the brackets.
const POSITIONS: usize = 16;
/// Floats of transformed input and output that a task works on at a time, together about half of a core's cache.
const CHUNK_FLOATS: usize = 1 << 17;
/// Tiles at a time, in units that fill the gather product's registers.
const TILE_UNIT: usize = 48;

/// How an image falls into tiles.
#[derive(Clone, Copy, Debug)]
struct Tiling {
    /// Rows and columns of tiles.
    grid: [usize; 2],
    /// The padded input: every tile's 4×4 pixels lie inside.
    plane: Plane,
}

impl Tiling {
    fn new(shape: &Convolution) -> Self {
        let ([_, height, width], [_, above, left]) = (shape.size, shape.padding);
        let [_, height_out, width_out] = shape.output();
        let grid = [height_out.div_ceil(2), width_out.div_ceil(2)];
        let plane = Plane {
            image: [height, width],
            image_channels: shape.channels_in,
            channels: shape.channels_in,
            pick: Pick::Each,
            origin: [above, left].map(|padding| -(padding as isize)),
            step: [1, 1],
            size: grid.map(|tiles| 2 * tiles + 2),
        };
        Self { grid, plane }
    }

    /// Gives `work` planes of some images, one after the other.
    fn with_planes(&self, x: Source<'_>, images: Range<usize>, work: impl FnOnce(&[f32])) {
        with_scratch(images.len() * self.plane.len(), |planes| {
            for (image, plane) in images.zip(planes.chunks_exact_mut(self.plane.len())) {
                self.plane.fill(Unit::Single, Some(x.slice(image, self.plane.image_len())), 0, plane);
            }
            work(planes);
        });
    }

    /// The four rows of pixels that a row of tiles covers; the rows of all images are counted through.
    fn plane_rows<'a>(&self, planes: &'a [f32], row: usize) -> [&'a [f32]; 4] {
        let (plane, height) = (&self.plane, self.grid[0]);
        let start = row / height * plane.len() + 2 * (row % height) * plane.row_len();
        let row = |y| &planes[start + y * plane.row_len()..][..plane.row_len()];
        [row(0), row(1), row(2), row(3)]
    }

    /// The first of the two rows of output pixels of a row of tiles, and how many more there are, one or, at the lower
    /// edge, none.
    fn pixel_row(&self, shape: &Convolution, row: usize) -> (usize, usize) {
        let (image, y) = (row / self.grid[0], 2 * (row % self.grid[0]));
        let [_, height, _] = shape.output();
        (image * height + y, usize::from(y + 1 < height))
    }

    /// Rows of tiles that are transformed and multiplied together, `least` tiles or more.
    fn rows_per_chunk(&self, shape: &Convolution, least: usize) -> usize {
        let per_tile = POSITIONS * (shape.channels_in + shape.channels_out);
        let tiles = (CHUNK_FLOATS / per_tile).max(least).next_multiple_of(TILE_UNIT);
        tiles.div_ceil(self.grid[1])
    }
}

/// Whether the shape is one that this method computes, and computes sooner.
pub(super) fn suits(shape: &Convolution, precision: Precision) -> bool {
    let channels = [shape.channels_in, shape.channels_out];
    // Pairs take two panels of channels.
    let unit = if precision == Precision::Bf16 { 2 * LANES_MAX } else { LANES_MAX };
    (shape.size[0], shape.padding[0], shape.groups) == (1, 0, 1)
        && Unit::new(precision, shape.channels_in) != Unit::Tile
        && shape.kernel == [1, 3, 3]
        && shape.stride == [1; 3]
        && shape.dilation == [1; 3]
        && shape.padding.iter().all(|&padding| padding <= 2)
        && channels.iter().all(|&channels| channels >= CHANNELS_MIN && channels.is_multiple_of(unit))
        && pays(shape)
}

/// A tile costs 16 multiplications, a pixel 9; what is saved has to pay for the transforms.
fn pays(shape: &Convolution) -> bool {
    let [_, height, width] = shape.output();
    5 * height.div_ceil(2) * width.div_ceil(2) <= 2 * shape.output_pixels()
}

/// The convolution of output gradients whose result is the input gradient, where the method suits it.
pub(super) fn mirror(shape: &Convolution, precision: Precision) -> Option<Convolution> {
    let [_, above, left] = shape.padding;
    let mirror = Convolution {
        size: shape.output(),
        channels_in: shape.channels_out,
        channels_out: shape.channels_in,
        padding: [0, 2usize.checked_sub(above)?, 2usize.checked_sub(left)?],
        ..*shape
    };
    suits(&mirror, precision).then_some(mirror)
}
