//! Pixels that are written alike, from windows of one form.

use super::axis::{Axis, Shown};
use super::channels::Channels;
use super::gather::Pixel;
use super::plane::Plane;
use super::shape::Convolution;
use super::stacks::Stacks;
use super::unit::Unit;
use super::window::Window;

/// The slices of one phase of the first axis, and the phases of their pixels.
#[derive(Clone, Debug)]
pub(super) struct Slices {
    pub stacks: Stacks,
    pub phases: Vec<Phase>,
}

/// The pixels of one phase of all axes.
#[derive(Clone, Debug)]
pub(super) struct Phase {
    pub window: Window,
    /// Those of some slices, each with its window, counted in units.
    pub pixels: Vec<Pixel>,
    /// Pixels of one slice.
    pub per_slice: usize,
}

impl Slices {
    /// The output pixels of the convolution, which have one phase, for so many slices at a time.
    pub fn forward(shape: &Convolution, channels: &Channels, slices: usize) -> Self {
        let [depth, rows, columns] = [0, 1, 2].map(|axis| Axis::forward(shape, axis));
        let sizes = [shape.size, shape.output()];
        Self::new(depth, [&[rows], &[columns]], sizes, shape.kernel, channels, slices)
    }

    /// The input pixels, for so many slices of a phase at a time.
    pub fn backward(shape: &Convolution, channels: &Channels, slices: usize) -> Vec<Self> {
        let [depths, rows, columns] = [0, 1, 2].map(|axis| Axis::backward(shape, axis));
        let sizes = [shape.output(), shape.size];
        let phase = |depth| Self::new(depth, [&rows, &columns], sizes, shape.kernel, channels, slices);
        depths.into_iter().map(phase).collect()
    }

    fn new(
        depth: Axis,
        [rows, columns]: [&[Axis]; 2],
        [read, written]: [[usize; 3]; 2],
        kernel: [usize; 3],
        channels: &Channels,
        slices: usize,
    ) -> Self {
        let shown = [Shown::new(rows), Shown::new(columns)];
        let plane = Plane {
            image: [read[1], read[2]],
            image_channels: channels.all[0],
            channels: channels.read,
            pick: channels.pick,
            origin: shown.map(|shown| shown.origin),
            step: shown.map(|shown| shown.step),
            size: shown.map(|shown| shown.size),
        };
        let stacks = Stacks { plane, depths: [read[0], written[0]], axis: depth, members: channels.members };
        let axes = rows.iter().flat_map(|row| columns.iter().map(move |column| [row, column]));
        let phases = axes
            .filter(|axes| {
                let reach = |axis: &Axis| !axis.taps.is_empty();
                reach(&stacks.axis) && axes.iter().all(|axis| reach(axis))
            })
            .map(|axes| Phase {
                window: Window::new(&stacks, axes, kernel, channels.kind),
                pixels: pixels(&stacks, axes, shown, [written[1], written[2]], channels.unit(), slices),
                per_slice: axes[0].count * axes[1].count,
            })
            .collect();
        Self { stacks, phases }
    }
}

/// The pixels of some slices of `[height, width]` pixels.
fn pixels(
    stacks: &Stacks,
    axes: [&Axis; 2],
    shown: [Shown; 2],
    [height, width]: [usize; 2],
    unit: Unit,
    slices: usize,
) -> Vec<Pixel> {
    let plane = &stacks.plane;
    let [[first_row, rows], [first_column, columns]] = [0, 1].map(|axis| shown[axis].windows(axes[axis]));
    let mut pixels = Vec::with_capacity(slices * axes[0].count * axes[1].count);
    for slice in 0..slices {
        for y in 0..axes[0].count {
            let row = slice * height + axes[0].start + y * axes[0].step;
            let source = slice * stacks.len() + (first_row + y * rows) * plane.row_len();
            for x in 0..axes[1].count {
                pixels.push(Pixel {
                    source: (source + (first_column + x * columns) * plane.channels) / unit.len(),
                    target: row * width + axes[1].start + x * axes[1].step,
                });
            }
        }
    }
    pixels
}
