//! Gaussian blur of a plane with zeros outside, in place. Other edge modes are left out.

use pulp::{Arch, Simd, WithSimd};

/// Outputs summed at a time, so that the sums stay in registers.
const CHUNK: usize = 32;

/// Working memory of [`blur`], grown once.
#[derive(Debug, Default)]
pub(super) struct Buffers {
    /// Weights of distance 0, 1, ….
    weights: Vec<f32>,
    /// One row with `radius` zeros on both sides, its width rounded up to chunks.
    row: Vec<f32>,
    /// The plane after the horizontal pass with `radius` rows of zeros above and below.
    plane: Vec<f32>,
}

/// Convolves every `size × size` plane of `planes` with a normalised Gaussian of `taps` taps and standard
/// deviation `sigma`, first along rows, then along columns.
pub(super) fn blur(
    arch: Arch,
    planes: &mut [f32],
    size: usize,
    taps: usize,
    sigma: f64,
    buffers: &mut Buffers,
) {
    let Buffers { weights, row, plane } = buffers;
    fill_weights(weights, taps, sigma);
    let radius = weights.len() - 1;
    let stride = size.next_multiple_of(CHUNK);
    row.clear();
    row.resize(stride + 2 * radius, 0.0);
    plane.clear();
    plane.resize((size + 2 * radius) * stride, 0.0);
    arch.dispatch(Convolve { planes, size, weights, row, plane });
}

/// Both passes, compiled for every instruction set.
struct Convolve<'a> {
    planes: &'a mut [f32],
    size: usize,
    weights: &'a [f32],
    row: &'a mut [f32],
    plane: &'a mut [f32],
}

impl WithSimd for Convolve<'_> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, _: S) {
        let Self { planes, size, weights, row, plane } = self;
        let radius = weights.len() - 1;
        let chunks = size.div_ceil(CHUNK);
        for channel in planes.chunks_exact_mut(size * size) {
            let (between, _) = plane[radius * chunks * CHUNK..].as_chunks_mut::<CHUNK>();
            for (source, target) in channel.chunks_exact(size).zip(between.chunks_exact_mut(chunks)) {
                row[radius..radius + size].copy_from_slice(source);
                for (index, sums) in target.iter_mut().enumerate() {
                    *sums = weighted(weights, row, radius + index * CHUNK, 1);
                }
            }
            for (y, target) in channel.chunks_exact_mut(size).enumerate() {
                for (index, sums) in target.chunks_mut(CHUNK).enumerate() {
                    let center = ((radius + y) * chunks + index) * CHUNK;
                    let all = weighted(weights, plane, center, chunks * CHUNK);
                    sums.copy_from_slice(&all[..sums.len()]);
                }
            }
        }
    }
}

/// `Σ_k weight[|k|] · values[center + k step ..]` for `CHUNK` neighbouring places.
#[inline(always)]
fn weighted(weights: &[f32], values: &[f32], center: usize, step: usize) -> [f32; CHUNK] {
    let middle = &values[center..center + CHUNK];
    let mut sums = [0.0; CHUNK];
    for lane in 0..CHUNK {
        sums[lane] = weights[0] * middle[lane];
    }
    let (mut low, mut high) = (center, center);
    for &weight in &weights[1..] {
        (low, high) = (low - step, high + step);
        let (before, after) = (&values[low..low + CHUNK], &values[high..high + CHUNK]);
        for lane in 0..CHUNK {
            sums[lane] += weight * (before[lane] + after[lane]);
        }
    }
    sums
}

/// One half of the symmetric kernel. Taps too small to change a 32-bit sum are dropped.
fn fill_weights(weights: &mut Vec<f32>, taps: usize, sigma: f64) {
    let value = |distance: usize| (-(distance as f64).powi(2) / (2.0 * sigma * sigma)).exp();
    let radius = taps / 2;
    let sum = 1.0 + 2.0 * (1..=radius).map(value).sum::<f64>();
    weights.clear();
    weights.extend(
        (0..=radius).map(|distance| (value(distance) / sum) as f32).take_while(|&weight| weight > 1e-9),
    );
}
