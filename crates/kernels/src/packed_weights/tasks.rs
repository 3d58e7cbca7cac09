//! Which rows a thread multiplies.

use super::activations::Activations;
use super::{BLOCK, PackedWeights, SIDE_BY_SIDE, portable};
use crate::scratch::with_scratch;
use rayon::prelude::*;

/// Rows of the other operand that a vector of codes meets at once.
const TOGETHER: usize = 8;
/// Rows of the other operand that go through the whole matrix in one task, where there are that many.
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
    #[cfg(target_arch = "x86_64")]
    if super::vnni::is_there() {
        let layout = weights.layout;
        let len = weights.columns / (BLOCK * layout.blocks()) * layout.group();
        let bytes = &weights.bytes[panel * len..(panel + 1) * len];
        let mut row = 0;
        while row < rows {
            row += match rows - row {
                left if left >= TOGETHER => vectors::<TOGETHER>(weights, bytes, x, first, row, &mut store),
                left if left >= 4 => vectors::<4>(weights, bytes, x, first, row, &mut store),
                left if left >= 2 => vectors::<2>(weights, bytes, x, first, row, &mut store),
                _ => vectors::<1>(weights, bytes, x, first, row, &mut store),
            };
        }
        return;
    }
    for row in 0..rows {
        store(row, &portable::sums(weights, panel, x, first + row));
    }
}

#[cfg(target_arch = "x86_64")]
fn vectors<const M: usize>(
    weights: &PackedWeights,
    panel: &[u8],
    x: &Activations,
    first: usize,
    row: usize,
    store: &mut impl FnMut(usize, &[f32; SIDE_BY_SIDE]),
) -> usize {
    let rows = std::array::from_fn(|i| x.row(first + row + i));
    for (i, sums) in super::vnni::sums::<M>(weights, panel, rows).iter().enumerate() {
        store(row + i, sums);
    }
    M
}
