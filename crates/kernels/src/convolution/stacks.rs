//! Stacks of planes: beside each other, for each slice that is written, those of all slices that its windows read.

use super::axis::Axis;
use super::plane::Plane;
use super::source::Source;
use crate::scratch::with_scratch;
use crate::simd::LANES_MAX;
use std::ops::Range;

/// The stacks for slices that are written alike.
#[derive(Clone, Debug)]
pub(super) struct Stacks {
    pub plane: Plane,
    /// Slices of an image that is read, and of one that is written.
    pub depths: [usize; 2],
    pub axis: Axis,
    /// How often a slice is in a stack: once for each member of a group of channels, from which that plane's channels start.
    pub members: usize,
}

impl Stacks {
    /// Floats of a stack.
    pub fn len(&self) -> usize {
        self.members * self.axis.taps.len() * self.plane.len()
    }

    /// Floats to reserve for some stacks: a kernel may read (and then ignore) one vector past the last window.
    pub fn reserve(&self, slices: usize) -> usize {
        slices * self.len() + LANES_MAX
    }

    /// Gives `work` the stacks for some slices that are written, from a channel on: the tensor itself where it is the same.
    pub fn with(&self, tensor: Source<'_>, slices: Range<usize>, channel: usize, work: impl FnOnce(&[f32])) {
        if tensor.is_plain() && self.is_tensor() {
            return work(&tensor.values[slices.start * self.len()..slices.end * self.len()]);
        }
        with_scratch(slices.len() * self.len(), |stacks| {
            self.fill(tensor, slices, channel, stacks);
            work(stacks);
        });
    }

    /// Whether each stack is the slice of the same number.
    fn is_tensor(&self) -> bool {
        let alone = self.members == 1 && self.axis.taps.len() == 1;
        alone && self.depths == [1, 1] && self.axis.first == 0 && self.plane.is_image()
    }

    /// Copies the slices into stacks one after the other.
    pub fn fill(&self, tensor: Source<'_>, slices: Range<usize>, channel: usize, stacks: &mut [f32]) {
        let Axis { taps, apart, first, read_step, step, .. } = &self.axis;
        let [read, written] = self.depths;
        let image_len = self.plane.image_len();
        let mut planes = stacks.chunks_exact_mut(self.plane.len());
        for slice in slices {
            let (image, z) = (slice / written, slice % written);
            for member in 0..self.members {
                for tap in 0..taps.len() {
                    let source = first + (z / step * read_step + tap * apart) as isize;
                    let source = usize::try_from(source).ok().filter(|&source| source < read);
                    let source = source.map(|source| tensor.slice(image * read + source, image_len));
                    let plane = planes.next().expect("there is room for the stacks of all slices");
                    self.plane.fill(source, channel + member, plane);
                }
            }
        }
    }
}
