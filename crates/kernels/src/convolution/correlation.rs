//! A correlation of a tensor with weights: what the forward pass is, and the input gradient.

use super::channels::Channels;
use super::phase::Slices;
use super::product::Product;
use super::shape::Convolution;
use super::source::Source;
use super::unit::Unit;
use crate::columns::Moments;
use crate::precision::Precision;
use crate::scratch::with_scratch;
use crate::simd::LANES_MAX;
use crate::statistics::Observer;
use crate::values::{Values, ValuesMut};
use std::ops::Range;

/// Pixels a task should have at least: enough to read the weights seldom, few enough to share the work.
const TASK_PIXELS: usize = 192;

/// Slices in one task, from the shape alone.
pub(super) fn slices_per_task(pixels_per_slice: usize) -> usize {
    TASK_PIXELS.div_ceil(pixels_per_slice)
}

/// What is known of a correlation before the numbers are.
pub(super) struct Correlation {
    channels: Channels,
    /// One for each phase of the first axis: slice `z` of an image has the one of number `z` modulo theirs.
    phases: Vec<Slices>,
    /// Slices of an image that is written, and pixels of such a slice.
    depth: usize,
    pixels: usize,
    /// Slices that are written together: neighbours differ in their phase, if there are several.
    together: usize,
    /// Slices of a task.
    per_task: usize,
}

/// The products of one phase of the first axis, each with its packed weights.
type Products<'a> = Vec<(Product<'a>, &'a [f32])>;

impl Correlation {
    /// The output from the input.
    pub fn forward(shape: &Convolution, precision: Precision) -> Self {
        let channels = Channels::forward(shape, precision);
        let ([depth, ..], pixels) = (shape.output(), shape.output_pixels());
        let per_task = channels.unit().slices_per_task(pixels);
        let together = per_task.min(shape.batch * depth);
        let phases = vec![Slices::forward(shape, &channels, together)];
        Self { channels, phases, depth, pixels, together, per_task }
    }

    /// The input gradient from that of the output.
    pub fn backward(shape: &Convolution, precision: Precision) -> Self {
        let channels = Channels::backward(shape, precision);
        let [depth, height, width] = shape.size;
        let pixels = height * width;
        let per_task = channels.unit().slices_per_task(pixels);
        let together = match shape.stride[0] {
            1 => per_task.min(shape.batch * depth),
            _ => 1,
        };
        let phases = Slices::backward(shape, &channels, together);
        Self { channels, phases, depth, pixels, together, per_task }
    }

    /// Computes `written`, and gives what the observer saw of it. What is not multiplied in pairs is rounded first, if the
    /// precision wants that.
    pub fn run(
        &self,
        precision: Precision,
        read: Source<'_>,
        weight: &[f32],
        written: ValuesMut<'_>,
        observer: Observer,
    ) -> Vec<Moments> {
        let rounded = match self.channels.unit() {
            Unit::Single => precision,
            Unit::Pair | Unit::Tile => Precision::F32,
        };
        let plane = self.phases[0].stacks.plane;
        if let Some(values) = read.floats() {
            return rounded.operands(values, weight, |values, weight| {
                let read = Source::plain(Values::F32(values));
                self.pack(weight, |products| self.write_all(products, read, written, observer))
            });
        }
        if rounded == Precision::F32 && plane.shows_pixels() {
            return self.pack(weight, |products| self.write_all(products, read, written, observer));
        }
        read.settle(plane.image_len(), |values| {
            self.run(precision, Source::plain(Values::F32(values)), weight, written, observer)
        })
    }

    /// Gives `work` the products of each phase.
    fn pack<R>(&self, weight: &[f32], work: impl FnOnce(&[Products<'_>]) -> R) -> R {
        let product = |phase| Product::new(&self.channels, phase);
        let products: Vec<Vec<Product<'_>>> =
            self.phases.iter().map(|slices| slices.phases.iter().map(product).collect()).collect();
        with_scratch(products.iter().flatten().map(Product::packed_len).sum(), |mut packed| {
            let products: Vec<Products<'_>> = products
                .into_iter()
                .map(|products| {
                    products
                        .into_iter()
                        .map(|product| {
                            let (here, others) =
                                std::mem::take(&mut packed).split_at_mut(product.packed_len());
                            packed = others;
                            product.pack(weight, here);
                            (product, &*here)
                        })
                        .collect()
                })
                .collect();
            work(&products)
        })
    }

    fn write_all(
        &self,
        products: &[Products<'_>],
        read: Source<'_>,
        written: ValuesMut<'_>,
        observer: Observer,
    ) -> Vec<Moments> {
        let task_len = self.per_task * self.pixels * self.channels.all[1];
        written.in_tasks(task_len, observer, |task, written| self.write_task(task, products, read, written))
    }

    fn write_task(
        &self,
        task: usize,
        products: &[Products<'_>],
        read: Source<'_>,
        mut written: ValuesMut<'_>,
    ) {
        // Tiles write bfloat16 themselves; a few numbers of each pixel are rounded sooner all at once.
        let narrow = self.channels.unit() == Unit::Tile && self.channels.written.is_multiple_of(LANES_MAX);
        if !narrow && written.element_bytes() != size_of::<f32>() {
            return written.wide(|wide| self.write_task(task, products, read, ValuesMut::F32(wide)));
        }
        let slice_len = self.pixels * self.channels.all[1];
        let slices = written.len() / slice_len;
        for first in (0..slices).step_by(self.together) {
            let count = self.together.min(slices - first);
            let written = written.part(first * slice_len, count * slice_len);
            let first = task * self.per_task + first;
            let phase = first % self.depth % self.phases.len();
            self.write_slices(&self.phases[phase], &products[phase], read, first..first + count, written);
        }
    }

    fn write_slices(
        &self,
        Slices { stacks, phases }: &Slices,
        products: &Products<'_>,
        read: Source<'_>,
        slices: Range<usize>,
        mut written: ValuesMut<'_>,
    ) {
        // Some pixels are reached by no window when the stride exceeds the kernel.
        if phases.iter().map(|phase| phase.per_slice).sum::<usize>() < self.pixels {
            written.clear();
        }
        if phases.is_empty() {
            return;
        }
        for group in 0..self.channels.products {
            let mut ahead = if group == 0 { stacks.ahead(read, slices.clone()) } else { &[] };
            stacks.with(self.channels.unit(), read, slices.clone(), group * self.channels.read, |stacks| {
                for (phase, (product, packed)) in phases.iter().zip(products) {
                    let pixels = &phase.pixels[..slices.len() * phase.per_slice];
                    product.multiply(stacks, std::mem::take(&mut ahead), pixels, packed, group, &mut written);
                }
            });
        }
    }
}
