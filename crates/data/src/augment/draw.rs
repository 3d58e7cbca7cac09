//! The random quantities of one view, drawn once and then fixed. Applying them is `pipeline.rs`.

use serde::{Deserialize, Serialize};

use super::{
    config::{AugmentConfig, Crop, CropRule, JitterStyle},
    stream::Stream,
};

/// Everything random about one view of one picture.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Draw {
    /// The part of the picture that fills the output.
    pub region: Region,
    /// Whether left and right are exchanged.
    pub flip: bool,
    /// The colour change, if any.
    pub jitter: Option<JitterDraw>,
    /// Whether colour is dropped.
    pub grayscale: bool,
    /// The blur's standard deviation in pixels, if any.
    pub blur: Option<f64>,
    /// Whether the bright half is inverted.
    pub solarize: bool,
}

/// A rectangle of the source that is mapped onto the whole output, edges at whole numbers.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Region {
    /// Left edge in source pixels.
    pub x: f64,
    /// Upper edge in source pixels.
    pub y: f64,
    /// Width in source pixels.
    pub width: f64,
    /// Height in source pixels.
    pub height: f64,
    /// Pixels that the filter may read: first column, first row, and the column and row after the last.
    pub within: [usize; 4],
}

/// A colour change; the definitions are those of [`JitterStyle`].
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct JitterDraw {
    /// δ to add (BYOL) or the factor (torchvision).
    pub brightness: f64,
    /// The contrast factor.
    pub contrast: f64,
    /// The saturation factor.
    pub saturation: f64,
    /// The hue shift in turns.
    pub hue: f64,
    /// The order in which the four operations are applied.
    pub order: [ColorOperation; 4],
}

/// One of the four colour operations.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum ColorOperation {
    /// Lighter or darker.
    Brightness,
    /// Spread about the mean.
    Contrast,
    /// Distance from grey.
    Saturation,
    /// Place on the colour wheel.
    Hue,
}

impl Region {
    /// A crop of whole pixels; the filter reads nothing outside it.
    pub fn crop(x: usize, y: usize, width: usize, height: usize) -> Self {
        Self {
            x: x as f64,
            y: y as f64,
            width: width as f64,
            height: height as f64,
            within: [x, y, x + width, y + height],
        }
    }
}

/// Draws one view of a picture of `width × height`.
///
/// Every quantity is drawn, used or not, and the crop, which may take several attempts, comes last: switching
/// one operation off leaves all other draws as they were, so that ablations are paired.
pub(super) fn sample(config: &AugmentConfig, stream: &mut Stream, width: usize, height: usize) -> Draw {
    let flip = stream.chance(config.flip);
    let jitter = sample_jitter(config, stream);
    let grayscale = stream.chance(config.grayscale);
    let blurred = stream.chance(config.blur.probability);
    let sigma = stream.uniform(config.blur.sigma[0], config.blur.sigma[1]);
    let solarize = stream.chance(config.solarize.probability);
    let region = match config.crop {
        Crop::RandomResized { area, aspect, rule: CropRule::Clamp } => {
            let (w, h) = draw_sides(stream, area, aspect, width, height);
            place(stream, w.clamp(1, width), h.clamp(1, height), width, height)
        }
        Crop::RandomResized { area, aspect, rule: CropRule::TenAttempts } => {
            ten_attempts(stream, area, aspect, width, height)
        }
        Crop::Center { shorter_side } => center(config.size, shorter_side, width, height),
    };
    Draw { region, flip, jitter, grayscale, blur: blurred.then_some(sigma), solarize }
}

fn sample_jitter(config: &AugmentConfig, stream: &mut Stream) -> Option<JitterDraw> {
    let jitter = &config.color_jitter;
    let applied = stream.chance(jitter.probability);
    let neutral = match jitter.style {
        JitterStyle::Byol => 0.0,
        JitterStyle::Torchvision => 1.0,
    };
    let brightness = neutral + stream.uniform(-jitter.brightness, jitter.brightness);
    let contrast = 1.0 + stream.uniform(-jitter.contrast, jitter.contrast);
    let saturation = 1.0 + stream.uniform(-jitter.saturation, jitter.saturation);
    let hue = stream.uniform(-jitter.hue, jitter.hue);
    let mut order = [
        ColorOperation::Brightness,
        ColorOperation::Contrast,
        ColorOperation::Saturation,
        ColorOperation::Hue,
    ];
    stream.shuffle(&mut order);
    applied.then_some(JitterDraw { brightness, contrast, saturation, hue, order })
}

/// Width and height of a rectangle of random area and aspect, rounded to pixels; may be too large or zero.
fn draw_sides(
    stream: &mut Stream,
    area: [f64; 2],
    aspect: [f64; 2],
    width: usize,
    height: usize,
) -> (usize, usize) {
    let area = stream.uniform(area[0], area[1]) * (width * height) as f64;
    let aspect = stream.uniform(aspect[0].ln(), aspect[1].ln()).exp();
    ((area * aspect).sqrt().round_ties_even() as usize, (area / aspect).sqrt().round_ties_even() as usize)
}

fn place(stream: &mut Stream, w: usize, h: usize, width: usize, height: usize) -> Region {
    let x = stream.below(width - w + 1);
    let y = stream.below(height - h + 1);
    Region::crop(x, y, w, h)
}

fn ten_attempts(
    stream: &mut Stream,
    area: [f64; 2],
    aspect: [f64; 2],
    width: usize,
    height: usize,
) -> Region {
    for _ in 0..10 {
        let (w, h) = draw_sides(stream, area, aspect, width, height);
        if (1..=width).contains(&w) && (1..=height).contains(&h) {
            return place(stream, w, h, width, height);
        }
    }
    let whole = width as f64 / height as f64;
    let (w, h) = if whole < aspect[0] {
        (width, (width as f64 / aspect[0]).round_ties_even() as usize)
    } else if whole > aspect[1] {
        ((height as f64 * aspect[1]).round_ties_even() as usize, height)
    } else {
        (width, height)
    };
    let (w, h) = (w.clamp(1, width), h.clamp(1, height));
    Region::crop((width - w) / 2, (height - h) / 2, w, h)
}

/// The middle `size × size` of the picture brought to `shorter_side`, in source pixels.
fn center(size: usize, shorter_side: usize, width: usize, height: usize) -> Region {
    let shorter = width.min(height);
    let axis = |side: usize| {
        let resized = shorter_side * side / shorter;
        let margin = ((resized - size) as f64 / 2.0).round_ties_even();
        let pixels_per_output = side as f64 / resized as f64;
        (margin * pixels_per_output, size as f64 * pixels_per_output)
    };
    let (x, w) = axis(width);
    let (y, h) = axis(height);
    Region { x, y, width: w, height: h, within: [0, 0, width, height] }
}
