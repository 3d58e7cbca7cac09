//! Which rows a thread multiplies.

use super::activations::{Activations, Tile, TileBlock};
use super::layout::Layout;
use super::{PackedWeights, SIDE_BY_SIDE, portable};
use crate::scratch::with_scratch;
use rayon::prelude::*;

/// Rows of the other operand that go through the whole matrix in one task, where there are more: whole tiles.
const ROWS: usize = 64;
/// Bytes of the matrix in a task, where there are fewer.
const BYTES: usize = 1 << 17;

/// `out = x · Wᵀ`.
pub(super) fn multiply(weights: &PackedWeights, x: &Activations, out: &mut [f32]) {
    let m = x.rows();
    if m > ROWS {
        out.par_chunks_mut(ROWS * weights.rows).enumerate().for_each(|(task, out)| {
            let rows = out.len() / weights.rows;
            for panel in 0..weights.rows.div_ceil(SIDE_BY_SIDE) {
                let from = panel * SIDE_BY_SIDE;
                let to = (from + SIDE_BY_SIDE).min(weights.rows);
                panel_products(weights, panel, x, task * ROWS, rows, |row, sums| {
                    out[row * weights.rows + from..row * weights.rows + to]
                        .copy_from_slice(&sums[..to - from]);
                });
            }
        });
        return;
    }
    // By panel, then by row of `x`.
    let panels = weights.rows.div_ceil(SIDE_BY_SIDE);
    let of_panel = m * SIDE_BY_SIDE;
    let together = (BYTES * panels / weights.bytes.len()).clamp(1, panels);
    with_scratch(panels * of_panel, |turned| {
        turned.par_chunks_mut(together * of_panel).enumerate().for_each(|(task, turned)| {
            for (at, turned) in turned.chunks_exact_mut(of_panel).enumerate() {
                panel_products(weights, task * together + at, x, 0, m, |row, sums| {
                    turned[row * SIDE_BY_SIDE..(row + 1) * SIDE_BY_SIDE].copy_from_slice(sums);
                });
            }
        });
        for (row, out) in out.chunks_exact_mut(weights.rows).enumerate() {
            for (out, panel) in out.chunks_mut(SIDE_BY_SIDE).zip(turned.chunks_exact(of_panel)) {
                out.copy_from_slice(&panel[row * SIDE_BY_SIDE..][..out.len()]);
            }
        }
    });
}

/// The products of a panel with some rows, the first of which is `first`.
fn panel_products(
    weights: &PackedWeights,
    panel: usize,
    x: &Activations,
    first: usize,
    rows: usize,
    mut store: impl FnMut(usize, &[f32; SIDE_BY_SIDE]),
) {
    let layout = weights.layout;
    let panel = weights.panel(panel);
    let mut row = 0;
    while row < rows {
        let (tile, count) = x.tile(first + row);
        let mut store = |i: usize, sums: &[f32; SIDE_BY_SIDE]| store(row + i, sums);
        match tile {
            Tile::Eight(tile) => of_tile(layout, panel, tile, &mut store),
            Tile::Four(tile) => of_tile(layout, panel, tile, &mut store),
            Tile::Two(tile) => of_tile(layout, panel, tile, &mut store),
            Tile::One(tile) => of_tile(layout, panel, tile, &mut store),
        }
        row += count;
    }
}

fn of_tile<const M: usize>(
    layout: Layout,
    panel: &[u8],
    tile: &[TileBlock<M>],
    store: &mut impl FnMut(usize, &[f32; SIDE_BY_SIDE]),
) {
    #[cfg(target_arch = "x86_64")]
    let has_vectors = super::vnni::is_there();
    #[cfg(not(target_arch = "x86_64"))]
    let has_vectors = false;
    let sums = match has_vectors {
        #[cfg(target_arch = "x86_64")]
        true => super::vnni::sums(layout, panel, tile),
        _ => portable::sums(layout, panel, tile),
    };
    for (i, sums) in sums.iter().enumerate() {
        store(i, sums);
    }
}
