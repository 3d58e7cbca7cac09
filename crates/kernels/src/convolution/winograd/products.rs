//! The products of the weight gradient: `sums[o, i] += Σ_tiles gradients[tile, o] · inputs[tile, i]`, at one position.
//!
//! A block of outputs times a few vectors of inputs stays in registers while the tiles go by.

use super::brackets::Layout;
use crate::convolution::pack::PANEL;
use crate::simd::{vectors, vectors_mut};
use pulp::{Simd, WithSimd};

/// Tiles summed in registers before the sums go to memory: as many as the cache next to the core holds.
const SUMMED_TILES: usize = 128;

/// Vectors of inputs that go through the registers together: three, and never one alone where two times two will do.
#[inline(always)]
pub(super) fn stripe_width(left: usize) -> usize {
    match left {
        1 => 1,
        2 | 4 => 2,
        _ => 3,
    }
}

/// One sum of products; see the module.
pub(super) struct Products<'a> {
    /// One position, laid out as `layouts[0]` says.
    pub inputs: &'a [f32],
    /// One position, laid out as `layouts[1]` says.
    pub gradients: &'a [f32],
    pub layouts: [Layout; 2],
    /// Tiles that there are.
    pub tiles: usize,
    /// `[output, input]`, added to.
    pub sums: &'a mut [f32],
}

impl WithSimd for Products<'_> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) {
        // As many outputs as the registers hold beside three vectors.
        if S::F32_LANES == 16 { self.run::<S, 8>(simd) } else { self.run::<S, 4>(simd) }
    }
}

impl Products<'_> {
    #[inline(always)]
    fn run<S: Simd, const O: usize>(mut self, simd: S) {
        let columns = self.layouts[0].channels / S::F32_LANES;
        for first in (0..self.tiles).step_by(SUMMED_TILES) {
            let tiles = first..self.tiles.min(first + SUMMED_TILES);
            let mut column = 0;
            while column < columns {
                let width = stripe_width(columns - column);
                match width {
                    1 => self.stripe::<S, O, 1>(simd, tiles.clone(), column),
                    2 => self.stripe::<S, O, 2>(simd, tiles.clone(), column),
                    _ => self.stripe::<S, O, 3>(simd, tiles.clone(), column),
                }
                column += width;
            }
        }
    }

    /// All outputs by `V` vectors of inputs.
    #[inline(always)]
    fn stripe<S: Simd, const O: usize, const V: usize>(
        &mut self,
        simd: S,
        tiles: std::ops::Range<usize>,
        column: usize,
    ) {
        let [inputs, outputs] = self.layouts;
        let parts = PANEL / S::F32_LANES;
        let mut windows = [&[][..]; V];
        for v in 0..V {
            let (panel, part) = ((column + v) / parts, (column + v) % parts);
            let panel = vectors::<S>(&self.inputs[panel * inputs.panel()..][..inputs.panel()]);
            windows[v] = &panel[tiles.start * parts + part..tiles.end * parts];
        }
        for first in (0..outputs.channels).step_by(O) {
            let panel = &self.gradients[first / PANEL * outputs.panel()..][..outputs.panel()];
            let gradients = &panel.as_chunks::<PANEL>().0[tiles.clone()];
            let sums = tile::<S, O, V>(simd, gradients, first % PANEL, &windows);
            for o in 0..O {
                let row = &mut self.sums[(first + o) * inputs.channels..][..inputs.channels];
                let row = vectors_mut::<S>(row);
                for v in 0..V {
                    row[column + v] = simd.add_f32s(row[column + v], sums[o][v]);
                }
            }
        }
    }
}

/// The sums of the `O` outputs from the given lane on times `V` vectors.
#[inline(always)]
fn tile<S: Simd, const O: usize, const V: usize>(
    simd: S,
    gradients: &[[f32; PANEL]],
    lane: usize,
    windows: &[&[S::f32s]; V],
) -> [[S::f32s; V]; O] {
    let parts = PANEL / S::F32_LANES;
    let mut sums = [[simd.splat_f32s(0.0); V]; O];
    for (tile, gradients) in gradients.iter().enumerate() {
        let gradients: &[f32; O] = gradients[lane..].first_chunk().expect("blocks do not cross panels");
        let mut window = [simd.splat_f32s(0.0); V];
        for v in 0..V {
            window[v] = windows[v][tile * parts];
        }
        for o in 0..O {
            let gradient = simd.splat_f32s(gradients[o]);
            for v in 0..V {
                sums[o][v] = simd.mul_add_e_f32s(gradient, window[v], sums[o][v]);
            }
        }
    }
    sums
}
