//! Operations on one pixel at a time, on planes. Blur and resampling, which look at neighbours, are elsewhere.

use super::config::JitterStyle;

/// Weights of red, green and blue in the grey value (ITU-R BT.601, as rounded by Pillow and the paper).
pub(super) const GRAY: [f32; 3] = [0.2989, 0.5870, 0.1140];

/// Floats per plane worked on at a time, so that a chain of operations runs in the first-level cache.
pub(super) const BLOCK: usize = 1024;

/// An operation on a pixel. All but [`PointOperation::Normalize`] keep values in `[0, 1]`.
#[derive(Clone, Copy, Debug)]
pub(super) enum PointOperation {
    /// `clip(scale x + offset)`, offset per channel: brightness and contrast.
    Affine { scale: f32, offset: [f32; 3] },
    /// Saturation factor.
    Saturate { factor: f32, style: JitterStyle },
    /// Turns of the colour wheel.
    Hue { turns: f32 },
    /// All channels become the grey value.
    Grayscale,
    /// `1 − x` from the threshold on.
    Solarize { threshold: f32 },
    /// `clip(x) · scale + offset` per channel.
    Normalize { scale: [f32; 3], offset: [f32; 3] },
}

// The loops below use indices and comparisons where iterators and `clamp` would read better: the standard library's
// adapters are not always inlined into a function compiled for wider vectors, and one call per pixel costs more than
// all the rest.

/// To `[0, 1]`.
#[inline(always)]
pub(super) fn clip(x: f32) -> f32 {
    let x = if x > 0.0 { x } else { 0.0 };
    if x < 1.0 { x } else { 1.0 }
}

#[inline(always)]
fn larger(x: f32, y: f32) -> f32 {
    if x > y { x } else { y }
}

#[inline(always)]
fn smaller(x: f32, y: f32) -> f32 {
    if x < y { x } else { y }
}

#[inline(always)]
fn gray(r: f32, g: f32, b: f32) -> f32 {
    GRAY[0] * r + GRAY[1] * g + GRAY[2] * b
}

impl PointOperation {
    /// Applies the operation to three slices of equal length.
    #[inline(always)]
    pub(super) fn apply(self, red: &mut [f32], green: &mut [f32], blue: &mut [f32]) {
        match self {
            Self::Affine { scale, offset } => {
                affine(red, scale, offset[0]);
                affine(green, scale, offset[1]);
                affine(blue, scale, offset[2]);
            }
            Self::Normalize { scale, offset } => {
                normalize(red, scale[0], offset[0]);
                normalize(green, scale[1], offset[1]);
                normalize(blue, scale[2], offset[2]);
            }
            Self::Solarize { threshold } => {
                solarize(red, threshold);
                solarize(green, threshold);
                solarize(blue, threshold);
            }
            Self::Grayscale => for_each_pixel(
                red,
                green,
                blue,
                #[inline(always)]
                |r, g, b| [gray(r, g, b); 3],
            ),
            Self::Saturate { factor, style: JitterStyle::Torchvision } => for_each_pixel(
                red,
                green,
                blue,
                #[inline(always)]
                |r, g, b| {
                    let gray = (1.0 - factor) * gray(r, g, b);
                    [clip(factor * r + gray), clip(factor * g + gray), clip(factor * b + gray)]
                },
            ),
            Self::Saturate { factor, style: JitterStyle::Byol } => for_each_pixel(
                red,
                green,
                blue,
                #[inline(always)]
                |r, g, b| saturate(factor, r, g, b),
            ),
            Self::Hue { turns } => for_each_pixel(
                red,
                green,
                blue,
                #[inline(always)]
                |r, g, b| shift_hue(turns * 6.0, r, g, b),
            ),
        }
    }
}

#[inline(always)]
fn affine(channel: &mut [f32], scale: f32, offset: f32) {
    for x in channel {
        *x = clip(*x * scale + offset);
    }
}

#[inline(always)]
fn normalize(channel: &mut [f32], scale: f32, offset: f32) {
    for x in channel {
        *x = clip(*x) * scale + offset;
    }
}

#[inline(always)]
fn solarize(channel: &mut [f32], threshold: f32) {
    for x in channel {
        *x = if *x < threshold { *x } else { 1.0 - *x };
    }
}

#[inline(always)]
fn for_each_pixel(
    red: &mut [f32],
    green: &mut [f32],
    blue: &mut [f32],
    operation: impl Fn(f32, f32, f32) -> [f32; 3],
) {
    let count = red.len();
    let (green, blue) = (&mut green[..count], &mut blue[..count]);
    for at in 0..count {
        [red[at], green[at], blue[at]] = operation(red[at], green[at], blue[at]);
    }
}

/// `S ← min(f S, 1)` in HSV.
///
/// With H and V fixed, a channel is `V − S · (…)`, so scaling S by k scales every channel's distance from V by
/// k; the clip of S limits k to 1/S = V / (V − min).
#[inline(always)]
fn saturate(factor: f32, r: f32, g: f32, b: f32) -> [f32; 3] {
    let value = larger(larger(r, g), b);
    let chroma = value - smaller(smaller(r, g), b);
    // Where the chroma is zero the channels equal V whatever k is; the comparison also keeps 0/0 out.
    let factor = if factor * chroma > value { value / chroma } else { factor };
    [
        clip(value - (value - r) * factor),
        clip(value - (value - g) * factor),
        clip(value - (value - b) * factor),
    ]
}

/// `H ← H + sixths / 6` in HSV, without branches.
///
/// With h in sixths of a turn, a channel is `V − C · clip(min(k, 4 − k), 0, 1)`, `k = (n + h) mod 6`, n = 5, 3, 1.
#[inline(always)]
fn shift_hue(sixths: f32, r: f32, g: f32, b: f32) -> [f32; 3] {
    let value = larger(larger(r, g), b);
    let chroma = value - smaller(smaller(r, g), b);
    let scale = if chroma > 0.0 { 1.0 / chroma } else { 0.0 };
    let from_red = (g - b) * scale;
    let from_green = (b - r) * scale + 2.0;
    let from_blue = (r - g) * scale + 4.0;
    let not_red = if value == g { from_green } else { from_blue };
    let hue = if value == r { from_red } else { not_red } + sixths;
    // The sum lies in [-1 - 3, 5 + 3): one turn more or less brings it home.
    let hue = if hue < 0.0 { hue + 6.0 } else { hue };
    let hue = if hue >= 6.0 { hue - 6.0 } else { hue };
    [
        hue_channel(5.0, hue, value, chroma),
        hue_channel(3.0, hue, value, chroma),
        hue_channel(1.0, hue, value, chroma),
    ]
}

#[inline(always)]
fn hue_channel(n: f32, hue: f32, value: f32, chroma: f32) -> f32 {
    let k = n + hue;
    let k = if k >= 6.0 { k - 6.0 } else { k };
    clip(value - chroma * clip(smaller(k, 4.0 - k)))
}

/// Adds up a slice in sixteen fixed lanes: the same bits whatever the instruction set.
#[inline(always)]
pub(super) fn sum(values: &[f32]) -> f64 {
    let (chunks, rest) = values.as_chunks::<16>();
    let mut lanes = [0.0_f32; 16];
    for chunk in chunks {
        for lane in 0..16 {
            lanes[lane] += chunk[lane];
        }
    }
    let mut sum = 0.0;
    for &value in rest.iter().chain(&lanes) {
        sum += f64::from(value);
    }
    sum
}
