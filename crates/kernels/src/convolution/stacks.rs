//! Stacks of planes: beside each other, for each slice that is written, those of all slices that its windows read.

use super::axis::Axis;
use super::plane::Plane;
use super::source::{Slice, Source};
use super::unit::Unit;
use crate::scratch::with_scratch;
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

    /// Gives `work` the stacks for some slices that are written, from a channel on and in a unit: the tensor itself where it
    /// is the same.
    pub fn with(
        &self,
        unit: Unit,
        tensor: Source<'_>,
        slices: Range<usize>,
        channel: usize,
        work: impl FnOnce(&[f32]),
    ) {
        let here = slices.start * self.len()..slices.end * self.len();
        let whole = tensor.as_they_are().filter(|_| self.is_tensor());
        if let (Some(values), Unit::Single) = (tensor.floats().filter(|_| whole.is_some()), unit) {
            return work(&values[here]);
        }
        let units = here.len() / unit.len();
        with_scratch(units + unit.reserve(self.plane.channels), |stacks| {
            let (stacks_of_slices, behind) = stacks.split_at_mut(units);
            behind.fill(0.0);
            match whole {
                Some(values) => unit.copy(values.part(here.start, here.len()), stacks_of_slices),
                None => self.fill(unit, tensor, slices, channel, stacks_of_slices),
            }
            work(stacks);
        });
    }

    /// What the stacks after those of some slices are filled from, if they are next to them.
    pub fn ahead<'a>(&self, tensor: Source<'a>, slices: Range<usize>) -> &'a [u8] {
        let len = if self.depths == [1, 1] { self.plane.image_len() } else { 0 };
        let [start, end] =
            [slices.end, slices.end + slices.len()].map(|slice| tensor.values.len().min(slice * len));
        tensor.values.part(start, end - start).bytes()
    }

    /// Whether each stack is the slice of the same number.
    fn is_tensor(&self) -> bool {
        let alone = self.members == 1 && self.axis.taps.len() == 1;
        alone && self.depths == [1, 1] && self.axis.first == 0 && self.plane.is_image()
    }

    /// Copies the slices in a unit into stacks one after the other.
    pub fn fill(
        &self,
        unit: Unit,
        tensor: Source<'_>,
        slices: Range<usize>,
        channel: usize,
        stacks: &mut [f32],
    ) {
        let planes = stacks.chunks_exact_mut(self.plane.len() / unit.len());
        for ((source, member), plane) in self.shown(tensor, slices).zip(planes) {
            self.plane.fill(unit, source, channel + member, plane);
        }
    }

    /// The same in pairs of numbers with those `step` floats behind them.
    pub fn fill_neighbours(
        &self,
        step: usize,
        tensor: Source<'_>,
        slices: Range<usize>,
        channel: usize,
        stacks: &mut [f32],
    ) {
        let planes = stacks.chunks_exact_mut(self.plane.len());
        for ((source, member), plane) in self.shown(tensor, slices).zip(planes) {
            self.plane.fill_neighbours(step, source, channel + member, plane);
        }
    }

    /// What each plane of the stacks of some slices shows: a slice, or nothing, and the member of a group that it starts from.
    fn shown<'a>(
        &'a self,
        tensor: Source<'a>,
        slices: Range<usize>,
    ) -> impl Iterator<Item = (Option<Slice<'a>>, usize)> {
        let Axis { taps, apart, first, read_step, step, .. } = &self.axis;
        let [read, written] = self.depths;
        let image_len = self.plane.image_len();
        let members = slices.flat_map(|slice| (0..self.members).map(move |member| (slice, member)));
        members.flat_map(move |(slice, member)| {
            let (image, z) = (slice / written, slice % written);
            (0..taps.len()).map(move |tap| {
                let source = first + (z / step * read_step + tap * apart) as isize;
                let source = usize::try_from(source).ok().filter(|&source| source < read);
                (source.map(|source| tensor.slice(image * read + source, image_len)), member)
            })
        })
    }
}
