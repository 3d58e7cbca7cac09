//! The forward pass, which with turned weights is the input gradient too.

use super::brackets::{Brackets, Layout, Pairing, odd_lines};
use super::pair_products::{BLOCK_TILES, ForwardPairs};
use super::transform::{Input, Output};
use super::weights::{Turn, pack};
use super::{POSITIONS, Tiling};
use crate::columns::Moments;
use crate::convolution::gather::{Gather, Pixel};
use crate::convolution::pack::Pieces;
use crate::convolution::shape::Convolution;
use crate::convolution::source::Source;
use crate::precision::Precision;
use crate::scratch::with_scratch;
use crate::simd::dispatch;
use crate::statistics::Observer;
use crate::values::ValuesMut;
use std::ops::Range;

/// Tasks that are few: then they are as alike as a power of two of them can be, since a machine's cores are often so many.
const FEW_TASKS: usize = 8;

/// As many images as fill a chunk.
fn images_per_task(shape: &Convolution, tiling: &Tiling) -> usize {
    let images = (tiling.rows_per_chunk(shape, 1) / tiling.grid[0]).clamp(1, shape.batch);
    let tasks = shape.batch.div_ceil(images);
    shape.batch.div_ceil(if tasks < FEW_TASKS { tasks.next_power_of_two() } else { tasks })
}

/// Convolves `x` with `weight`, which is `[channels_out, channels_in, 3, 3]` of `shape` or, turned, of the convolution
/// whose input gradient this is, and gives what the observer saw of `out`.
pub(in crate::convolution) fn convolve(
    shape: &Convolution,
    precision: Precision,
    x: Source<'_>,
    weight: &[f32],
    turn: Turn,
    out: ValuesMut<'_>,
    observer: Observer,
) -> Vec<Moments> {
    let tiling = Tiling::new(shape);
    let images = images_per_task(shape, &tiling);
    let rows = images * tiling.grid[0];
    // All chunks of a task alike.
    let chunk_rows = rows.div_ceil(rows.div_ceil(tiling.rows_per_chunk(shape, 1)));
    let tiles = (chunk_rows * tiling.grid[1]).next_multiple_of(BLOCK_TILES);
    let layout = match precision {
        Precision::F32 => Layout { pairing: Pairing::None, tiles, channels: shape.channels_in },
        Precision::Bf16 => Layout { pairing: Pairing::Channels, tiles, channels: shape.channels_in / 2 },
    };
    let (pieces, pixels) = layout.windows();
    let work = Work { shape, tiling, chunk_rows, layout, pieces, pixels };
    let stored = match turn {
        Turn::Forward => [shape.channels_in, shape.channels_out],
        Turn::Backward => [shape.channels_out, shape.channels_in],
    };
    with_scratch(POSITIONS * layout.channels * shape.channels_out, |packed| {
        pack(weight, stored, turn, layout.pairing, packed);
        let image_len = shape.output_pixels() * shape.channels_out;
        let write = |task: usize, out: ValuesMut<'_>| {
            let first = task * images;
            out.wide(|out| {
                tiling.with_planes(x, first..first + out.len() / image_len, |planes| {
                    work.run(planes, packed, out);
                });
            });
        };
        out.in_tasks(images * image_len, observer, write)
    })
}

struct Work<'a> {
    shape: &'a Convolution,
    tiling: Tiling,
    chunk_rows: usize,
    layout: Layout,
    pieces: Pieces,
    pixels: Vec<Pixel>,
}

impl Work<'_> {
    /// The images of a task, some rows of tiles at a time.
    fn run(&self, planes: &[f32], packed: &[f32], out: &mut [f32]) {
        let channels_out = self.shape.channels_out;
        let stride = odd_lines(self.layout.tiles * channels_out);
        let rows = self.tiling.grid[0] * out.len() / (self.shape.output_pixels() * channels_out);
        with_scratch(self.layout.len(), |inputs| {
            with_scratch(POSITIONS * stride, |products| {
                for first in (0..rows).step_by(self.chunk_rows) {
                    let chunk = first..rows.min(first + self.chunk_rows);
                    self.transform(chunk.clone(), planes, inputs);
                    self.multiply(chunk.len() * self.tiling.grid[1], inputs, packed, products);
                    self.combine(chunk, products, stride, out);
                }
            });
        });
    }

    /// The products of every position.
    fn multiply(&self, tiles: usize, inputs: &[f32], packed: &[f32], products: &mut [f32]) {
        let (layout, outputs) = (self.layout, self.shape.channels_out);
        let weights = packed.chunks_exact(layout.channels * outputs);
        let inputs = inputs.chunks_exact(layout.stride());
        let products = products.chunks_exact_mut(odd_lines(layout.tiles * outputs));
        for ((inputs, weight), out) in inputs.zip(weights).zip(products) {
            match layout.pairing {
                Pairing::Channels => {
                    ForwardPairs { inputs, layout, tiles, weights: weight, outputs, out }.run();
                }
                _ => dispatch(Gather {
                    source: inputs,
                    pixels: &self.pixels[..tiles],
                    pieces: &self.pieces,
                    weight,
                    outputs,
                    pixel_len: outputs,
                    out,
                }),
            }
        }
    }

    fn transform(&self, rows: Range<usize>, planes: &[f32], inputs: &mut [f32]) {
        for (place, row) in rows.enumerate() {
            let (rows, count) = (self.tiling.plane_rows(planes, row), self.tiling.grid[1]);
            let out = Brackets { layout: self.layout, values: &mut *inputs };
            dispatch(Input { rows, count, first: place * count, out });
        }
    }

    fn combine(&self, rows: Range<usize>, products: &[f32], stride: usize, out: &mut [f32]) {
        let (channels, count) = (self.shape.channels_out, self.tiling.grid[1]);
        let row_len = self.shape.output()[2] * channels;
        for (place, row) in rows.enumerate() {
            let products = std::array::from_fn(|position| {
                &products[position * stride + place * count * channels..][..count * channels]
            });
            let (row, below) = self.tiling.pixel_row(self.shape, row);
            let (upper, rest) = out[row * row_len..].split_at_mut(row_len);
            let lower = &mut rest[..below * row_len];
            dispatch(Output { products, count, rows: [upper, lower] });
        }
    }
}
