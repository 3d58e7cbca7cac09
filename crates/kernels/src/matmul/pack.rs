//! Operands in the order in which the kernels read them.
//!
//! A panel holds some rows of `a` or columns of `b` over a block of the depth: `panel[unit of depth][row or column]`.
//! Panels of `b` have [`COLUMNS`] columns; panels of `a` have [`ROWS`] rows, but for the last, whose [height] is the next
//! multiple of four. For tile registers, rows of `a` are packed tile by tile. In the place of rows and columns that there are not stands anything: their sums are not stored.
//!
//! Sixteen numbers of the depth are packed at a time, as a square with rows or columns that is transposed if need be.

use super::unit::Unit;
use super::{COLUMNS, ROWS};
use crate::pairs::{pair, round_vector};
use crate::simd::{LANES_MAX, dispatch, vectors, vectors_mut};
use crate::transpose::{Square, transpose};
use pulp::{Simd, WithSimd};
use std::ops::Range;

/// A matrix as it is packed: `across` rows of `a` or columns of `b`, and along the depth.
#[derive(Clone, Copy, Debug)]
pub(super) struct View<'a> {
    pub values: &'a [f32],
    /// Distance between rows of `a`, or columns of `b`.
    pub across: usize,
    /// Distance between neighbours along the depth.
    pub along: usize,
    /// Numbers along the depth.
    pub depth: usize,
}

/// Rows of a panel of `a` of which so many are left.
pub(super) const fn height(left: usize) -> usize {
    let whole = left.next_multiple_of(4);
    if whole < ROWS { whole } else { ROWS }
}

/// Rows of a panel of `a`, but for the last.
pub(super) fn panel_rows(unit: Unit) -> usize {
    if unit == Unit::Tile { LANES_MAX } else { ROWS }
}

/// Rows that are packed for so many rows of the matrix.
pub(super) fn packed_rows(unit: Unit, rows: usize) -> usize {
    rows.next_multiple_of(if unit == Unit::Tile { LANES_MAX } else { 4 })
}

impl View<'_> {
    /// Packs rows of `a`, panel after panel, or tile after tile, over some units of the depth.
    pub fn pack_rows(self, unit: Unit, rows: Range<usize>, units: Range<usize>, out: &mut [f32]) {
        dispatch(Pack { view: self, unit, lines: rows, units, columns: false, out });
    }

    /// Packs columns of `b`, panel after panel, over some units of the depth.
    pub fn pack_columns(self, unit: Unit, columns: Range<usize>, units: Range<usize>, out: &mut [f32]) {
        dispatch(Pack { view: self, unit, lines: columns, units, columns: true, out });
    }
}

struct Pack<'a> {
    view: View<'a>,
    unit: Unit,
    /// The rows or columns.
    lines: Range<usize>,
    units: Range<usize>,
    /// Whether they are columns.
    columns: bool,
    out: &'a mut [f32],
}

impl WithSimd for Pack<'_> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) {
        let Self { view, unit, lines, units, columns, out } = self;
        if columns {
            return pack_panels::<S, COLUMNS>(simd, view, unit, lines, units, out);
        }
        if unit == Unit::Tile {
            return pack_tiles(simd, view, lines, units, out);
        }
        let depth = units.len();
        let mut first = lines.start;
        while first < lines.end {
            let rows = first..lines.end.min(first + ROWS);
            let out = &mut out[(first - lines.start) * depth..][..height(rows.len()) * depth];
            match height(rows.len()) {
                4 => pack_panels::<S, 4>(simd, view, unit, rows, units.clone(), out),
                8 => pack_panels::<S, 8>(simd, view, unit, rows, units.clone(), out),
                _ => pack_panels::<S, ROWS>(simd, view, unit, rows, units.clone(), out),
            }
            first += ROWS;
        }
    }
}

/// Packs rows for tile registers: `[sixteen rows][sixteen units of depth][row][unit]`.
#[inline(always)]
fn pack_tiles<S: Simd>(simd: S, view: View<'_>, lines: Range<usize>, units: Range<usize>, out: &mut [f32]) {
    let (tiles, _) = out.as_chunks_mut::<LANES_MAX>().0.as_chunks_mut::<LANES_MAX>();
    let mut tiles = tiles.iter_mut();
    for first in lines.clone().step_by(LANES_MAX) {
        let rows = first..lines.end.min(first + LANES_MAX);
        for unit in units.clone().step_by(LANES_MAX) {
            let tile = tiles.next().expect("there is room for all rows");
            let numbers = 2 * unit..2 * (unit + LANES_MAX);
            #[cfg(target_arch = "x86_64")]
            if view.along == 1 {
                let start = rows.start * view.across + numbers.start;
                crate::dot::narrow_square(&view.values[start..], view.across, rows.len(), tile);
                continue;
            }
            view.units(simd, Unit::Pair, rows.clone(), numbers, tile);
            transpose(simd, tile);
        }
    }
}

/// Packs panels of `H` rows or columns side by side, so that what lies together in memory is read together.
#[inline(always)]
fn pack_panels<S: Simd, const H: usize>(
    simd: S,
    view: View<'_>,
    unit: Unit,
    lines: Range<usize>,
    units: Range<usize>,
    out: &mut [f32],
) {
    let (out, _) = out.as_chunks_mut::<H>();
    let (panels, depth) = (lines.len().div_ceil(H), units.len());
    // Panels whose lines are copied as they are.
    let copied = if unit == Unit::Single && view.across == 1 { lines.len() / H } else { 0 };
    for k in 0..if copied > 0 { depth } else { 0 } {
        let from = &view.values[lines.start + (units.start + k) * view.along..];
        for panel in 0..copied {
            out[panel * depth + k] = *from[panel * H..].first_chunk().expect("a line lies inside its matrix");
        }
    }
    if copied == panels {
        return;
    }
    let mut square = [[0.0; LANES_MAX]; LANES_MAX];
    for index in (0..depth).step_by(LANES_MAX) {
        let count = LANES_MAX.min(depth - index);
        let first = (units.start + index) * unit.len();
        let numbers = first..view.depth.min(first + count * unit.len());
        for panel in copied..panels {
            let out = &mut out[panel * depth + index..][..count];
            for column in (0..H).step_by(LANES_MAX) {
                let start = lines.start + panel * H + column;
                if start >= lines.end {
                    break;
                }
                let lines = start..lines.end.min(start + LANES_MAX);
                view.units(simd, unit, lines, numbers.clone(), &mut square);
                for i in 0..count {
                    if H > LANES_MAX {
                        *out[i][column..].first_chunk_mut().expect("whole vectors") = square[i];
                    } else {
                        out[i] = *square[i].first_chunk().expect("no more than a vector");
                    }
                }
            }
        }
    }
}

impl View<'_> {
    /// Reads up to sixteen units of the depth as the first lines of the square.
    #[inline(always)]
    fn units<S: Simd>(
        self,
        simd: S,
        unit: Unit,
        lines: Range<usize>,
        depth: Range<usize>,
        square: &mut Square,
    ) {
        match unit {
            Unit::Single => self.read(simd, lines, depth, square),
            Unit::Rounded => {
                self.read(simd, lines, depth, square);
                for line in square {
                    for value in vectors_mut::<S>(line) {
                        *value = round_vector(simd, *value);
                    }
                }
            }
            #[cfg(target_arch = "x86_64")]
            Unit::Pair | Unit::Tile if self.along == 1 && depth.len() == 2 * LANES_MAX => {
                let start = lines.start * self.across + depth.start;
                crate::dot::narrow_square(&self.values[start..], self.across, lines.len(), square);
                transpose(simd, square);
            }
            Unit::Pair | Unit::Tile => {
                let mut numbers = [[0.0; LANES_MAX]; LANES_MAX];
                for (half, first) in depth.clone().step_by(LANES_MAX).enumerate() {
                    let depth = first..depth.end.min(first + LANES_MAX);
                    self.read(simd, lines.clone(), depth.clone(), &mut numbers);
                    if !depth.len().is_multiple_of(2) {
                        // The last number is paired with zero.
                        numbers[depth.len()] = [0.0; LANES_MAX];
                    }
                    for i in 0..LANES_MAX / 2 {
                        let (first, second) =
                            (vectors::<S>(&numbers[2 * i]), vectors::<S>(&numbers[2 * i + 1]));
                        let pairs = vectors_mut::<S>(&mut square[half * LANES_MAX / 2 + i]);
                        for v in 0..LANES_MAX / S::F32_LANES {
                            pairs[v] = pair(simd, first[v], second[v]);
                        }
                    }
                }
            }
        }
    }

    /// Reads up to sixteen numbers of the depth as the first lines of the square.
    #[inline(always)]
    fn read<S: Simd>(self, simd: S, lines: Range<usize>, depth: Range<usize>, square: &mut Square) {
        let start = lines.start * self.across + depth.start * self.along;
        if self.across == 1 {
            for j in 0..depth.len() {
                let from = &self.values[start + j * self.along..];
                if let Some(from) = from.first_chunk() {
                    square[j] = *from;
                } else {
                    square[j][..lines.len()].copy_from_slice(&from[..lines.len()]);
                }
            }
            return;
        }
        for i in 0..lines.len() {
            let from = &self.values[start + i * self.across..];
            if self.along == 1
                && depth.len() == LANES_MAX
                && let Some(from) = from.first_chunk()
            {
                square[i] = *from;
            } else {
                for j in 0..depth.len() {
                    square[i][j] = from[j * self.along];
                }
            }
        }
        transpose(simd, square);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::pairs::has_dot;
    use crate::tests::noise;
    use pulp::Scalar;

    /// Scalars and vectors pack the same bits, where there are rows or columns.
    #[test]
    fn pack_twins_agree() {
        let values = noise(1, 9000);
        let units = if has_dot() { vec![Unit::Rounded, Unit::Pair] } else { vec![Unit::Rounded] };
        for (across, along) in [(1, 80), (110, 1), (3, 70)] {
            for (count, columns) in [(70usize, true), (64, true), (31, false), (12, false)] {
                for unit in units.iter().copied().chain([Unit::Single]) {
                    let view = View { values: &values, across, along, depth: 77 };
                    let depth = 3..view.depth.div_ceil(unit.len());
                    let width = if columns { COLUMNS } else { ROWS };
                    let mut out = [(); 2].map(|()| vec![0.0; count.next_multiple_of(width) * depth.len()]);
                    let [scalar, vector] = out.each_mut().map(|out| Pack {
                        view,
                        unit,
                        lines: 2..2 + count,
                        units: depth.clone(),
                        columns,
                        out,
                    });
                    scalar.with_simd(Scalar);
                    dispatch(vector);
                    for line in 0..count {
                        let (panel, at) = (line / width, line % width);
                        let height = if columns { COLUMNS } else { height(count - panel * ROWS) };
                        for k in 0..depth.len() {
                            let place = panel * width * depth.len() + k * height + at;
                            let [scalar, vector] = out.each_ref().map(|out| out[place].to_bits());
                            assert_eq!(scalar, vector, "{unit:?} {across} {along}, {count}: {line}, {k}");
                            if unit == Unit::Single {
                                let expected = values[(2 + line) * across + (3 + k) * along];
                                assert_eq!(f32::from_bits(vector), expected);
                            }
                        }
                    }
                }
            }
        }
    }
}
