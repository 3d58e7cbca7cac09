//! Output pixels in pairs: the weight gradient sums over pixels, so a dot product of pairs takes two at once.

use super::Conv2d;
use super::gather::Pixel;
use super::outer::Outer;
use super::plane::Plane;
use crate::pairs::{has_dot, pair_arrays};
use crate::precision::Precision;
use crate::scratch::with_scratch;

/// Neighbours of a row of output pixels, two and two; where their number is odd, the last pair has a first pixel that
/// another pair has too, and here a gradient of zero.
#[derive(Clone, Copy, Debug)]
pub(super) struct PixelPairs {
    plane: Plane,
    /// Rows of an image of output pixels, pixels of a row, channels of a pixel.
    rows: usize,
    width: usize,
    channels: usize,
    /// Rows and columns of the plane between the windows of neighbours.
    apart: [usize; 2],
}

impl PixelPairs {
    /// Where bfloat16 is asked for, an instruction multiplies it, and there are neighbours.
    pub fn new(shape: &Conv2d, plane: &Plane, precision: Precision) -> Option<Self> {
        let width = shape.output_width();
        let suits = precision == Precision::Bf16 && width > 1 && has_dot();
        suits.then(|| Self {
            plane: *plane,
            rows: shape.output_height(),
            width,
            channels: shape.channels_out,
            apart: shape.windows_apart(),
        })
    }

    fn pairs_per_row(&self) -> usize {
        self.width.div_ceil(2)
    }

    /// The column of a pair's first pixel.
    fn first(&self, pair: usize) -> usize {
        (2 * pair).min(self.width - 2)
    }

    /// Pairs of an image.
    pub fn per_image(&self) -> usize {
        self.rows * self.pairs_per_row()
    }

    /// Floats between the windows of neighbours.
    fn step(&self) -> usize {
        self.apart[1] * self.plane.channels
    }

    /// Each pair of some images: the window of its first pixel, and its place among the pairs of gradients.
    pub fn windows(&self, images: usize) -> Vec<Pixel> {
        (0..images * self.per_image())
            .map(|target| {
                let (row, pair) = (target / self.pairs_per_row(), target % self.pairs_per_row());
                let (image, y) = (row / self.rows, row % self.rows);
                let source = image * self.plane.len()
                    + y * self.apart[0] * self.plane.row_len()
                    + self.first(pair) * self.step();
                Pixel { source, target }
            })
            .collect()
    }

    /// The sum over pixels that are given as [`PixelPairs::windows`] of planes and of gradients as they are.
    pub fn sum(&self, product: Outer<'_>) {
        with_scratch(product.source.len(), |planes| {
            self.pair_planes(product.source, planes);
            with_scratch(product.pixels.len() * self.channels, |gradients| {
                self.pair_gradients(product.grad_out, gradients);
                let product = Outer { source: planes, grad_out: gradients, ..product };
                #[cfg(target_arch = "x86_64")]
                if super::outer_tiles::suits(&product) {
                    super::outer_tiles::outer(product);
                } else {
                    super::outer_dot::outer(product);
                }
                #[cfg(not(target_arch = "x86_64"))]
                unreachable!("no other processor has the instruction for {} pairs", product.pixels.len());
            });
        });
    }

    /// Every number of the planes with the one that the neighbour's window has in its place.
    fn pair_planes(&self, planes: &[f32], pairs: &mut [f32]) {
        let len = planes.len() - self.step();
        pair_arrays(&planes[..len], &planes[self.step()..], &mut pairs[..len]);
    }

    /// The output gradients of some images, `[pair, channels]`.
    fn pair_gradients(&self, grad_out: &[f32], pairs: &mut [f32]) {
        let row_len = self.width * self.channels;
        let rows = grad_out.chunks_exact(row_len);
        for (row, pairs) in rows.zip(pairs.chunks_exact_mut(self.pairs_per_row() * self.channels)) {
            for (index, pairs) in pairs.chunks_exact_mut(self.channels).enumerate() {
                let neighbours = &row[self.first(index) * self.channels..][..2 * self.channels];
                let (first, second) = neighbours.split_at(self.channels);
                pair_arrays(first, second, pairs);
                if self.first(index) != 2 * index {
                    // The pixel that was counted before: its half of each pair is the lower one.
                    for pair in pairs {
                        *pair = f32::from_bits(pair.to_bits() & 0xffff_0000);
                    }
                }
            }
        }
    }
}
