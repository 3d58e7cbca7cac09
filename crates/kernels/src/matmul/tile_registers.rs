//! The kernel for pairs of bfloat16 in the tile registers of AMX: 32 rows by 32 columns at a time.

use super::COLUMNS;
use super::part::Part;
use crate::amx::tiles::{Factors, Registers, SIDE, Steps, Sums, TILE};
use crate::scratch::with_scratch;

/// Rows of a block: two tiles.
const ROWS: usize = 2 * SIDE;

const _: () = assert!(COLUMNS == 2 * SIDE, "a panel of columns is two tiles");

/// Computes a part whose depth is whole steps and whose rows are packed in tiles.
///
/// # Panics
/// If tiles are not in use.
pub(super) fn multiply(mut part: Part<'_>) {
    let registers = Registers::configure();
    let steps = Steps::even(part.depth / SIDE, [TILE, SIDE * part.b_line]);
    with_scratch(ROWS * COLUMNS, |values| {
        for row in (0..part.rows).step_by(ROWS) {
            let rows = ROWS.min(part.rows - row);
            let second_row = if rows > SIDE { SIDE } else { 0 };
            for column in (0..part.columns).step_by(COLUMNS) {
                let (b, width) = part.columns_from(column);
                let factors = Factors {
                    rows: part.a,
                    row_tiles: [row, row + second_row].map(|row| row * part.depth),
                    row_stride: SIDE,
                    columns: b,
                    column_tiles: [0, if width > SIDE { SIDE } else { 0 }],
                    column_stride: part.b_line,
                    steps: &steps,
                };
                let tiles = [0, second_row * COLUMNS];
                registers.multiply(
                    &factors,
                    &mut Sums { values: &mut *values, tiles, stride: COLUMNS, add: false },
                );
                part.store_best(row, column, &values.as_chunks().0[..rows]);
            }
        }
    });
}
