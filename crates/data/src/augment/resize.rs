//! Crop, resize, flip and conversion to floats in one pass over the pixels that are needed.
//!
//! Separable: every output row first gathers its source rows (weights times bytes, along contiguous memory),
//! then its columns, four lanes of which three are the colours of a pixel. Colour spaces, rounding to bytes
//! and edge modes other than "leave out and rescale" are left out.

use pulp::Arch;

use super::{
    config::{Filter, Resample},
    draw::Region,
};
use crate::Image;

/// Taps are padded with zero weights to a multiple of this, so that inner loops have a fixed length.
const GROUP: usize = 4;

/// Working memory of [`resize`], grown once.
#[derive(Debug, Default)]
pub(super) struct Buffers {
    columns: Taps,
    rows: Taps,
    /// One row after the vertical pass, `[columns read, 3]` and some zeros.
    row: Vec<f32>,
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

/// Brings `region` of `image` to three planes of `size × size` in `out`, values clipped to `[0, 1]`.
pub(super) fn resize(
    arch: Arch,
    image: &Image,
    region: &Region,
    flip: bool,
    resample: Resample,
    size: usize,
    buffers: &mut Buffers,
    out: &mut [f32],
) {
    let [left, top, right, bottom] = region.within;
    let Buffers { columns, rows, row } = buffers;
    columns.fill(resample, region.x, region.width, [left, right], size, 1.0);
    rows.fill(resample, region.y, region.height, [top, bottom], size, 1.0 / 255.0);
    if flip {
        columns.reverse();
    }
    let first = columns.first.iter().copied().min().unwrap_or(left);
    let last = columns.first.iter().copied().max().unwrap_or(left) + columns.count;
    let read = last.min(image.width()) - first;
    // Columns past the picture carry zero weight; one spare lane because pixels are read four floats at a time.
    row.clear();
    row.resize((last - first) * 3 + 1, 0.0);
    arch.dispatch(
        #[inline(always)]
        || {
            let (red, rest) = out.split_at_mut(size * size);
            let (green, blue) = rest.split_at_mut(size * size);
            let planes =
                red.chunks_exact_mut(size).zip(green.chunks_exact_mut(size)).zip(blue.chunks_exact_mut(size));
            for (y, ((red, green), blue)) in planes.enumerate() {
                gather_rows(image, rows, y, first, &mut row[..read * 3]);
                gather_columns(columns, first, row, red, green, blue);
            }
        },
    );
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

/// Every output pixel of a row from the gathered source row.
#[inline(always)]
fn gather_columns(
    taps: &Taps,
    first: usize,
    row: &[f32],
    red: &mut [f32],
    green: &mut [f32],
    blue: &mut [f32],
) {
    let outputs = red.iter_mut().zip(green).zip(blue);
    let sources = taps.first.iter().zip(taps.weights.chunks_exact(taps.count));
    for (((red, green), blue), (&start, weights)) in outputs.zip(sources) {
        let pixels = &row[(start - first) * 3..][..taps.count * 3 + 1];
        let mut sum = [0.0_f32; 4];
        for (group, w) in weights.chunks_exact(GROUP).enumerate() {
            let pixels = &pixels[group * GROUP * 3..][..GROUP * 3 + 1];
            for tap in 0..GROUP {
                for lane in 0..4 {
                    sum[lane] += w[tap] * pixels[tap * 3 + lane];
                }
            }
        }
        let [r, g, b, _] = sum.map(|value| value.max(0.0).min(1.0));
        (*red, *green, *blue) = (r, g, b);
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
            let low = ((center - support + 0.5).floor().max(0.0) as usize).clamp(within[0], within[1] - 1);
            let high = ((center + support + 0.5).floor().max(0.0) as usize).clamp(low + 1, within[1]);
            let value = |position: usize| resample.filter.at((position as f64 + 0.5 - center) / widening);
            let sum: f64 = (low..high).map(value).sum();
            for (weight, position) in weights.iter_mut().zip(low..high) {
                *weight = (value(position) / sum * total) as f32;
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
