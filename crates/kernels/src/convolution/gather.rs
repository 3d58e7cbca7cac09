//! The gather product: `out[pixel, :] = Σ_k window(pixel)[k] · weight[k, :]`.
//!
//! A tile of pixels times a panel of outputs stays in registers while the whole window is walked. A pixel is named
//! by the place of its window in the source and its place in the output, so tiles run across rows and images and
//! any width is computed without waste.
//!
//! The loops count indices on purpose: an iterator adaptor over the sums that is not inlined would put them in memory.

use super::pack::{PANEL, Pieces};
use crate::simd::{vectors, vectors_mut};
use pulp::{Simd, WithSimd};

/// An output pixel: where its window starts in the source, and its index in the output.
#[derive(Clone, Copy, Debug)]
pub(super) struct Pixel {
    pub source: usize,
    pub target: usize,
}

/// One gather product; see the module.
pub(super) struct Gather<'a, E = f32> {
    pub source: &'a [f32],
    pub pixels: &'a [Pixel],
    pub pieces: &'a Pieces,
    /// Packed as [`super::pack`] says.
    pub weight: &'a [f32],
    /// Outputs per pixel.
    pub outputs: usize,
    /// Numbers of `out` from one pixel to the next.
    pub pixel_len: usize,
    pub out: &'a mut [E],
}

impl WithSimd for Gather<'_> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) {
        // The tile fills the registers: pixels × panels × vectors of a panel, plus the panels' weights and one input.
        match S::F32_LANES {
            16 => self.run::<S, 12, 2, 1>(simd),
            8 => self.run::<S, 6, 1, 2>(simd),
            4 => self.run::<S, 6, 1, 4>(simd),
            _ => self.run::<S, 1, 1, 16>(simd),
        }
    }
}

impl Gather<'_> {
    /// `P` pixels by `Q` panels of `V` vectors.
    #[inline(always)]
    fn run<S: Simd, const P: usize, const Q: usize, const V: usize>(mut self, simd: S) {
        let panels = self.outputs.div_ceil(PANEL);
        let whole = panels / Q * Q;
        for panel in (0..whole).step_by(Q) {
            self.panels::<S, P, Q, V>(simd, panel);
        }
        for panel in whole..panels {
            self.panels::<S, P, 1, V>(simd, panel);
        }
    }

    #[inline(always)]
    fn panels<S: Simd, const P: usize, const Q: usize, const V: usize>(&mut self, simd: S, first: usize) {
        let depth = self.pieces.depth();
        let mut weight = [<&[[S::f32s; V]]>::default(); Q];
        for q in 0..Q {
            let packed = &self.weight[(first + q) * depth * PANEL..][..depth * PANEL];
            weight[q] = vectors::<S>(packed).as_chunks().0;
        }
        let columns = first * PANEL..self.outputs.min((first + Q) * PANEL);
        for pixels in self.pixels.chunks(P) {
            // A short tile repeats its last pixel and stores only what is asked for.
            let mut windows = [pixels[pixels.len() - 1].source; P];
            for p in 0..P {
                if p < pixels.len() {
                    windows[p] = pixels[p].source;
                }
            }
            let sums = tile::<S, P, Q, V>(simd, self.source, windows, self.pieces, weight);
            for p in 0..P {
                if p < pixels.len() {
                    let row = &mut self.out[pixels[p].target * self.pixel_len..][columns.clone()];
                    store::<S, Q, V>(row, sums[p]);
                }
            }
        }
    }
}

/// The sums of one tile over the whole window.
#[inline(always)]
fn tile<S: Simd, const P: usize, const Q: usize, const V: usize>(
    simd: S,
    source: &[f32],
    windows: [usize; P],
    pieces: &Pieces,
    mut weight: [&[[S::f32s; V]]; Q],
) -> [[[S::f32s; V]; Q]; P] {
    // Windows of one length: the bounds of a piece are then checked once, and not for every pixel.
    let mut inputs = [source; P];
    for p in 0..P {
        inputs[p] = &source[windows[p]..][..pieces.extent];
    }
    let mut sums = [[[simd.splat_f32s(0.0); V]; Q]; P];
    for &offset in &pieces.sixteens {
        piece::<S, P, Q, V, 16>(simd, &inputs, offset, &mut weight, &mut sums);
    }
    for &offset in &pieces.fours {
        piece::<S, P, Q, V, 4>(simd, &inputs, offset, &mut weight, &mut sums);
    }
    for &offset in &pieces.ones {
        piece::<S, P, Q, V, 1>(simd, &inputs, offset, &mut weight, &mut sums);
    }
    sums
}

/// Adds one piece of `LEN` floats of every window.
#[inline(always)]
fn piece<S: Simd, const P: usize, const Q: usize, const V: usize, const LEN: usize>(
    simd: S,
    windows: &[&[f32]; P],
    offset: usize,
    weight: &mut [&[[S::f32s; V]]; Q],
    sums: &mut [[[S::f32s; V]; Q]; P],
) {
    let mut inputs = [&[0.0; LEN]; P];
    for p in 0..P {
        inputs[p] = windows[p][offset..].first_chunk().expect("a piece lies inside its window");
    }
    let no_factors = [[simd.splat_f32s(0.0); V]; LEN];
    let mut factors = [&no_factors; Q];
    for q in 0..Q {
        (factors[q], weight[q]) = weight[q].split_first_chunk().expect("a panel is as deep as a window");
    }
    for k in 0..LEN {
        for p in 0..P {
            let input = simd.splat_f32s(inputs[p][k]);
            for q in 0..Q {
                for v in 0..V {
                    sums[p][q][v] = simd.mul_add_e_f32s(input, factors[q][k][v], sums[p][q][v]);
                }
            }
        }
    }
}

/// Writes the sums of one pixel; the last panel may be wider than the row.
#[inline(always)]
fn store<S: Simd, const Q: usize, const V: usize>(row: &mut [f32], sums: [[S::f32s; V]; Q]) {
    if row.len() == Q * PANEL {
        write_sums::<S, Q, V>(row, sums);
    } else {
        let mut whole = [0.0; 2 * PANEL];
        write_sums::<S, Q, V>(&mut whole, sums);
        row.copy_from_slice(&whole[..row.len()]);
    }
}

#[inline(always)]
fn write_sums<S: Simd, const Q: usize, const V: usize>(row: &mut [f32], sums: [[S::f32s; V]; Q]) {
    let row = vectors_mut::<S>(row);
    for q in 0..Q {
        for v in 0..V {
            row[q * V + v] = sums[q][v];
        }
    }
}
