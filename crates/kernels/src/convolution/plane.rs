//! The padded plane: a copy of a slice in which every window a kernel reads lies inside.

use super::source::Slice;
use super::unit::Unit;
use crate::pairs::pair_arrays;
use crate::scratch::with_scratch;
use crate::values::Values;

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
        for (row, out) in plane.chunks_exact_mut(self.row_len() / unit.len()).enumerate() {
            self.fill_row(unit, image, row, channel, out);
        }
    }

    /// The same, but every number in a pair of bfloat16 with the one that lies `step` floats behind it in its row, or with
    /// zero where there is none.
    pub fn fill_neighbours(&self, step: usize, image: Option<Slice<'_>>, channel: usize, plane: &mut [f32]) {
        let Some(image) = image else { return plane.fill(0.0) };
        with_scratch(self.row_len() + step, |numbers| {
            let (_, behind) = numbers.split_at_mut(self.row_len());
            behind.fill(0.0);
            for (row, out) in plane.chunks_exact_mut(self.row_len()).enumerate() {
                self.fill_row(Unit::Single, image, row, channel, &mut numbers[..out.len()]);
                pair_arrays(&numbers[..out.len()], &numbers[step..], out);
            }
        });
    }

    /// A row of the plane.
    fn fill_row(&self, unit: Unit, image: Slice<'_>, row: usize, channel: usize, out: &mut [f32]) {
        let source = (row * self.step[0]) as isize + self.origin[0];
        match usize::try_from(source) {
            Ok(y) if y < self.image[0] => {
                self.show_row(unit, image, y * self.image[1] * self.image_channels, channel, out);
            }
            _ => out.fill(0.0),
        }
    }

    /// Shows the row of the slice that starts at this float.
    fn show_row(&self, unit: Unit, image: Slice<'_>, row: usize, channel: usize, out: &mut [f32]) {
        let pixel = self.channels / unit.len();
        if self.step[1] == 1 {
            // The slice's columns that the plane shows, and where the first of them lies in the plane.
            let first = usize::try_from(self.origin[1]).unwrap_or(0).min(self.image[1]);
            let left = usize::try_from(-self.origin[1]).unwrap_or(0).min(self.size[1]);
            let shown = (self.image[1] - first).min(self.size[1] - left);
            let (before, rest) = out.split_at_mut(left * pixel);
            let (middle, after) = rest.split_at_mut(shown * pixel);
            before.fill(0.0);
            self.copy(unit, image, row + first * self.image_channels, channel, middle);
            after.fill(0.0);
            return;
        }
        for (column, out) in out.chunks_exact_mut(pixel).enumerate() {
            let source = (column * self.step[1]) as isize + self.origin[1];
            match usize::try_from(source) {
                Ok(x) if x < self.image[1] => {
                    self.copy(unit, image, row + x * self.image_channels, channel, out);
                }
                _ => out.fill(0.0),
            }
        }
    }

    /// Copies pixels from the slice's one that starts at this float on.
    fn copy(&self, unit: Unit, image: Slice<'_>, from: usize, channel: usize, out: &mut [f32]) {
        if self.shows_pixels() {
            return image.copy(unit, from, out);
        }
        if unit != Unit::Single {
            return with_scratch(out.len() * unit.len(), |numbers| {
                self.copy(Unit::Single, image, from, channel, numbers);
                unit.copy(Values::F32(numbers), out);
            });
        }
        let image = image.floats(from).chunks_exact(self.image_channels);
        let pixels = out.chunks_exact_mut(self.channels).zip(image);
        match self.pick {
            Pick::Each => {
                pixels.for_each(|(out, image)| out.copy_from_slice(&image[channel..][..self.channels]));
            }
            Pick::Repeated(times) => {
                for (out, image) in pixels {
                    let values = &image[channel..];
                    out.chunks_exact_mut(times).zip(values).for_each(|(out, &value)| out.fill(value));
                }
            }
            Pick::Every(step) => {
                for (out, image) in pixels {
                    let values = image[channel..].iter().step_by(step);
                    out.iter_mut().zip(values).for_each(|(out, &value)| *out = value);
                }
            }
        }
    }
}
