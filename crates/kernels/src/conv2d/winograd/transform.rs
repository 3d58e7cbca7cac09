//! The three small transforms, a row of tiles at a time, vectorised over channels.
//!
//! Tiles overlap: the vertical half of a transform is made once for each column of pixels and serves both tiles that
//! the column belongs to.

use super::POSITIONS;
use super::brackets::Brackets;
use crate::conv2d::pack::PANEL;
use crate::simd::{vectors, vectors_mut};
use pulp::{Simd, WithSimd};

/// `Bᵀ d B` of a row of tiles.
pub(super) struct Input<'a, 'b> {
    /// The four rows of the plane that the tiles cover.
    pub rows: [&'a [f32]; 4],
    /// Tiles in the row.
    pub count: usize,
    /// Where they go.
    pub first: usize,
    pub out: Brackets<'b>,
}

impl WithSimd for Input<'_, '_> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(mut self, simd: S) {
        let layout = self.out.layout;
        let step = layout.channels / S::F32_LANES;
        let rows = self.rows.map(vectors::<S>);
        let out = self.out.positions().map(vectors_mut::<S>);
        for channel in 0..step {
            let mut first = input_column(simd, &rows, channel);
            let mut second = input_column(simd, &rows, step + channel);
            for tile in 0..self.count {
                let third = input_column(simd, &rows, (2 * tile + 2) * step + channel);
                let fourth = input_column(simd, &rows, (2 * tile + 3) * step + channel);
                let at = place::<S>(layout.tiles, channel, self.first + tile);
                for a in 0..4 {
                    let row = input_combination(simd, [first[a], second[a], third[a], fourth[a]]);
                    for b in 0..4 {
                        out[4 * a + b][at] = row[b];
                    }
                }
                (first, second) = (third, fourth);
            }
        }
    }
}

/// Where a tile's vector of channels lies in a position, in vectors; see [`super::brackets`].
#[inline(always)]
fn place<S: Simd>(tiles: usize, vector: usize, tile: usize) -> usize {
    let parts = PANEL / S::F32_LANES;
    (vector / parts * tiles + tile) * parts + vector % parts
}

/// `Bᵀ d` of the column of pixels at a place in the rows.
#[inline(always)]
fn input_column<S: Simd>(simd: S, rows: &[&[S::f32s]; 4], at: usize) -> [S::f32s; 4] {
    input_combination(simd, [rows[0][at], rows[1][at], rows[2][at], rows[3][at]])
}

/// `Bᵀ d`.
#[inline(always)]
fn input_combination<S: Simd>(simd: S, d: [S::f32s; 4]) -> [S::f32s; 4] {
    [
        simd.sub_f32s(d[0], d[2]),
        simd.add_f32s(d[1], d[2]),
        simd.sub_f32s(d[2], d[1]),
        simd.sub_f32s(d[1], d[3]),
    ]
}

/// `Aᵀ m A` of a row of tiles.
pub(super) struct Output<'a, 'b> {
    /// For each position `[tile, channel]`.
    pub products: [&'b [f32]; POSITIONS],
    /// Tiles in the row.
    pub count: usize,
    /// The two rows of pixels; the second is empty below the image.
    pub rows: [&'a mut [f32]; 2],
}

impl WithSimd for Output<'_, '_> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) {
        let m = self.products.map(vectors::<S>);
        let step = m[0].len() / self.count;
        let rows = self.rows.map(vectors_mut::<S>);
        for tile in 0..self.count {
            for channel in 0..step {
                let at = tile * step + channel;
                let mut columns = [[simd.splat_f32s(0.0); 2]; 4];
                for b in 0..4 {
                    columns[b] =
                        output_combination(simd, [m[b][at], m[4 + b][at], m[8 + b][at], m[12 + b][at]]);
                }
                for row in 0..2 {
                    let sums = [columns[0][row], columns[1][row], columns[2][row], columns[3][row]];
                    let y = output_combination(simd, sums);
                    for x in 0..2 {
                        // A tile may reach over the right and the lower edge.
                        if let Some(out) = rows[row].get_mut((2 * tile + x) * step + channel) {
                            *out = y[x];
                        }
                    }
                }
            }
        }
    }
}

/// `Aᵀ m`.
#[inline(always)]
fn output_combination<S: Simd>(simd: S, m: [S::f32s; 4]) -> [S::f32s; 2] {
    [simd.add_f32s(simd.add_f32s(m[0], m[1]), m[2]), simd.sub_f32s(simd.sub_f32s(m[1], m[2]), m[3])]
}

/// `A e Aᵀ` of a row of tiles.
pub(super) struct Gradient<'a, 'b> {
    /// The two rows of the output gradient; the second is empty below the image.
    pub rows: [&'a [f32]; 2],
    /// Tiles in the row.
    pub count: usize,
    /// Where they go.
    pub first: usize,
    pub out: Brackets<'b>,
}

impl WithSimd for Gradient<'_, '_> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(mut self, simd: S) {
        let layout = self.out.layout;
        let step = layout.channels / S::F32_LANES;
        let rows = self.rows.map(vectors::<S>);
        let out = self.out.positions().map(vectors_mut::<S>);
        for channel in 0..step {
            for tile in 0..self.count {
                let left = gradient_column(simd, &rows, 2 * tile * step + channel);
                let right = gradient_column(simd, &rows, (2 * tile + 1) * step + channel);
                let at = place::<S>(layout.tiles, channel, self.first + tile);
                for a in 0..4 {
                    let row = gradient_combination(simd, [left[a], right[a]]);
                    for b in 0..4 {
                        out[4 * a + b][at] = row[b];
                    }
                }
            }
        }
    }
}

/// `A e` of the column of pixels at a place in the rows; zeros over the right and the lower edge.
#[inline(always)]
fn gradient_column<S: Simd>(simd: S, rows: &[&[S::f32s]; 2], at: usize) -> [S::f32s; 4] {
    let mut e = [simd.splat_f32s(0.0); 2];
    for row in 0..2 {
        if let Some(&value) = rows[row].get(at) {
            e[row] = value;
        }
    }
    gradient_combination(simd, e)
}

/// `A e`.
#[inline(always)]
fn gradient_combination<S: Simd>(simd: S, e: [S::f32s; 2]) -> [S::f32s; 4] {
    [e[0], simd.add_f32s(e[0], e[1]), simd.sub_f32s(e[0], e[1]), simd.neg_f32s(e[1])]
}
