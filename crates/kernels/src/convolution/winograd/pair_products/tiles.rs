//! The same in the tile registers of AMX. A *tile* without more words is one of the image, as everywhere in this method.

// Functions for instructions that a machine may lack are safe to call only from their like.
#![allow(unsafe_code)]

use super::super::brackets::Layout;
use super::{ForwardPairs, GradientPairs};
use crate::amx::tiles::{Factors, Registers, SIDE, Steps, Sums, TILE, two_tiles};
use crate::amx::transpose::transpose;
use crate::convolution::pack::PANEL;
use crate::dot::Line;
use crate::scratch::with_scratch;

/// Tiles of the image that the forward products need at least.
pub(super) const TILES_MIN: usize = SIDE;

/// Forward products of [`TILES_MIN`] tiles or more; the last block of tiles reaches back to some that were multiplied
/// before.
pub(super) fn forward(products: ForwardPairs<'_>) {
    let ForwardPairs { inputs, layout, tiles, weights, outputs, out } = products;
    let steps = Steps::even(layout.channels / SIDE, [layout.panel(), TILE]);
    let registers = Registers::configure();
    for output in (0..outputs).step_by(2 * SIDE) {
        let columns = two_tiles(output, outputs);
        for first in (0..tiles).step_by(2 * SIDE) {
            let rows = two_tiles(first, tiles);
            let factors = Factors {
                rows: inputs,
                row_tiles: rows.map(|tile| tile * PANEL),
                row_stride: PANEL,
                columns: weights,
                column_tiles: columns.map(|output| output * layout.channels),
                steps: &steps,
            };
            let mut sums = Sums {
                values: &mut *out,
                tiles: rows.map(|tile| tile * outputs + columns[0]),
                stride: outputs,
                add: false,
            };
            registers.multiply(&factors, &mut sums);
        }
    }
}

/// Sums for the weight gradient. Gradients are turned first, so that the tiles of a channel lie side by side.
pub(super) fn gradient(products: GradientPairs<'_>) {
    let GradientPairs { inputs, gradients, layouts, tiles, sums } = products;
    let depth = tiles.div_ceil(SIDE) * TILE;
    let whole = tiles / SIDE;
    let [whole_steps, last_step] = [Steps::even(whole, [TILE, TILE]), Steps::even(1, [TILE, TILE])];
    let [inputs_len, outputs_len] = layouts.map(|layout| layout.channels);
    with_scratch(outputs_len / PANEL * depth, |turned| {
        // SAFETY: tiles are in use, and processors that have them have AVX-512.
        unsafe { turn(gradients, layouts[1], tiles, turned) };
        with_scratch(inputs_len * SIDE, |last| {
            copy_last(inputs, layouts[0], tiles, last);
            let registers = Registers::configure();
            for output in (0..outputs_len).step_by(2 * SIDE) {
                let rows = two_tiles(output, outputs_len);
                for input in (0..inputs_len).step_by(2 * SIDE) {
                    let columns = two_tiles(input, inputs_len);
                    let mut sums = Sums {
                        values: &mut *sums,
                        tiles: rows.map(|output| output * inputs_len + columns[0]),
                        stride: inputs_len,
                        add: true,
                    };
                    let factors = Factors {
                        rows: turned,
                        row_tiles: rows.map(|output| output / PANEL * depth),
                        row_stride: SIDE,
                        columns: inputs,
                        column_tiles: columns.map(|input| input / PANEL * layouts[0].panel()),
                        steps: &whole_steps,
                    };
                    if whole > 0 {
                        registers.multiply(&factors, &mut sums);
                    }
                    if whole * SIDE < tiles {
                        let factors = Factors {
                            row_tiles: factors.row_tiles.map(|start| start + whole * TILE),
                            columns: last,
                            column_tiles: columns.map(|input| input * SIDE),
                            steps: &last_step,
                            ..factors
                        };
                        registers.multiply(&factors, &mut sums);
                    }
                }
            }
        });
    });
}

/// `[panel][tile][channel]` as `[panel][step][channel][tile of the step]`, the last step with zeros.
#[target_feature(enable = "avx512f")]
fn turn(values: &[f32], layout: Layout, tiles: usize, turned: &mut [f32]) {
    let steps = tiles.div_ceil(SIDE);
    for (panel, turned) in turned.chunks_exact_mut(steps * TILE).enumerate() {
        let lines: &[Line] = &values[panel * layout.panel()..].as_chunks().0[..tiles];
        let (blocks, _) = turned.as_chunks_mut::<SIDE>().0.as_chunks_mut::<SIDE>();
        for (step, to) in blocks.iter_mut().enumerate() {
            let mut from = [&[0.0; SIDE]; SIDE];
            let lines = &lines[step * SIDE..];
            for tile in 0..lines.len().min(SIDE) {
                from[tile] = &lines[tile];
            }
            transpose(from, to);
        }
    }
}

/// The tiles after the last whole step, as `[panel][tile][channel]` with zeros behind them.
fn copy_last(values: &[f32], layout: Layout, tiles: usize, copies: &mut [f32]) {
    let whole = tiles / SIDE * SIDE;
    for (panel, copy) in copies.chunks_exact_mut(TILE).enumerate() {
        let (last, zeros) = copy.split_at_mut((tiles - whole) * PANEL);
        last.copy_from_slice(&values[panel * layout.panel() + whole * PANEL..][..last.len()]);
        zeros.fill(0.0);
    }
}
