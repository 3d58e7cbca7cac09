//! The padded plane: a copy of a slice in which every window a kernel reads lies inside.

use super::source::Slice;
use super::unit::Unit;
use crate::element::Element;
use crate::pairs::zip;
use crate::scratch::with_scratch;
use crate::values::Values;
use half::bf16;

/// How a slice is laid out in a plane.
#[derive(Clone, Copy, Debug)]
pub(super) struct Plane {
    /// Rows and columns of the slice.
    pub image: [usize; 2],
    /// Channels of a pixel of the slice, and of one of the plane.
    pub image_channels: usize,
    pub channels: usize,
    pub pick: Pick,
    /// Row and column of the slice that the plane's first row and column show; negative ones are zeros.
    pub origin: [isize; 2],
    /// Rows and columns of the slice from one that is shown to the next.
    pub step: [usize; 2],
    /// Rows and columns of the plane.
    pub size: [usize; 2],
}

/// Which channels of the slice a plane shows, from one on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Pick {
    /// One after the other.
    Each,
    /// Each so many times.
    Repeated(usize),
    /// One of so many.
    Every(usize),
}

impl Plane {
    /// Floats between a plane's rows.
    pub fn row_len(&self) -> usize {
        self.size[1] * self.channels
    }

    /// Floats of a plane.
    pub fn len(&self) -> usize {
        self.size[0] * self.row_len()
    }

    /// Floats of a slice.
    pub fn image_len(&self) -> usize {
        self.image[0] * self.image[1] * self.image_channels
    }

    /// Whether a plane is the same as its slice.
    pub fn is_image(&self) -> bool {
        self.shows_pixels() && self.origin == [0, 0] && self.step == [1, 1] && self.size == self.image
    }

    /// Whether its pixels are those of the slice.
    pub fn shows_pixels(&self) -> bool {
        self.pick == Pick::Each && self.channels == self.image_channels
    }

    /// Shows a slice, or zeros in its place, from a channel on and in a unit. Planes that do not
    /// [show pixels](Self::shows_pixels) read slices as they are.
    pub fn fill(&self, unit: Unit, image: Option<Slice<'_>>, channel: usize, plane: &mut [f32]) {
        let Some(image) = image else { return plane.fill(0.0) };
        match unit {
            Unit::Single => self.fill_rows(image, channel, plane),
            // Neighbours in memory are a pair.
            Unit::Pair | Unit::Tile => {
                self.fill_rows::<bf16>(image, channel, bytemuck::cast_slice_mut(plane));
            }
        }
    }

    /// The same, but every number in a pair of bfloat16 with the one that lies `step` numbers behind it in its row, or with
    /// zero where there is none.
    pub fn fill_neighbours(&self, step: usize, image: Option<Slice<'_>>, channel: usize, plane: &mut [f32]) {
        let Some(image) = image else { return plane.fill(0.0) };
        with_scratch((self.row_len() + step).div_ceil(2), |numbers| {
            let numbers: &mut [bf16] = bytemuck::cast_slice_mut(numbers);
            numbers[self.row_len()..].fill(bf16::ZERO);
            for (row, out) in plane.chunks_exact_mut(self.row_len()).enumerate() {
                self.fill_row(image, row, channel, &mut numbers[..out.len()]);
                zip(&numbers[..out.len()], &numbers[step..][..out.len()], out);
            }
        });
    }

    fn fill_rows<E: Element>(&self, image: Slice<'_>, channel: usize, plane: &mut [E]) {
        for (row, out) in plane.chunks_exact_mut(self.row_len()).enumerate() {
            self.fill_row(image, row, channel, out);
        }
    }

    /// A row of the plane.
    fn fill_row<E: Element>(&self, image: Slice<'_>, row: usize, channel: usize, out: &mut [E]) {
        let source = (row * self.step[0]) as isize + self.origin[0];
        match usize::try_from(source) {
            Ok(y) if y < self.image[0] => {
                self.show_row(image, y * self.image[1] * self.image_channels, channel, out);
            }
            _ => out.fill(E::zeroed()),
        }
    }

    /// Shows the row of the slice that starts at this number.
    fn show_row<E: Element>(&self, image: Slice<'_>, row: usize, channel: usize, out: &mut [E]) {
        if self.step[1] == 1 {
            // The slice's columns that the plane shows, and where the first of them lies in the plane.
            let first = usize::try_from(self.origin[1]).unwrap_or(0).min(self.image[1]);
            let left = usize::try_from(-self.origin[1]).unwrap_or(0).min(self.size[1]);
            let shown = (self.image[1] - first).min(self.size[1] - left);
            let (before, rest) = out.split_at_mut(left * self.channels);
            let (middle, after) = rest.split_at_mut(shown * self.channels);
            before.fill(E::zeroed());
            self.copy(image, row + first * self.image_channels, channel, middle);
            after.fill(E::zeroed());
            return;
        }
        for (column, out) in out.chunks_exact_mut(self.channels).enumerate() {
            let source = (column * self.step[1]) as isize + self.origin[1];
            match usize::try_from(source) {
                Ok(x) if x < self.image[1] => {
                    self.copy(image, row + x * self.image_channels, channel, out);
                }
                _ => out.fill(E::zeroed()),
            }
        }
    }

    /// Copies pixels from the slice's one that starts at this number on.
    fn copy<E: Element>(&self, image: Slice<'_>, from: usize, channel: usize, out: &mut [E]) {
        if self.shows_pixels() {
            return image.copy(from, out);
        }
        with_scratch(out.len(), |numbers| {
            self.pick_channels(&image.floats(from)[channel..], numbers);
            E::write(Values::F32(numbers), out);
        });
    }

    /// Copies what the plane shows of pixels, from a channel on.
    fn pick_channels(&self, image: &[f32], out: &mut [f32]) {
        let pixels = out.chunks_exact_mut(self.channels).zip(image.chunks(self.image_channels));
        match self.pick {
            Pick::Each => pixels.for_each(|(out, image)| out.copy_from_slice(&image[..self.channels])),
            Pick::Repeated(times) => {
                for (out, image) in pixels {
                    out.chunks_exact_mut(times).zip(image).for_each(|(out, &value)| out.fill(value));
                }
            }
            Pick::Every(step) => {
                for (out, image) in pixels {
                    let values = image.iter().step_by(step);
                    out.iter_mut().zip(values).for_each(|(out, &value)| *out = value);
                }
            }
        }
    }
}
