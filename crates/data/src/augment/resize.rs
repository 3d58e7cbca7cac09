//! Crop, resize, flip and conversion to floats in one pass over the pixels that are needed.
//!
//! Separable: every output row first gathers its source rows (weights times bytes, along contiguous memory),
//! then its columns, four neighbouring pixels of four lanes at a time, of which three are colours. Colour
//! spaces, rounding to bytes and edge modes other than "leave out and rescale" are left out.

use pulp::{Arch, Simd, WithSimd};

use super::{
    config::{Filter, Resample},
    draw::Region,
};
use crate::Image;

/// Taps are padded with zero weights to a multiple of this, so that inner loops have a fixed length.
const GROUP: usize = 4;
/// Floats per pixel in the horizontal pass: three colours and one that is not used.
const LANES: usize = 4;

/// Working memory of [`resize`], grown once.
#[derive(Debug, Default)]
pub(super) struct Buffers {
    columns: Taps,
    rows: Taps,
    /// One row after the vertical pass, `[columns read, 3]` and one more float.
    row: Vec<f32>,
    /// The same, `[columns read, 4]` and some zeros.
    pixels: Vec<f32>,
    /// One row after both passes.
    line: Vec<[f32; LANES]>,
    /// The weights of the columns, every one [`LANES`] times.
    spread: Vec<f32>,
}

/// For every output position the first source position and the weights that follow it.
#[derive(Debug, Default)]
struct Taps {
    /// Taps per output position, a multiple of [`GROUP`].
    count: usize,
    first: Vec<usize>,
    /// `[outputs, count]`.
    weights: Vec<f32>,
}

/// What [`resize`] brings to the output.
#[derive(Clone, Copy)]
pub(super) struct Source<'a> {
    pub(super) image: &'a Image,
    pub(super) region: &'a Region,
    pub(super) flip: bool,
}

/// Brings a part of a picture to three planes of `size × size` in `out`, values clipped to `[0, 1]`.
pub(super) fn resize(
    arch: Arch,
    Source { image, region, flip }: Source<'_>,
    resample: Resample,
    size: usize,
    buffers: &mut Buffers,
    out: &mut [f32],
) {
    let [left, top, right, bottom] = region.within;
    let Buffers { columns, rows, row, pixels, line, spread } = buffers;
    columns.fill(resample, region.x, region.width, [left, right], size, 1.0);
    rows.fill(resample, region.y, region.height, [top, bottom], size, 1.0 / 255.0);
    if flip {
        columns.reverse();
    }
    let first = columns.first.iter().copied().min().unwrap_or(left);
    let last = columns.first.iter().copied().max().unwrap_or(left) + columns.count;
    let read = last.min(image.width()) - first;
    row.clear();
    row.resize(read * 3 + 1, 0.0);
    // Columns past the picture carry zero weight.
    pixels.clear();
    pixels.resize((last - first) * LANES, 0.0);
    line.resize(size, [0.0; LANES]);
    spread.clear();
    spread.extend(columns.weights.iter().flat_map(|&weight| [weight; LANES]));
    arch.dispatch(Gather { image, columns, rows, row, pixels, line, spread, first, out });
}

/// Both passes, compiled for every instruction set.
struct Gather<'a> {
    image: &'a Image,
    columns: &'a Taps,
    rows: &'a Taps,
    row: &'a mut [f32],
    pixels: &'a mut [f32],
    line: &'a mut [[f32; LANES]],
    spread: &'a [f32],
    /// First source column read.
    first: usize,
    out: &'a mut [f32],
}

impl WithSimd for Gather<'_> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, _: S) {
        let Self { image, columns, rows, row, pixels, line, spread, first, out } = self;
        let size = line.len();
        let (red, rest) = out.split_at_mut(size * size);
        let (green, blue) = rest.split_at_mut(size * size);
        let planes =
            red.chunks_exact_mut(size).zip(green.chunks_exact_mut(size)).zip(blue.chunks_exact_mut(size));
        let colors = row.len() - 1;
        for (y, ((red, green), blue)) in planes.enumerate() {
            gather_rows(image, rows, y, first, &mut row[..colors]);
            for (pixel, source) in pixels.chunks_exact_mut(LANES).zip(row.windows(LANES).step_by(3)) {
                pixel.copy_from_slice(source);
            }
            gather_columns(columns, spread, first, pixels, line);
            for (((red, green), blue), pixel) in red.iter_mut().zip(green).zip(blue).zip(line.iter()) {
                *red = pixel[0].clamp(0.0, 1.0);
                *green = pixel[1].clamp(0.0, 1.0);
                *blue = pixel[2].clamp(0.0, 1.0);
            }
        }
    }
}

/// `row = Σ weight · source row`, bytes to floats on the way.
#[inline(always)]
fn gather_rows(image: &Image, taps: &Taps, y: usize, first: usize, row: &mut [f32]) {
    let stride = image.width() * 3;
    let length = row.len();
    let source = |line: usize| {
        // Padding taps may point below the picture; their weight is zero.
        let start = line.min(image.height() - 1) * stride + first * 3;
        &image.pixels()[start..start + length]
    };
    let weights = taps.weights[y * taps.count..][..taps.count].chunks_exact(GROUP);
    for (group, w) in weights.enumerate() {
        let line = taps.first[y] + group * GROUP;
        let sources = source(line).iter().zip(source(line + 1)).zip(source(line + 2)).zip(source(line + 3));
        let keep = if group == 0 { 0.0 } else { 1.0 };
        for (sum, (((&a, &b), &c), &d)) in row.iter_mut().zip(sources) {
            let added =
                (f32::from(a) * w[0] + f32::from(b) * w[1]) + (f32::from(c) * w[2] + f32::from(d) * w[3]);
            *sum = *sum * keep + added;
        }
    }
}

/// Every output pixel of a row from the gathered source row; a group of taps is one wide vector.
#[inline(always)]
fn gather_columns(taps: &Taps, spread: &[f32], first: usize, pixels: &[f32], line: &mut [[f32; LANES]]) {
    let weights = spread.chunks_exact(taps.count * LANES);
    for ((target, &start), weights) in line.iter_mut().zip(&taps.first).zip(weights) {
        let pixels = &pixels[(start - first) * LANES..][..weights.len()];
        let (weights, _) = weights.as_chunks::<{ GROUP * LANES }>();
        let (pixels, _) = pixels.as_chunks::<{ GROUP * LANES }>();
        let mut sum = [0.0_f32; GROUP * LANES];
        for lane in 0..GROUP * LANES {
            sum[lane] = weights[0][lane] * pixels[0][lane];
        }
        for (weights, pixels) in weights[1..].iter().zip(&pixels[1..]) {
            for lane in 0..GROUP * LANES {
                sum[lane] += weights[lane] * pixels[lane];
            }
        }
        for lane in 0..LANES {
            target[lane] = (sum[lane] + sum[lane + 2 * LANES]) + (sum[lane + LANES] + sum[lane + 3 * LANES]);
        }
    }
}

impl Taps {
    /// Weights of `outputs` positions spread over `extent` source pixels from `start` on, reading only `within`
    /// and summing to `total`.
    fn fill(
        &mut self,
        resample: Resample,
        start: f64,
        extent: f64,
        within: [usize; 2],
        outputs: usize,
        total: f64,
    ) {
        let scale = extent / outputs as f64;
        let widening = if resample.antialias { scale.max(1.0) } else { 1.0 };
        let support = resample.filter.support() * widening;
        let most = (2.0 * support).ceil() as usize + 1;
        self.count = most.min(within[1] - within[0]).next_multiple_of(GROUP);
        self.first.clear();
        self.weights.clear();
        self.weights.resize(outputs * self.count, 0.0);
        for (output, weights) in self.weights.chunks_exact_mut(self.count).enumerate() {
            let center = start + (output as f64 + 0.5) * scale;
            // Conversion to an integer rounds towards zero and makes zero of what is negative.
            let low = ((center - support + 0.5) as usize).clamp(within[0], within[1] - 1);
            let high = ((center + support + 0.5) as usize).clamp(low + 1, within[1]);
            let mut sum = 0.0;
            for (weight, position) in weights.iter_mut().zip(low..high) {
                let value = resample.filter.at((position as f64 + 0.5 - center) / widening);
                sum += value;
                *weight = value as f32;
            }
            let factor = (total / sum) as f32;
            for weight in weights {
                *weight *= factor;
            }
            self.first.push(low);
        }
    }

    fn reverse(&mut self) {
        self.first.reverse();
        self.weights.reverse();
        for weights in self.weights.chunks_exact_mut(self.count) {
            weights.reverse();
        }
    }
}

impl Filter {
    fn support(self) -> f64 {
        match self {
            Self::Bicubic => 2.0,
            Self::Bilinear => 1.0,
        }
    }

    /// The interpolating function; Keys 1981, eq. (15), for the cubic.
    fn at(self, x: f64) -> f64 {
        const A: f64 = -0.5;
        let x = x.abs();
        match self {
            Self::Bicubic if x < 1.0 => ((A + 2.0) * x - (A + 3.0)) * x * x + 1.0,
            Self::Bicubic if x < 2.0 => ((A * x - 5.0 * A) * x + 8.0 * A) * x - 4.0 * A,
            Self::Bilinear if x < 1.0 => 1.0 - x,
            Self::Bicubic | Self::Bilinear => 0.0,
        }
    }
}
