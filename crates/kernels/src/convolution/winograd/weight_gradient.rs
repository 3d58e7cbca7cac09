//! The weight gradient: sums of outer products of transformed inputs and output gradients, one for each position.

use super::brackets::{Brackets, Layout, Pairing, odd_lines};
use super::pair_products::GradientPairs;
use super::products::Products;
use super::transform::{Gradient, Input};
use super::weights::Adjoint;
use super::{POSITIONS, Tiling};
use crate::convolution::shape::Convolution;
use crate::convolution::source::Source;
use crate::precision::Precision;
use crate::scratch::with_scratch;
use crate::simd::dispatch;
use rayon::prelude::*;

/// Groups of images at most.
const GROUPS_MAX: usize = 32;
/// Tiles in a group at least, so that the sums of the groups are few against the tiles.
const GROUP_TILES: usize = 192;
/// Tiles at a time at least: the sums go from memory to the registers and back once for each chunk.
const CHUNK_TILES: usize = 192;
/// Floats that the groups' sums may take together (64 MiB), if there is more than one.
const SUMS_MAX: usize = 1 << 24;

/// The weight gradient of shapes that suit.
pub(in crate::convolution) fn weight_gradient(
    shape: &Convolution,
    precision: Precision,
    x: Source<'_>,
    grad_out: &[f32],
    grad_weight: &mut [f32],
) {
    let tiling = Tiling::new(shape);
    let [channels_in, channels_out] = [shape.channels_in, shape.channels_out];
    let position_stride = odd_lines(channels_in * channels_out);
    let groups_max = (SUMS_MAX / (POSITIONS * channels_in * channels_out)).clamp(1, GROUPS_MAX);
    let images_min = GROUP_TILES.div_ceil(tiling.grid[0] * tiling.grid[1]);
    let images = shape.batch.div_ceil(groups_max).max(images_min);
    let groups = shape.batch.div_ceil(images);
    with_scratch(groups * POSITIONS * position_stride, |sums| {
        let image_len = shape.output_pixels() * channels_out;
        grad_out
            .par_chunks(images * image_len)
            .zip(sums.par_chunks_exact_mut(POSITIONS * position_stride))
            .enumerate()
            .for_each(|(group, (grad_out, sums))| {
                sums.fill(0.0);
                let first = group * images;
                tiling.with_planes(x, first..first + grad_out.len() / image_len, |planes| {
                    add(shape, precision, &tiling, planes, grad_out, sums);
                });
            });
        let sums = &*sums;
        grad_weight.par_chunks_exact_mut(9 * channels_in).enumerate().for_each(|(output, grad_weight)| {
            let row = output * channels_in;
            let groups = sums.chunks_exact(POSITIONS * position_stride);
            let rows = groups
                .map(|sums| {
                    std::array::from_fn(|position| &sums[position * position_stride + row..][..channels_in])
                })
                .collect();
            dispatch(Adjoint { rows, grad_weight });
        });
    });
}

/// Adds the products of some images.
fn add(
    shape: &Convolution,
    precision: Precision,
    tiling: &Tiling,
    planes: &[f32],
    grad_out: &[f32],
    sums: &mut [f32],
) {
    let [height, count] = tiling.grid;
    let row_len = shape.output()[2] * shape.channels_out;
    let rows_all = height * grad_out.len() / (shape.output_pixels() * shape.channels_out);
    let chunk_rows = tiling.rows_per_chunk(shape, CHUNK_TILES).min(rows_all);
    // Places that a row of tiles takes.
    let (pairing, width) = match precision {
        Precision::F32 => (Pairing::None, count),
        Precision::Bf16 => (Pairing::Tiles, count.div_ceil(2)),
    };
    let layouts = [shape.channels_in, shape.channels_out].map(|channels| Layout {
        pairing,
        tiles: chunk_rows * width,
        channels,
    });
    let sums_stride = sums.len() / POSITIONS;
    with_scratch(layouts[0].len(), |inputs| {
        with_scratch(layouts[1].len(), |gradients| {
            for first in (0..rows_all).step_by(chunk_rows) {
                let chunk = first..rows_all.min(first + chunk_rows);
                let tiles = chunk.len() * width;
                for (place, row) in chunk.enumerate() {
                    let (rows, first) = (tiling.plane_rows(planes, row), place * width);
                    let out = Brackets { layout: layouts[0], values: &mut *inputs };
                    dispatch(Input { rows, count, first, out });

                    let (row, below) = tiling.pixel_row(shape, row);
                    let (upper, rest) = grad_out[row * row_len..].split_at(row_len);
                    let rows = [upper, &rest[..below * row_len]];
                    let out = Brackets { layout: layouts[1], values: &mut *gradients };
                    dispatch(Gradient { rows, count, first, out });
                }
                let inputs = inputs.chunks_exact(layouts[0].stride());
                let gradients = gradients.chunks_exact(layouts[1].stride());
                for ((inputs, gradients), sums) in
                    inputs.zip(gradients).zip(sums.chunks_exact_mut(sums_stride))
                {
                    match pairing {
                        Pairing::Tiles => GradientPairs { inputs, gradients, layouts, tiles, sums }.run(),
                        _ => dispatch(Products { inputs, gradients, layouts, tiles, sums }),
                    }
                }
            }
        });
    });
}
