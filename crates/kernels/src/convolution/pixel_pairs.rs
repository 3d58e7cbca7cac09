//! Output pixels in pairs: the weight gradient sums over pixels, so a dot product of pairs takes two at once.

use super::gather::Pixel;
use super::outer::Outer;
use super::phase::Slices;
use super::shape::Convolution;
use crate::pairs::{has_dot, pair_arrays, zip, zip_pixels};
use crate::precision::Precision;
use crate::scratch::with_scratch;
use crate::values::Values;
use std::ops::Range;

/// Neighbours of a row of output pixels, two and two; where their number is odd, the last pair has a first pixel that
/// another pair has too, and here a gradient of zero.
#[derive(Clone, Debug)]
pub(super) struct PixelPairs {
    /// Each pair of some slices: the window of its first pixel, and its place among the pairs of gradients.
    pub windows: Vec<Pixel>,
    /// Pairs of a slice.
    pub per_slice: usize,
    /// Columns of pixels of a slice, and channels of a pixel.
    width: usize,
    channels: usize,
    /// Floats between the windows of neighbours.
    pub step: usize,
}

impl PixelPairs {
    /// Where bfloat16 is asked for, an instruction multiplies it, and there are neighbours.
    pub fn new(shape: &Convolution, slices: &Slices, precision: Precision) -> Option<Self> {
        let [_, height, width] = shape.output();
        if precision != Precision::Bf16 || width == 1 || !has_dot() {
            return None;
        }
        let phase = &slices.phases[0];
        let step = phase.pixels[1].source - phase.pixels[0].source;
        let per_row = width.div_ceil(2);
        let rows = phase.pixels.chunks_exact(width);
        let sources = rows.flat_map(|row| (0..per_row).map(|pair| row[first(pair, width)].source));
        let windows = sources.enumerate().map(|(target, source)| Pixel { source, target }).collect();
        Some(Self { windows, per_slice: height * per_row, width, channels: shape.channels_out, step })
    }

    /// The sum over pixels that are given as some of [`PixelPairs::windows`], of planes of
    /// [neighbours](Stacks::fill_neighbours) and of gradients as they are, in the place of those of the product.
    pub fn sum(&self, grad_out: Values<'_>, product: Outer<'_>) {
        let range = product.range.clone();
        with_scratch(product.pixels.len() * range.len(), |gradients| {
            self.pair_gradients(grad_out, range.clone(), gradients);
            let (outputs, range) = (range.len(), 0..range.len());
            let product = Outer { grad_out: gradients, outputs, range, ..product };
            #[cfg(target_arch = "x86_64")]
            super::outer_dot::outer(product);
            #[cfg(not(target_arch = "x86_64"))]
            unreachable!("no other processor has the instruction for {} pairs", product.pixels.len());
        });
    }

    /// The output gradients of some channels and slices, `[pair, channels]`.
    fn pair_gradients(&self, grad_out: Values<'_>, channels: Range<usize>, pairs: &mut [f32]) {
        let row_len = self.width * self.channels;
        let pairs = pairs.chunks_exact_mut(self.width.div_ceil(2) * channels.len());
        for (row, pairs) in pairs.enumerate() {
            self.pair_row(grad_out.part(row * row_len, row_len), channels.clone(), pairs);
        }
    }

    fn pair_row(&self, row: Values<'_>, channels: Range<usize>, pairs: &mut [f32]) {
        let whole = self.width / 2 * channels.len();
        match row {
            #[cfg(target_arch = "x86_64")]
            Values::F32(row) => {
                crate::dot::pair_pixels(row, self.channels, channels.clone(), &mut pairs[..whole]);
            }
            #[cfg(not(target_arch = "x86_64"))]
            Values::F32(_) => unreachable!("no other processor has the instruction"),
            Values::Bf16(row) => {
                zip_pixels(row, self.channels, channels.clone(), &mut pairs[..whole]);
            }
        }
        let last = &mut pairs[whole..];
        if !last.is_empty() {
            let [one, next] = [2, 1]
                .map(|left| row.part((self.width - left) * self.channels + channels.start, channels.len()));
            match (one, next) {
                (Values::F32(one), Values::F32(next)) => pair_arrays(one, next, last),
                (Values::Bf16(one), Values::Bf16(next)) => zip(one, next, last),
                _ => unreachable!("both are of one row"),
            }
            // The first pixel was counted before: its half of each pair is the lower one.
            for pair in last {
                *pair = f32::from_bits(pair.to_bits() & 0xffff_0000);
            }
        }
    }
}

/// The column of a pair's first pixel.
fn first(pair: usize, width: usize) -> usize {
    (2 * pair).min(width - 2)
}
