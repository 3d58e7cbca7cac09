//! The same by `vdpbf16ps`, sixteen sums of two products at once.

// Functions for instructions that a machine may lack are safe to call only from their like.
#![allow(unsafe_code)]

use super::super::products::stripe_width;
use super::{BLOCK_TILES, ForwardPairs, GradientPairs};
use crate::convolution::pack::PANEL;
use crate::dot::{Line, dot, load, store};
use crate::pairs::has_dot;
use std::arch::x86_64::{_mm512_add_ps, _mm512_set1_ps, _mm512_setzero_ps};

/// Tiles and panels of outputs whose sums stay in registers.
const TILES: usize = BLOCK_TILES;
const PANELS: usize = 2;

pub(super) fn forward(products: ForwardPairs<'_>) {
    assert!(has_dot(), "the caller looks for the instruction");
    let ForwardPairs { inputs, layout, tiles, weights, outputs, out } = products;
    let depth = layout.channels / PANEL;
    let inputs = lines(inputs);
    let weights = lines(weights);
    let panels = outputs / PANEL;
    for panel in (0..panels).step_by(PANELS) {
        for first in (0..tiles).step_by(TILES) {
            let block = Block {
                inputs,
                weights: &weights[panel * layout.channels..],
                tiles: layout.tiles,
                first,
                depth,
            };
            let out = &mut out[first * outputs + panel * PANEL..];
            // SAFETY: the instructions were looked for above.
            unsafe {
                if panel + PANELS <= panels {
                    block.run::<PANELS>(outputs, out);
                } else {
                    block.run::<1>(outputs, out);
                }
            }
        }
    }
}

/// A block of tiles and what it is multiplied by.
struct Block<'a> {
    /// `[panel][tile]`.
    inputs: &'a [Line],
    /// `[panel of outputs][pair of channels]`, from the block's first on.
    weights: &'a [Line],
    /// Tiles of a panel.
    tiles: usize,
    first: usize,
    /// Panels of pairs of channels.
    depth: usize,
}

impl Block<'_> {
    #[target_feature(enable = "avx512f,avx512bf16")]
    fn run<const Q: usize>(&self, outputs: usize, out: &mut [f32]) {
        let mut sums = [[_mm512_setzero_ps(); Q]; TILES];
        for panel in 0..self.depth {
            let rows: &[Line; TILES] =
                self.inputs[panel * self.tiles + self.first..].first_chunk().expect("a block of tiles");
            let mut weights = [&[[0.0; PANEL]; PANEL]; Q];
            for q in 0..Q {
                let panel = (q * self.depth + panel) * PANEL;
                weights[q] = self.weights[panel..].first_chunk().expect("a panel of weights");
            }
            for channel in 0..PANEL {
                let mut factors = [_mm512_setzero_ps(); Q];
                for q in 0..Q {
                    factors[q] = load(&weights[q][channel]);
                }
                for tile in 0..TILES {
                    let input = _mm512_set1_ps(rows[tile][channel]);
                    for q in 0..Q {
                        sums[tile][q] = dot(sums[tile][q], input, factors[q]);
                    }
                }
            }
        }
        for tile in 0..TILES {
            let row = &mut out[tile * outputs..][..Q * PANEL];
            for q in 0..Q {
                store(&mut row.as_chunks_mut().0[q], sums[tile][q]);
            }
        }
    }
}

/// Outputs and panels of inputs whose sums stay in registers.
const OUTPUTS: usize = 8;
/// Pairs of tiles summed in registers before the sums go to memory.
const SUMMED_TILES: usize = 128;

pub(super) fn gradient(mut products: GradientPairs<'_>) {
    assert!(has_dot(), "the caller looks for the instruction");
    let panels = products.layouts[0].channels / PANEL;
    for first in (0..products.tiles).step_by(SUMMED_TILES) {
        let tiles = first..products.tiles.min(first + SUMMED_TILES);
        let mut panel = 0;
        while panel < panels {
            let width = stripe_width(panels - panel);
            // SAFETY: the instructions were looked for above.
            unsafe {
                match width {
                    1 => stripe::<1>(&mut products, tiles.clone(), panel),
                    2 => stripe::<2>(&mut products, tiles.clone(), panel),
                    _ => stripe::<3>(&mut products, tiles.clone(), panel),
                }
            }
            panel += width;
        }
    }
}

/// All outputs by `V` panels of inputs.
#[target_feature(enable = "avx512f,avx512bf16")]
fn stripe<const V: usize>(products: &mut GradientPairs<'_>, tiles: std::ops::Range<usize>, panel: usize) {
    let [inputs, outputs] = products.layouts;
    let mut windows = [&[][..]; V];
    for v in 0..V {
        windows[v] =
            &lines(&products.inputs[(panel + v) * inputs.panel()..][..inputs.panel()])[tiles.clone()];
    }
    for first in (0..outputs.channels).step_by(OUTPUTS) {
        let gradients = &products.gradients[first / PANEL * outputs.panel()..][..outputs.panel()];
        let gradients = &lines(gradients)[tiles.clone()];
        let mut sums = [[_mm512_setzero_ps(); V]; OUTPUTS];
        for (tile, gradients) in gradients.iter().enumerate() {
            let gradients: &[f32; OUTPUTS] = gradients[first % PANEL..].first_chunk().expect("half a panel");
            let mut window = [_mm512_setzero_ps(); V];
            for v in 0..V {
                window[v] = load(&windows[v][tile]);
            }
            for o in 0..OUTPUTS {
                let gradient = _mm512_set1_ps(gradients[o]);
                for v in 0..V {
                    sums[o][v] = dot(sums[o][v], gradient, window[v]);
                }
            }
        }
        for o in 0..OUTPUTS {
            let row = &mut products.sums[(first + o) * inputs.channels + panel * PANEL..][..V * PANEL];
            for (v, line) in row.as_chunks_mut().0.iter_mut().enumerate() {
                store(line, _mm512_add_ps(load(line), sums[o][v]));
            }
        }
    }
}

fn lines(values: &[f32]) -> &[Line] {
    values.as_chunks().0
}
