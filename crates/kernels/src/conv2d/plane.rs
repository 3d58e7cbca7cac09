//! The padded plane: a copy of images in which every window a kernel reads lies inside.

use crate::simd::LANES_MAX;

/// How images are laid out in a plane.
#[derive(Clone, Copy, Debug)]
pub(super) struct Plane {
    /// Rows and columns of the image.
    pub image: [usize; 2],
    pub channels: usize,
    /// Row and column of the image that the plane's first row and column show; negative ones are zeros.
    pub origin: [isize; 2],
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

    /// Copies images, `[image, row, column, channel]`, into planes one after the other.
    pub fn fill(&self, images: &[f32], planes: &mut [f32]) {
        let [height, width] = self.image;
        let row_len = self.row_len();
        // The image's columns that the plane shows, and where the first of them lies in the plane.
        let first = usize::try_from(self.origin[1]).unwrap_or(0).min(width);
        let left = usize::try_from(-self.origin[1]).unwrap_or(0).min(self.size[1]);
        let shown = (width - first).min(self.size[1] - left);
        let row_image = width * self.channels;
        for (image, plane) in images.chunks_exact(height * row_image).zip(planes.chunks_exact_mut(self.len()))
        {
            for (row, out) in plane.chunks_exact_mut(row_len).enumerate() {
                let source = row as isize + self.origin[0];
                let Some(y) = usize::try_from(source).ok().filter(|&y| y < height) else {
                    out.fill(0.0);
                    continue;
                };
                let (before, rest) = out.split_at_mut(left * self.channels);
                let (middle, after) = rest.split_at_mut(shown * self.channels);
                before.fill(0.0);
                middle.copy_from_slice(&image[y * row_image + first * self.channels..][..middle.len()]);
                after.fill(0.0);
            }
        }
    }
}
