//! Crop, resize, flip and conversion to floats in one pass over the pixels that are needed.
//!
//! Separable: every output row first gathers its source rows (weights times bytes, along contiguous memory),
//! then its columns, four neighbouring pixels of four lanes at a time, of which three are colours. Colour
//! spaces, rounding to bytes and edge modes other than "leave out and rescale" are left out.

use pulp::{Arch, Simd, WithSimd};

use super::{
    color::clip,
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
    /// One row after the vertical pass, `[columns read, 3]` and some zeros.
    row: Vec<f32>,
    /// The same, `[columns read, 4]`.
    pixels: Vec<[f32; LANES]>,
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
    row.resize((last - first) * 3 + 1, 0.0);
    // Columns past the picture carry zero weight.
    pixels.clear();
    pixels.resize(last - first, [0.0; LANES]);
    line.resize(size, [0.0; LANES]);
    spread.clear();
    for &weight in &columns.weights {
        spread.extend_from_slice(&[weight; LANES]);
    }
    arch.dispatch(Gather { image, columns, rows, row, pixels, line, spread, first, read, out });
}

/// Both passes, compiled for every instruction set.
struct Gather<'a> {
    image: &'a Image,
    columns: &'a Taps,
    rows: &'a Taps,
    row: &'a mut [f32],
    pixels: &'a mut [[f32; LANES]],
    line: &'a mut [[f32; LANES]],
    spread: &'a [f32],
    /// First source column read, and how many.
    first: usize,
    read: usize,
    out: &'a mut [f32],
}

impl WithSimd for Gather<'_> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, _: S) {
        let Self { image, columns, rows, row, pixels, line, spread, first, read, out } = self;
        let size = line.len();
        let (red, rest) = out.split_at_mut(size * size);
        let (green, blue) = rest.split_at_mut(size * size);
        let planes =
            red.chunks_exact_mut(size).zip(green.chunks_exact_mut(size)).zip(blue.chunks_exact_mut(size));
        for (y, ((red, green), blue)) in planes.enumerate() {
            gather_rows(image, rows, y, first, &mut row[..read * 3]);
            for (column, pixel) in pixels.iter_mut().enumerate() {
                let source = &row[column * 3..][..LANES];
                *pixel = [source[0], source[1], source[2], source[3]];
            }
            gather_columns(columns, spread, first, pixels, line);
            for (x, pixel) in line.iter().enumerate() {
                red[x] = clip(pixel[0]);
                green[x] = clip(pixel[1]);
                blue[x] = clip(pixel[2]);
            }
        }
    }
}

/// `row = Σ weight · source row`, bytes to floats on the way.
#[inline(always)]
fn gather_rows(image: &Image, taps: &Taps, y: usize, first: usize, row: &mut [f32]) {
    let stride = image.width() * 3;
    let length = row.len();
    let (groups, _) = taps.weights[y * taps.count..][..taps.count].as_chunks::<GROUP>();
    for (group, w) in groups.iter().enumerate() {
        // Padding taps may point below the picture; their weight is zero.
        let last = image.height() - 1;
        let line = taps.first[y] + group * GROUP;
        let a = &image.pixels()[line.min(last) * stride + first * 3..][..length];
        let b = &image.pixels()[(line + 1).min(last) * stride + first * 3..][..length];
        let c = &image.pixels()[(line + 2).min(last) * stride + first * 3..][..length];
        let d = &image.pixels()[(line + 3).min(last) * stride + first * 3..][..length];
        let keep = if group == 0 { 0.0 } else { 1.0 };
        for at in 0..length {
            let upper = f32::from(a[at]) * w[0] + f32::from(b[at]) * w[1];
            let lower = f32::from(c[at]) * w[2] + f32::from(d[at]) * w[3];
            row[at] = row[at] * keep + (upper + lower);
        }
    }
}

/// Every output pixel of a row from the gathered source row; a group of taps is one wide vector.
#[inline(always)]
fn gather_columns(
    taps: &Taps,
    spread: &[f32],
    first: usize,
    pixels: &[[f32; LANES]],
    line: &mut [[f32; LANES]],
) {
    const WIDE: usize = GROUP * LANES;
    let width = taps.count * LANES;
    let pixels = pixels.as_flattened();
    for (x, target) in line.iter_mut().enumerate() {
        let weights = &spread[x * width..][..width];
        let pixels = &pixels[(taps.first[x] - first) * LANES..][..width];
        let mut sum = [0.0_f32; WIDE];
        let mut at = 0;
        while at < width {
            let (weights, pixels) = (&weights[at..at + WIDE], &pixels[at..at + WIDE]);
            for lane in 0..WIDE {
                sum[lane] += weights[lane] * pixels[lane];
            }
            at += WIDE;
        }
        for lane in 0..LANES {
            let even = sum[lane] + sum[lane + 2 * LANES];
            let odd = sum[lane + LANES] + sum[lane + 3 * LANES];
            target[lane] = even + odd;
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
