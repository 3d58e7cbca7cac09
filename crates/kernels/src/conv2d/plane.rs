//! The padded plane: a copy of images in which every window a kernel reads lies inside.

use crate::scratch::with_scratch;
use crate::simd::LANES_MAX;

/// How images are laid out in a plane.
#[derive(Clone, Copy, Debug)]
pub(super) struct Plane {
    /// Rows and columns of the image.
    pub image: [usize; 2],
    pub channels: usize,
    /// Row and column of the image that the plane's first row and column show; negative ones are zeros.
    pub origin: [isize; 2],
    /// Rows and columns of the image from one that is shown to the next.
    pub step: [usize; 2],
    /// Rows and columns of the plane.
    pub size: [usize; 2],
}

impl Plane {
    /// Floats between a plane's rows.
    pub fn row_len(&self) -> usize {
        self.size[1] * self.channels
    }

    /// Floats of one image's plane.
    pub fn len(&self) -> usize {
        self.size[0] * self.row_len()
    }

    /// Floats to reserve for some images: a kernel may read (and then ignore) one vector past the last window.
    pub fn reserve(&self, images: usize) -> usize {
        images * self.len() + LANES_MAX
    }

    /// Gives `work` the planes of images, `[image, row, column, channel]`: the images themselves where they are the same.
    pub fn with_planes(&self, images: &[f32], work: impl FnOnce(&[f32])) {
        let is_image = self.origin == [0, 0] && self.step == [1, 1] && self.size == self.image;
        if is_image {
            return work(images);
        }
        with_scratch(images.len() / (self.image[0] * self.image[1] * self.channels) * self.len(), |planes| {
            self.fill(images, planes);
            work(planes);
        });
    }

    /// Copies images, `[image, row, column, channel]`, into planes one after the other.
    pub fn fill(&self, images: &[f32], planes: &mut [f32]) {
        let [height, width] = self.image;
        let row_image = width * self.channels;
        for (image, plane) in images.chunks_exact(height * row_image).zip(planes.chunks_exact_mut(self.len()))
        {
            for (row, out) in plane.chunks_exact_mut(self.row_len()).enumerate() {
                let source = (row * self.step[0]) as isize + self.origin[0];
                match usize::try_from(source) {
                    Ok(y) if y < height => self.fill_row(&image[y * row_image..][..row_image], out),
                    _ => out.fill(0.0),
                }
            }
        }
    }

    fn fill_row(&self, image: &[f32], out: &mut [f32]) {
        if self.step[1] == 1 {
            // The image's columns that the plane shows, and where the first of them lies in the plane.
            let first = usize::try_from(self.origin[1]).unwrap_or(0).min(self.image[1]);
            let left = usize::try_from(-self.origin[1]).unwrap_or(0).min(self.size[1]);
            let shown = (self.image[1] - first).min(self.size[1] - left);
            let (before, rest) = out.split_at_mut(left * self.channels);
            let (middle, after) = rest.split_at_mut(shown * self.channels);
            before.fill(0.0);
            middle.copy_from_slice(&image[first * self.channels..][..middle.len()]);
            after.fill(0.0);
            return;
        }
        for (column, out) in out.chunks_exact_mut(self.channels).enumerate() {
            let source = (column * self.step[1]) as isize + self.origin[1];
            match usize::try_from(source) {
                Ok(x) if x < self.image[1] => {
                    out.copy_from_slice(&image[x * self.channels..][..self.channels]);
                }
                _ => out.fill(0.0),
            }
        }
    }
}
