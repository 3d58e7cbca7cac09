//! The one picture type every source yields and every augmentation takes.

/// An 8-bit RGB picture, rows top to bottom, channels interleaved: `[height, width, 3]`.
///
/// ```
/// use autodidact_data::Image;
/// let image = Image::new(2, 1, vec![255, 0, 0, 0, 0, 255]);
/// assert_eq!(image.pixel(1, 0), [0, 0, 255]);
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Image {
    width: usize,
    height: usize,
    pixels: Vec<u8>,
}

impl Image {
    /// Takes `pixels` of length `height * width * 3`.
    ///
    /// # Panics
    /// If the length does not match or a side is zero.
    pub fn new(width: usize, height: usize, pixels: Vec<u8>) -> Self {
        assert!(width > 0 && height > 0, "an image has at least one pixel, got {width} x {height}");
        assert_eq!(pixels.len(), width * height * 3, "an RGB image of {width} x {height}");
        Self { width, height, pixels }
    }

    /// Pixels per row.
    pub fn width(&self) -> usize {
        self.width
    }

    /// Number of rows.
    pub fn height(&self) -> usize {
        self.height
    }

    /// The samples, `[height, width, 3]`.
    pub fn pixels(&self) -> &[u8] {
        &self.pixels
    }

    /// The colour at column `x`, row `y`.
    pub fn pixel(&self, x: usize, y: usize) -> [u8; 3] {
        let at = (y * self.width + x) * 3;
        [self.pixels[at], self.pixels[at + 1], self.pixels[at + 2]]
    }
}
