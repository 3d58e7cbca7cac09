//! Output pixels in pairs: the weight gradient sums over pixels, so a dot product of pairs takes two at once.

use super::gather::Pixel;
use super::outer::Outer;
use super::phase::{Phase, Slices};
use super::shape::Convolution;
use super::stacks::Stacks;
use crate::amx;
use crate::pairs::{has_dot, pair_arrays, zip, zip_pixels};
use crate::precision::Precision;
use crate::scratch::with_scratch;
use crate::simd::LANES_MAX;
use crate::values::Values;
use std::ops::Range;

/// Neighbours of a row of output pixels, two and two; where their number is odd, the last pair has a first pixel that
/// another pair has too, and here a gradient of zero.
///
/// For tile registers, which take windows at one distance from each other, pairs go on through what lies between the
/// windows of two rows, with gradients of zero there; an infinite number there makes NaN.
#[derive(Clone, Debug)]
pub(super) struct PixelPairs {
    /// Each pair of some slices: the window of its first pixel, and its place among the pairs of gradients.
    pub windows: Vec<Pixel>,
    /// Pairs of a slice, and of a row.
    pub per_slice: usize,
    per_row: usize,
    /// Rows and columns of pixels of a slice, and channels of a pixel.
    height: usize,
    width: usize,
    channels: usize,
    /// Floats between the windows of neighbours.
    pub step: usize,
    /// Floats behind the stacks, zeros, that are read for pairs without gradients.
    pub reserve: usize,
}

impl PixelPairs {
    /// Where bfloat16 is asked for, an instruction multiplies it, and there are neighbours.
    pub fn new(shape: &Convolution, slices: &Slices, precision: Precision) -> Option<Self> {
        let [_, height, width] = shape.output();
        if precision != Precision::Bf16 || width == 1 || !has_dot() {
            return None;
        }
        let (stacks, phase) = (&slices.stacks, &slices.phases[0]);
        let step = phase.pixels[1].source - phase.pixels[0].source;
        let window = phase.window.starts.last()? + phase.window.run_len;
        let pairs = Self {
            windows: Vec::new(),
            per_slice: 0,
            per_row: width.div_ceil(2),
            height,
            width,
            channels: shape.channels_out,
            step,
            reserve: window + 2 * LANES_MAX * step + LANES_MAX,
        };
        Some(if pairs.go_on(stacks, phase) { pairs.through(stacks, phase) } else { pairs.by_rows(phase) })
    }

    /// Whether pairs go on between rows: windows are at one distance there, and there is not too much.
    fn go_on(&self, stacks: &Stacks, phase: &Phase) -> bool {
        let Self { height, width, step, .. } = *self;
        let (plane, pixels) = (&stacks.plane, &phase.pixels);
        let next_row = pixels.get(width).map_or(plane.row_len(), |next| next.source - pixels[0].source);
        amx::in_use()
            && stacks.len() == plane.len()
            && (step, next_row) == (plane.channels, plane.row_len())
            && (width % 2, plane.size[1] % 2) == (0, 0)
            && 4 * plane.size[0] * plane.size[1] <= 7 * height * width
    }

    /// All pixels of the planes.
    fn through(self, stacks: &Stacks, phase: &Phase) -> Self {
        let [rows, columns] = stacks.plane.size;
        let per_slice = rows * columns / 2;
        let first = phase.pixels[0].source;
        let slices = phase.pixels.len() / phase.per_slice;
        let windows = (0..slices * per_slice)
            .map(|target| Pixel { source: first + 2 * target * self.step, target })
            .collect();
        Self { windows, per_slice, per_row: columns / 2, ..self }
    }

    /// Those of the pixels that are written.
    fn by_rows(self, phase: &Phase) -> Self {
        let rows = phase.pixels.chunks_exact(self.width);
        let sources = rows.flat_map(|row| (0..self.per_row).map(|pair| row[first(pair, self.width)].source));
        let windows = sources.enumerate().map(|(target, source)| Pixel { source, target }).collect();
        Self { windows, per_slice: self.height * self.per_row, ..self }
    }

    /// The sum over pixels that are given as some of [`PixelPairs::windows`], of planes of
    /// [neighbours](Stacks::fill_neighbours) and of gradients as they are, in the place of those of the product.
    pub fn sum(&self, grad_out: Values<'_>, product: Outer<'_>) {
        let range = product.range.clone();
        with_scratch(product.pixels.len() * range.len(), |gradients| {
            self.pair_gradients(grad_out, range.clone(), gradients);
            let (outputs, range) = (range.len(), 0..range.len());
            // Below the last slice's pixels there is nothing to add.
            let below = self.per_slice - self.height * self.per_row;
            let pixels = &product.pixels[..product.pixels.len() - below];
            let product = Outer { pixels, grad_out: gradients, outputs, range, ..product };
            #[cfg(target_arch = "x86_64")]
            if super::outer_tiles::suits(&product) {
                super::outer_tiles::outer(product);
            } else {
                super::outer_dot::outer(product);
            }
            #[cfg(not(target_arch = "x86_64"))]
            unreachable!("no other processor has the instruction for {} pairs", product.pixels.len());
        });
    }

    /// The output gradients of some channels and slices, `[pair, channels]`.
    fn pair_gradients(&self, grad_out: Values<'_>, channels: Range<usize>, pairs: &mut [f32]) {
        let row_len = self.width * self.channels;
        for (slice, pairs) in pairs.chunks_exact_mut(self.per_slice * channels.len()).enumerate() {
            for (row, pairs) in pairs.chunks_exact_mut(self.per_row * channels.len()).enumerate() {
                if row >= self.height {
                    pairs.fill(0.0);
                    continue;
                }
                let pairs_of_row = self.width.div_ceil(2) * channels.len();
                let row = grad_out.part((slice * self.height + row) * row_len, row_len);
                self.pair_row(row, channels.clone(), &mut pairs[..pairs_of_row]);
                pairs[pairs_of_row..].fill(0.0);
            }
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
