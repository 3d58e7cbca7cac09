//! One picture and one draw in, `[3, size, size]` floats out.

use pulp::{Arch, Simd, WithSimd};

use super::{
    blur,
    color::{self, BLOCK, PointOperation},
    config::{AugmentConfig, JitterStyle},
    draw::{self, ColorOperation, Draw, JitterDraw},
    resize,
    stream::Stream,
};
use crate::{Image, Result};

/// A checked [`AugmentConfig`], ready to draw and apply views.
#[derive(Clone, Debug)]
pub struct Augment {
    config: AugmentConfig,
    arch: Arch,
}

/// Working memory of [`Augment::apply`]; kept by the caller, it makes applying free of allocation.
#[derive(Debug, Default)]
pub struct Scratch {
    resize: resize::Buffers,
    blur: blur::Buffers,
    operations: Vec<PointOperation>,
}

impl Scratch {
    /// Empty; grows at first use.
    pub fn new() -> Self {
        Self::default()
    }
}

impl Augment {
    /// Checks a configuration.
    ///
    /// # Errors
    /// [`crate::Error::Setting`] if a field is out of range.
    pub fn new(config: AugmentConfig) -> Result<Self> {
        config.validate()?;
        Ok(Self { config, arch: Arch::new() })
    }

    /// The configuration.
    pub fn config(&self) -> &AugmentConfig {
        &self.config
    }

    /// Side of the output in pixels.
    pub fn size(&self) -> usize {
        self.config.size
    }

    /// Floats in one view, `3 · size · size`.
    #[expect(clippy::len_without_is_empty, reason = "a view is never empty")]
    pub fn len(&self) -> usize {
        3 * self.config.size * self.config.size
    }

    /// Draws every random quantity of one view of a picture of `width × height`.
    ///
    /// The same numbers are taken from the stream whatever is switched on, so that a pipeline with one
    /// operation less makes the same crops, flips and colours.
    ///
    /// # Panics
    /// If a side is zero.
    pub fn sample(&self, stream: &mut Stream, width: usize, height: usize) -> Draw {
        assert!(width > 0 && height > 0, "a picture has pixels, got {width} x {height}");
        draw::sample(&self.config, stream, width, height)
    }

    /// Writes the view `draw` of `image` to `out`, `[3, size, size]`: planes red, green, blue, rows from top.
    ///
    /// Values lie in `[0, 1]` before normalisation. The result depends on nothing but the arguments; it is the
    /// same to the bit on processors with and without wide vector instructions.
    ///
    /// # Panics
    /// If `out` does not hold `3 · size · size` floats or the draw's region leaves the picture.
    pub fn apply(&self, image: &Image, draw: &Draw, scratch: &mut Scratch, out: &mut [f32]) {
        let (config, size) = (&self.config, self.config.size);
        assert_eq!(out.len(), self.len(), "a view is [3, {size}, {size}]");
        let [left, top, right, bottom] = draw.region.within;
        assert!(
            left < right && right <= image.width() && top < bottom && bottom <= image.height(),
            "the region {:?} lies within the {} x {} picture",
            draw.region,
            image.width(),
            image.height()
        );
        let Scratch { resize, blur, operations } = scratch;
        let source = resize::Source { image, region: &draw.region, flip: draw.flip };
        resize::resize(self.arch, source, config.resample, size, resize, out);
        operations.clear();
        if let Some(jitter) = &draw.jitter {
            self.jitter(jitter, operations, out);
        }
        if draw.grayscale {
            operations.push(PointOperation::Grayscale);
        }
        if let Some(sigma) = draw.blur {
            self.sweep(operations, out);
            blur::blur(self.arch, out, size, config.blur.taps(size), sigma, blur);
        }
        if draw.solarize {
            operations.push(PointOperation::Solarize { threshold: config.solarize.threshold as f32 });
        }
        operations.push(self.finish());
        self.sweep(operations, out);
    }

    /// Queues the colour operations; contrast needs a mean, so what is queued before it is carried out.
    fn jitter(&self, jitter: &JitterDraw, operations: &mut Vec<PointOperation>, planes: &mut [f32]) {
        let style = self.config.color_jitter.style;
        for operation in jitter.order {
            let queued = match (operation, style) {
                (ColorOperation::Brightness, JitterStyle::Byol) => {
                    PointOperation::Affine { scale: 1.0, offset: [jitter.brightness as f32; 3] }
                }
                (ColorOperation::Brightness, JitterStyle::Torchvision) => {
                    PointOperation::Affine { scale: jitter.brightness as f32, offset: [0.0; 3] }
                }
                (ColorOperation::Contrast, _) => {
                    let means = self.sweep(operations, planes);
                    let centers = match style {
                        JitterStyle::Byol => means,
                        JitterStyle::Torchvision => {
                            let gray =
                                means.iter().zip(color::GRAY).map(|(mean, weight)| mean * f64::from(weight));
                            [gray.sum(); 3]
                        }
                    };
                    let offset = centers.map(|center| ((1.0 - jitter.contrast) * center) as f32);
                    PointOperation::Affine { scale: jitter.contrast as f32, offset }
                }
                (ColorOperation::Saturation, _) => {
                    PointOperation::Saturate { factor: jitter.saturation as f32, style }
                }
                (ColorOperation::Hue, _) => PointOperation::Hue { turns: jitter.hue as f32 },
            };
            operations.push(queued);
        }
    }

    /// The last clip and the normalisation.
    fn finish(&self) -> PointOperation {
        let (scale, offset) = match &self.config.normalize {
            Some(normalize) => (
                normalize.std.map(|std| (1.0 / std) as f32),
                [0, 1, 2].map(|channel| (-normalize.mean[channel] / normalize.std[channel]) as f32),
            ),
            None => ([1.0; 3], [0.0; 3]),
        };
        PointOperation::Normalize { scale, offset }
    }

    /// Carries out and clears the queue, block by block; gives the channel means of the result.
    fn sweep(&self, operations: &mut Vec<PointOperation>, planes: &mut [f32]) -> [f64; 3] {
        let area = planes.len() / 3;
        let sums = self.arch.dispatch(Sweep { operations, planes });
        operations.clear();
        sums.map(|sum| sum / area as f64)
    }
}

/// A chain of operations on all pixels, compiled for every instruction set; gives the sum of every channel.
struct Sweep<'a> {
    operations: &'a [PointOperation],
    planes: &'a mut [f32],
}

impl WithSimd for Sweep<'_> {
    type Output = [f64; 3];

    #[inline(always)]
    fn with_simd<S: Simd>(self, _: S) -> [f64; 3] {
        let area = self.planes.len() / 3;
        let (red, rest) = self.planes.split_at_mut(area);
        let (green, blue) = rest.split_at_mut(area);
        let mut sums = [0.0; 3];
        for ((red, green), blue) in
            red.chunks_mut(BLOCK).zip(green.chunks_mut(BLOCK)).zip(blue.chunks_mut(BLOCK))
        {
            for operation in self.operations {
                operation.apply(red, green, blue);
            }
            sums[0] += color::sum(red);
            sums[1] += color::sum(green);
            sums[2] += color::sum(blue);
        }
        sums
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_instruction_set_gives_the_same_bits() {
        let mut stream = Stream::new(1, 2, 3, 4);
        let image = Image::new(61, 47, (0..61 * 47 * 3).map(|_| stream.below(256) as u8).collect());
        for antialias in [false, true] {
            let mut config = AugmentConfig::symmetric(40);
            config.resample.antialias = antialias;
            let wide = Augment::new(config).expect("valid");
            let narrow = Augment { arch: Arch::Scalar, ..wide.clone() };
            for index in 0..40 {
                let draw = wide.sample(&mut Stream::new(0, 0, index, 0), 61, 47);
                let mut views = [vec![0.0; wide.len()], vec![0.0; wide.len()]];
                wide.apply(&image, &draw, &mut Scratch::new(), &mut views[0]);
                narrow.apply(&image, &draw, &mut Scratch::new(), &mut views[1]);
                assert_eq!(views[0], views[1], "{draw:?}");
            }
        }
    }
}
