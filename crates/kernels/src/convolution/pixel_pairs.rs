//! Output pixels in pairs: the weight gradient sums over pixels, so a dot product of pairs takes two at once.

use super::gather::Pixel;
use super::outer::Outer;
use super::phase::Phase;
use super::shape::Convolution;
use crate::pairs::{has_dot, pair_arrays};
use crate::precision::Precision;
use crate::scratch::with_scratch;
use std::ops::Range;

/// Neighbours of a row of output pixels, two and two; where their number is odd, the last pair has a first pixel that
/// another pair has too, and here a gradient of zero.
#[derive(Clone, Debug)]
pub(super) struct PixelPairs {
    /// Each pair of some slices: the window of its first pixel, and its place among the pairs of gradients.
    pub windows: Vec<Pixel>,
    /// Pairs of a slice.
    pub per_slice: usize,
    /// Pixels of a row, and channels of a pixel.
    width: usize,
    channels: usize,
    /// Floats between the windows of neighbours.
    step: usize,
}

impl PixelPairs {
    /// Where bfloat16 is asked for, an instruction multiplies it, and there are neighbours.
    pub fn new(shape: &Convolution, phase: &Phase, precision: Precision) -> Option<Self> {
        let [_, height, width] = shape.output();
        if precision != Precision::Bf16 || width == 1 || !has_dot() {
            return None;
        }
        let per_row = width.div_ceil(2);
        let rows = phase.pixels.chunks_exact(width);
        let sources = rows.flat_map(|row| (0..per_row).map(|pair| row[first(pair, width)].source));
        Some(Self {
            windows: sources.enumerate().map(|(target, source)| Pixel { source, target }).collect(),
            per_slice: height * per_row,
            width,
            channels: shape.channels_out,
            step: phase.pixels[1].source - phase.pixels[0].source,
        })
    }

    /// The sum over pixels that are given as some of [`PixelPairs::windows`], of planes and of gradients as they are.
    pub fn sum(&self, product: Outer<'_>) {
        let range = product.range.clone();
        with_scratch(product.source.len(), |planes| {
            self.pair_planes(product.source, planes);
            with_scratch(product.pixels.len() * range.len(), |gradients| {
                self.pair_gradients(product.grad_out, range.clone(), gradients);
                let (outputs, range) = (range.len(), 0..range.len());
                let product = Outer { source: planes, grad_out: gradients, outputs, range, ..product };
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
        let len = planes.len() - self.step;
        pair_arrays(&planes[..len], &planes[self.step..], &mut pairs[..len]);
    }

    /// The output gradients of some channels and slices, `[pair, channels]`.
    fn pair_gradients(&self, grad_out: &[f32], channels: Range<usize>, pairs: &mut [f32]) {
        let rows = grad_out.chunks_exact(self.width * self.channels);
        let pairs_of_rows = pairs.chunks_exact_mut(self.width.div_ceil(2) * channels.len());
        for (row, pairs) in rows.zip(pairs_of_rows) {
            for (index, pairs) in pairs.chunks_exact_mut(channels.len()).enumerate() {
                let first = first(index, self.width);
                let [one, next] = [first, first + 1]
                    .map(|pixel| &row[pixel * self.channels..][channels.start..channels.end]);
                pair_arrays(one, next, pairs);
                if first != 2 * index {
                    // The pixel that was counted before: its half of each pair is the lower one.
                    for pair in pairs {
                        *pair = f32::from_bits(pair.to_bits() & 0xffff_0000);
                    }
                }
            }
        }
    }
}

/// The column of a pair's first pixel.
fn first(pair: usize, width: usize) -> usize {
    (2 * pair).min(width - 2)
}
