//! `G g Gᵀ` of all weights, packed for the gather product, and its adjoint.

use super::POSITIONS;
use super::brackets::Pairing;
use crate::convolution::pack::PANEL;
use crate::pairs::pair;
use crate::simd::{LANES_MAX, dispatch, vectors, vectors_mut};
use pulp::{Simd, WithSimd};
use rayon::prelude::*;

/// Which weights a convolution multiplies by.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::convolution) enum Turn {
    /// As they are.
    Forward,
    /// Input and output channels swapped and the kernel turned by half a turn: those of the input gradient.
    Backward,
}

/// Weights `[channels_out, channels_in, 3, 3]` as `[position][panel][channel][lane]`, lanes being the channels that the
/// product makes; with [`Pairing::Channels`], `[position][panel][pair of channels][lane]`.
pub(super) fn pack(
    weight: &[f32],
    [channels_in, channels_out]: [usize; 2],
    turn: Turn,
    pairing: Pairing,
    packed: &mut [f32],
) {
    // Channels read and made by the product, and how far apart their weights lie.
    let (read, read_stride, lane_stride) = match turn {
        Turn::Forward => (channels_in, 9, channels_in * 9),
        Turn::Backward => (channels_out, channels_in * 9, 9),
    };
    let taps = |panel: usize, channel: usize| {
        let mut taps = [[0.0; PANEL]; 9];
        for lane in 0..PANEL {
            let first = channel * read_stride + (panel * PANEL + lane) * lane_stride;
            let kernel: &[f32; 9] = weight[first..].first_chunk().expect("a whole kernel");
            for tap in 0..9 {
                taps[tap][lane] = kernel[if turn == Turn::Backward { 8 - tap } else { tap }];
            }
        }
        taps
    };
    let lines = if pairing == Pairing::Channels { read / 2 } else { read };
    let mut panels = panels_of(packed, lines * PANEL);
    panels.par_iter_mut().enumerate().for_each(|(panel, positions)| {
        for line in 0..lines {
            let (first, second) = match pairing {
                Pairing::Channels => {
                    let first = line / PANEL * 2 * PANEL + line % PANEL;
                    (taps(panel, first), Some(taps(panel, first + PANEL)))
                }
                _ => (taps(panel, line), None),
            };
            let out = positions.each_mut().map(|out| &mut out[line * PANEL..][..PANEL]);
            dispatch(Kernel { taps: &first, paired: second.as_ref(), out });
        }
    });
}

/// The sixteen slices, one for each position, of every panel.
fn panels_of(packed: &mut [f32], panel_len: usize) -> Vec<[&mut [f32]; POSITIONS]> {
    let panels = packed.len() / (POSITIONS * panel_len);
    let mut positions: Vec<_> = packed
        .chunks_exact_mut(panels * panel_len)
        .map(|position| position.chunks_exact_mut(panel_len))
        .collect();
    (0..panels)
        .map(|_| {
            std::array::from_fn(|position| positions[position].next().expect("as many panels everywhere"))
        })
        .collect()
}

/// `G g Gᵀ` of a panel's kernels, by themselves or paired with others.
pub(super) struct Kernel<'a> {
    pub taps: &'a [[f32; PANEL]; 9],
    pub paired: Option<&'a [[f32; PANEL]; 9]>,
    pub out: [&'a mut [f32]; POSITIONS],
}

impl WithSimd for Kernel<'_> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) {
        let out = self.out.map(|out| vectors_mut::<S>(out));
        for v in 0..LANES_MAX / S::F32_LANES {
            let mut values = transformed(simd, self.taps, v);
            if let Some(taps) = self.paired {
                let others = transformed(simd, taps, v);
                for position in 0..POSITIONS {
                    values[position] = pair(simd, values[position], others[position]);
                }
            }
            for position in 0..POSITIONS {
                out[position][v] = values[position];
            }
        }
    }
}

/// `G g Gᵀ` at vector `v` of the lanes.
#[inline(always)]
fn transformed<S: Simd>(simd: S, taps: &[[f32; PANEL]; 9], v: usize) -> [S::f32s; POSITIONS] {
    let mut columns = [[simd.splat_f32s(0.0); 4]; 3];
    for x in 0..3 {
        let tap = [vectors::<S>(&taps[x])[v], vectors::<S>(&taps[3 + x])[v], vectors::<S>(&taps[6 + x])[v]];
        columns[x] = combination(simd, tap);
    }
    let mut values = [simd.splat_f32s(0.0); POSITIONS];
    for a in 0..4 {
        let row = combination(simd, [columns[0][a], columns[1][a], columns[2][a]]);
        for b in 0..4 {
            values[4 * a + b] = row[b];
        }
    }
    values
}

/// `G g`.
#[inline(always)]
fn combination<S: Simd>(simd: S, g: [S::f32s; 3]) -> [S::f32s; 4] {
    let half = simd.splat_f32s(0.5);
    let ends = simd.mul_f32s(half, simd.add_f32s(g[0], g[2]));
    let middle = simd.mul_f32s(half, g[1]);
    [g[0], simd.add_f32s(ends, middle), simd.sub_f32s(ends, middle), g[2]]
}

/// `Gᵀ s G` of the sums of all groups, for one output channel.
pub(super) struct Adjoint<'a> {
    /// For each group and position `[channel]`.
    pub rows: Vec<[&'a [f32]; POSITIONS]>,
    /// `[channel, 3, 3]`.
    pub grad_weight: &'a mut [f32],
}

impl WithSimd for Adjoint<'_> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) {
        for (v, kernels) in self.grad_weight.chunks_exact_mut(9 * S::F32_LANES).enumerate() {
            let mut sums = [simd.splat_f32s(0.0); POSITIONS];
            for group in &self.rows {
                for position in 0..POSITIONS {
                    sums[position] = simd.add_f32s(sums[position], vectors::<S>(group[position])[v]);
                }
            }
            let mut rows = [[simd.splat_f32s(0.0); 3]; 4];
            for a in 0..4 {
                rows[a] = adjoint(simd, [sums[4 * a], sums[4 * a + 1], sums[4 * a + 2], sums[4 * a + 3]]);
            }
            for x in 0..3 {
                let column = adjoint(simd, [rows[0][x], rows[1][x], rows[2][x], rows[3][x]]);
                for y in 0..3 {
                    let mut lanes = [0.0; LANES_MAX];
                    vectors_mut::<S>(&mut lanes)[0] = column[y];
                    for (kernel, value) in kernels.as_chunks_mut::<9>().0.iter_mut().zip(lanes) {
                        kernel[3 * y + x] = value;
                    }
                }
            }
        }
    }
}

/// `Gᵀ s`.
#[inline(always)]
fn adjoint<S: Simd>(simd: S, s: [S::f32s; 4]) -> [S::f32s; 3] {
    let half = simd.splat_f32s(0.5);
    let ends = simd.mul_f32s(half, simd.add_f32s(s[1], s[2]));
    let middle = simd.mul_f32s(half, simd.sub_f32s(s[1], s[2]));
    [simd.add_f32s(s[0], ends), middle, simd.add_f32s(ends, s[3])]
}
