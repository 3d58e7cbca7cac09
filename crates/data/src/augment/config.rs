//! What an augmentation does, as plain data with the paper's values. Presets are in `preset.rs`.

use std::fmt::Display;

use serde::{Deserialize, Serialize};

use crate::{Error, Result};

/// A pipeline of augmentations, in the order of the fields.
///
/// The default is BYOL's first view at 224 pixels, [`AugmentConfig::byol_view1`]. In a configuration file
/// only what differs has to be written. Source: Grill et al. 2020, appendix B and table 6.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct AugmentConfig {
    /// Side of the square output in pixels; the paper's is 224.
    pub size: usize,
    /// Which part of the picture is kept.
    pub crop: Crop,
    /// How the kept part is brought to `size`.
    pub resample: Resample,
    /// Probability of a horizontal flip; 0.5 in the paper.
    pub flip: f64,
    /// Random change of brightness, contrast, saturation and hue.
    pub color_jitter: ColorJitter,
    /// Probability of dropping colour, `0.2989 R + 0.5870 G + 0.1140 B`; 0.2 in the paper.
    pub grayscale: f64,
    /// Gaussian blur.
    pub blur: Blur,
    /// Inversion of the bright half of the range.
    pub solarize: Solarize,
    /// Mean and standard deviation taken off at the end; absent, values stay in `[0, 1]`.
    pub normalize: Option<Normalize>,
}

/// Which part of a picture is kept.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "kebab-case", deny_unknown_fields)]
pub enum Crop {
    /// A random rectangle, brought to a square (the "inception" crop).
    RandomResized {
        /// Least and greatest share of the picture's area; `[0.08, 1]` in the paper.
        area: [f64; 2],
        /// Least and greatest width/height, drawn uniformly in its logarithm; `[3/4, 4/3]` in the paper.
        aspect: [f64; 2],
        /// What happens to a rectangle that does not fit.
        rule: CropRule,
    },
    /// Evaluation: the shorter side is brought to `shorter_side`, then the middle `size × size` is kept.
    ///
    /// Both steps are done in one resampling. The geometry is torchvision's `Resize` and `CenterCrop`: the longer
    /// side is rounded down to whole pixels, an odd margin is rounded to the even neighbour.
    Center {
        /// Length of the shorter side before cropping; 256 in the paper for a `size` of 224.
        shorter_side: usize,
    },
}

/// What happens to a random rectangle that is wider or taller than the picture.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum CropRule {
    /// One draw; the side that does not fit is cut to the picture's (BYOL's code).
    Clamp,
    /// Up to ten draws until one fits, else the largest centred rectangle of an allowed aspect (torchvision).
    TenAttempts,
}

/// How a rectangle is brought to the output size.
///
/// Pixel centres are at half-integers; taps outside the rectangle are left out and the remaining weights
/// are scaled to sum to one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Resample {
    /// The interpolating function.
    pub filter: Filter,
    /// Whether the filter is widened when the picture is made smaller.
    ///
    /// `true` is Pillow's `resize` and torchvision's default. `false` is `tf.image.resize` with
    /// `antialias=False`, BYOL's code (which rounds the filter's argument to 1/1024; here it is exact).
    pub antialias: bool,
}

/// The interpolating function of a resampling.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Filter {
    /// Keys' cubic with a = −1/2 (Catmull-Rom), as TensorFlow and Pillow have it. `PyTorch` has a = −3/4 where
    /// it does not antialias and a = −1/2 where it does.
    Bicubic,
    /// A triangle.
    Bilinear,
}

/// Random change of brightness, contrast, saturation and hue, in random order.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct ColorJitter {
    /// Probability of changing colour at all; 0.8 in the paper.
    pub probability: f64,
    /// Half-width b of the brightness change; 0.4 in the paper.
    pub brightness: f64,
    /// Half-width of the contrast factor, drawn from `[1 − c, 1 + c]`; 0.4 in the paper.
    pub contrast: f64,
    /// Half-width of the saturation factor, drawn from `[1 − s, 1 + s]`; 0.2 in the paper.
    pub saturation: f64,
    /// Half-width of the hue shift in turns of the colour wheel; 0.1 in the paper.
    pub hue: f64,
    /// Whose definitions of the four operations.
    pub style: JitterStyle,
}

/// Whose definitions of the colour operations; all clip to `[0, 1]` after each operation.
///
/// | | BYOL's code | torchvision |
/// |---|---|---|
/// | brightness | `x + δ`, δ from `[−b, b]` | `f x`, f from `[1 − b, 1 + b]` |
/// | contrast | `f x + (1 − f) mean(channel)` | `f x + (1 − f) mean(grey)` |
/// | saturation | S of HSV times f | `f x + (1 − f) grey` |
/// | hue | H of HSV plus h | the same |
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum JitterStyle {
    /// The authors' code.
    Byol,
    /// `torchvision.transforms.ColorJitter`.
    Torchvision,
}

/// Gaussian blur with a separable kernel, zeros outside the picture ("SAME" padding).
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Blur {
    /// Probability of blurring; 1.0 for BYOL's first view, 0.1 for the second.
    pub probability: f64,
    /// Least and greatest standard deviation in pixels of the output; `[0.1, 2.0]` in the paper.
    pub sigma: [f64; 2],
    /// Number of taps, odd; absent, `2 ⌊size / 20⌋ + 1`: the paper's 23 at 224 pixels, 3 at 32.
    pub taps: Option<usize>,
}

/// `x` below the threshold, `1 − x` from it on.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Solarize {
    /// Probability of solarising; 0 for BYOL's first view, 0.2 for the second.
    pub probability: f64,
    /// Where inversion begins; 0.5 in the paper.
    pub threshold: f64,
}

/// `(x − mean) / std` per channel.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Normalize {
    /// Mean of red, green and blue in `[0, 1]`.
    pub mean: [f64; 3],
    /// Standard deviation of red, green and blue.
    pub std: [f64; 3],
}

impl Normalize {
    /// The statistics of the training pictures of `ImageNet` that BYOL and torchvision use.
    pub const IMAGENET: Self = Self { mean: [0.485, 0.456, 0.406], std: [0.229, 0.224, 0.225] };
    /// The statistics of CIFAR-10's training pictures.
    pub const CIFAR10: Self = Self { mean: [0.4914, 0.4822, 0.4465], std: [0.2470, 0.2435, 0.2616] };
}

impl Blur {
    /// Number of taps at an output of `size` pixels.
    pub fn taps(&self, size: usize) -> usize {
        self.taps.unwrap_or(2 * (size / 20) + 1)
    }
}

impl Crop {
    /// The paper's random crop under the given rule.
    pub const fn random_resized(rule: CropRule) -> Self {
        Self::RandomResized { area: [0.08, 1.0], aspect: [3.0 / 4.0, 4.0 / 3.0], rule }
    }
}

impl Default for AugmentConfig {
    fn default() -> Self {
        Self::byol_view1(224)
    }
}

impl Default for Resample {
    fn default() -> Self {
        Self { filter: Filter::Bicubic, antialias: false }
    }
}

impl Default for ColorJitter {
    fn default() -> Self {
        Self {
            probability: 0.8,
            brightness: 0.4,
            contrast: 0.4,
            saturation: 0.2,
            hue: 0.1,
            style: JitterStyle::Byol,
        }
    }
}

impl Default for Blur {
    fn default() -> Self {
        Self { probability: 1.0, sigma: [0.1, 2.0], taps: None }
    }
}

impl Default for Solarize {
    fn default() -> Self {
        Self { probability: 0.0, threshold: 0.5 }
    }
}

impl AugmentConfig {
    /// Checks every field.
    ///
    /// # Errors
    /// [`Error::Setting`] with the field, its value and the allowed range.
    pub fn validate(&self) -> Result<()> {
        check((1..=8192).contains(&self.size), "size", self.size, "from 1 to 8192 pixels")?;
        self.crop.validate(self.size)?;
        share("flip", self.flip)?;
        let jitter = &self.color_jitter;
        share("color_jitter.probability", jitter.probability)?;
        share("color_jitter.brightness", jitter.brightness)?;
        share("color_jitter.contrast", jitter.contrast)?;
        share("color_jitter.saturation", jitter.saturation)?;
        let turns = (0.0..=0.5).contains(&jitter.hue);
        check(turns, "color_jitter.hue", jitter.hue, "from 0 to 0.5 turns")?;
        share("grayscale", self.grayscale)?;
        share("blur.probability", self.blur.probability)?;
        let sigma = self.blur.sigma;
        let positive = sigma[0] > 0.0 && sigma[0] <= sigma[1] && sigma[1].is_finite();
        check(positive, "blur.sigma", format!("{sigma:?}"), "0 < least <= greatest, in pixels")?;
        let taps = self.blur.taps(self.size);
        check(taps % 2 == 1 && taps < 512, "blur.taps", taps, "an odd number below 512")?;
        share("solarize.probability", self.solarize.probability)?;
        share("solarize.threshold", self.solarize.threshold)?;
        if let Some(Normalize { mean, std }) = self.normalize {
            let finite = mean.iter().all(|value| value.is_finite());
            check(finite, "normalize.mean", format!("{mean:?}"), "three finite numbers")?;
            let positive = std.iter().all(|&value| value > 0.0 && value.is_finite());
            check(positive, "normalize.std", format!("{std:?}"), "three positive numbers")?;
        }
        Ok(())
    }
}

impl Crop {
    fn validate(&self, size: usize) -> Result<()> {
        match *self {
            Self::RandomResized { area, aspect, .. } => {
                let inside = area[0] > 0.0 && area[0] <= area[1] && area[1] <= 1.0;
                check(inside, "crop.area", format!("{area:?}"), "0 < least <= greatest <= 1")?;
                let inside = aspect[0] > 0.0 && aspect[0] <= aspect[1] && aspect[1].is_finite();
                check(inside, "crop.aspect", format!("{aspect:?}"), "0 < least <= greatest")
            }
            Self::Center { shorter_side } => {
                let inside = (size..=65_536).contains(&shorter_side);
                check(
                    inside,
                    "crop.shorter_side",
                    shorter_side,
                    &format!("at least `size`, {size}, at most 65536"),
                )
            }
        }
    }
}

fn share(field: &str, value: f64) -> Result<()> {
    check((0.0..=1.0).contains(&value), field, value, "from 0 to 1")
}

fn check(holds: bool, field: &str, value: impl Display, expected: &str) -> Result<()> {
    if holds {
        return Ok(());
    }
    Err(Error::Setting { field: field.into(), value: format!("{value}"), expected: expected.into() })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_bad_value_is_named_with_its_range() {
        let mut config = AugmentConfig::default();
        config.blur.sigma = [2.0, 0.1];
        let message = config.validate().expect_err("least above greatest").to_string();
        assert_eq!(message, "`blur.sigma` is [2.0, 0.1], expected 0 < least <= greatest, in pixels");
        let mut config = AugmentConfig::evaluation(224);
        config.crop = Crop::Center { shorter_side: 200 };
        let message = config.validate().expect_err("smaller than the crop").to_string();
        assert_eq!(message, "`crop.shorter_side` is 200, expected at least `size`, 224, at most 65536");
    }

    #[test]
    fn not_a_number_is_refused_everywhere() {
        let spoil: [fn(&mut AugmentConfig); 8] = [
            |c| c.flip = f64::NAN,
            |c| c.color_jitter.hue = f64::NAN,
            |c| c.grayscale = f64::NAN,
            |c| c.blur.sigma[1] = f64::NAN,
            |c| c.solarize.threshold = f64::NAN,
            |c| c.normalize = Some(Normalize { mean: [f64::NAN; 3], std: [1.0; 3] }),
            |c| c.normalize = Some(Normalize { mean: [0.0; 3], std: [0.0; 3] }),
            |c| {
                c.crop =
                    Crop::RandomResized { area: [f64::NAN, 1.0], aspect: [1.0, 1.0], rule: CropRule::Clamp };
            },
        ];
        for (case, spoil) in spoil.iter().enumerate() {
            let mut config = AugmentConfig::default();
            spoil(&mut config);
            assert!(config.validate().is_err(), "case {case}");
        }
    }

    #[test]
    fn blur_has_the_papers_number_of_taps() {
        assert_eq!(Blur::default().taps(224), 23);
        assert_eq!(Blur::default().taps(32), 3);
    }
}
