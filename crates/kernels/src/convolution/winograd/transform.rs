//! The three small transforms, a row of tiles at a time, vectorised over channels.
//!
//! Tiles overlap: the vertical half of a transform is made once for each column of pixels and serves both tiles that
//! the column belongs to.

use super::POSITIONS;
use super::brackets::{Brackets, Pairing, place};
use crate::convolution::pack::PANEL;
use crate::pairs::pair;
use crate::simd::{vectors, vectors_mut};
use pulp::{Simd, WithSimd};

/// The sixteen values of a tile, or of two as pairs.
type Values<S> = [[<S as Simd>::f32s; 4]; 4];

/// `Bᵀ d B` of a row of tiles.
pub(super) struct Input<'a, 'b> {
    /// The four rows of the plane that the tiles cover.
    pub rows: [&'a [f32]; 4],
    /// Tiles in the row.
    pub count: usize,
    /// Where they go, counted in tiles or, where tiles are paired, in pairs.
    pub first: usize,
    pub out: Brackets<'b>,
}

impl WithSimd for Input<'_, '_> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(mut self, simd: S) {
        let layout = self.out.layout;
        let parts = PANEL / S::F32_LANES;
        let step = self.rows[0].len() / (2 * self.count + 2) / S::F32_LANES;
        let rows = self.rows.map(vectors::<S>);
        let mut out = self.out.positions().map(vectors_mut::<S>);
        for vector in 0..layout.channels / S::F32_LANES {
            match layout.pairing {
                Pairing::None => {
                    let mut channel = Channel::new(simd, rows, step, vector);
                    for tile in 0..self.count {
                        let values = channel.tile(simd, tile);
                        store::<S>(&mut out, place::<S>(layout.tiles, vector, self.first + tile), values);
                    }
                }
                Pairing::Channels => {
                    let (panel, part) = (vector / parts, vector % parts);
                    let mut one = Channel::new(simd, rows, step, 2 * panel * parts + part);
                    let mut other = Channel::new(simd, rows, step, (2 * panel + 1) * parts + part);
                    for tile in 0..self.count {
                        let values = pairs(simd, one.tile(simd, tile), other.tile(simd, tile));
                        store::<S>(&mut out, place::<S>(layout.tiles, vector, self.first + tile), values);
                    }
                }
                Pairing::Tiles => {
                    let mut channel = Channel::new(simd, rows, step, vector);
                    for tile in (0..self.count).step_by(2) {
                        let one = channel.tile(simd, tile);
                        let mut other = [[simd.splat_f32s(0.0); 4]; 4];
                        if tile + 1 < self.count {
                            other = channel.tile(simd, tile + 1);
                        }
                        let at = place::<S>(layout.tiles, vector, self.first + tile / 2);
                        store::<S>(&mut out, at, pairs(simd, one, other));
                    }
                }
            }
        }
    }
}

/// The tiles of a row at one vector of channels, in order.
struct Channel<'a, S: Simd> {
    rows: [&'a [S::f32s]; 4],
    /// Vectors from one pixel to the next.
    step: usize,
    vector: usize,
    /// `Bᵀ d` of the two columns of pixels that the next tile begins with.
    first: [S::f32s; 4],
    second: [S::f32s; 4],
}

impl<'a, S: Simd> Channel<'a, S> {
    #[inline(always)]
    fn new(simd: S, rows: [&'a [S::f32s]; 4], step: usize, vector: usize) -> Self {
        let first = input_column(simd, &rows, vector);
        let second = input_column(simd, &rows, step + vector);
        Self { rows, step, vector, first, second }
    }

    #[inline(always)]
    fn tile(&mut self, simd: S, tile: usize) -> Values<S> {
        let third = input_column(simd, &self.rows, (2 * tile + 2) * self.step + self.vector);
        let fourth = input_column(simd, &self.rows, (2 * tile + 3) * self.step + self.vector);
        let mut values = [[simd.splat_f32s(0.0); 4]; 4];
        for a in 0..4 {
            values[a] = input_combination(simd, [self.first[a], self.second[a], third[a], fourth[a]]);
        }
        (self.first, self.second) = (third, fourth);
        values
    }
}

#[inline(always)]
fn store<S: Simd>(out: &mut [&mut [S::f32s]; POSITIONS], at: usize, values: Values<S>) {
    for a in 0..4 {
        for b in 0..4 {
            out[4 * a + b][at] = values[a][b];
        }
    }
}

#[inline(always)]
fn pairs<S: Simd>(simd: S, one: Values<S>, other: Values<S>) -> Values<S> {
    let mut values = one;
    for a in 0..4 {
        for b in 0..4 {
            values[a][b] = pair(simd, one[a][b], other[a][b]);
        }
    }
    values
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

/// `A e Aᵀ` of a row of tiles, by themselves or paired with their neighbours.
pub(super) struct Gradient<'a, 'b> {
    /// The two rows of the output gradient; the second is empty below the image.
    pub rows: [&'a [f32]; 2],
    /// Tiles in the row.
    pub count: usize,
    /// Where they go, counted in tiles or, where tiles are paired, in pairs.
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
        let mut out = self.out.positions().map(vectors_mut::<S>);
        let paired = layout.pairing == Pairing::Tiles;
        for vector in 0..step {
            for tile in (0..self.count).step_by(if paired { 2 } else { 1 }) {
                let mut values = gradient_tile(simd, &rows, step, vector, tile);
                let mut at = self.first + tile;
                if paired {
                    // Over the right edge there are only zeros.
                    values = pairs(simd, values, gradient_tile(simd, &rows, step, vector, tile + 1));
                    at = self.first + tile / 2;
                }
                store::<S>(&mut out, place::<S>(layout.tiles, vector, at), values);
            }
        }
    }
}

#[inline(always)]
fn gradient_tile<S: Simd>(
    simd: S,
    rows: &[&[S::f32s]; 2],
    step: usize,
    vector: usize,
    tile: usize,
) -> Values<S> {
    let left = gradient_column(simd, rows, 2 * tile * step + vector);
    let right = gradient_column(simd, rows, (2 * tile + 1) * step + vector);
    let mut values = [[simd.splat_f32s(0.0); 4]; 4];
    for a in 0..4 {
        values[a] = gradient_combination(simd, [left[a], right[a]]);
    }
    values
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
