//! The grid: pixels of all images at positions one behind the other, such that whatever a kernel position reads lies at one
//! distance from the output, and padding is shared.
//!
//! Between the pixels of two rows, slices or images lie as few positions of zeros as no window needs more of: what is right
//! of a row is left of the next one. With a stride, the input is as many grids as there are *phases*: one shows the pixels
//! `phase, phase + stride, …` of each axis.

use super::shape::Convolution;
use super::source::Source;
use crate::scratch::with_scratch;
use crate::simd::LANES_MAX;
use half::bf16;
use std::ops::Range;

/// How the pixels of a convolution lie on grids.
#[derive(Clone, Debug)]
pub(super) struct Grid {
    /// Positions of an image on each axis.
    size: [usize; 3],
    images: usize,
    /// The input's, each phase once.
    pub phases: Vec<Pixels>,
    /// Where each kernel position reads, in the order of the weights.
    pub taps: Vec<Tap>,
    pub output: Pixels,
}

/// What one kernel position reads for the output at a position.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Tap {
    /// Number of the grid.
    pub phase: usize,
    /// Positions from the output's.
    pub shift: isize,
}

/// The pixels of a tensor that a grid shows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Pixels {
    /// Pixels of an image of the tensor on each axis.
    image: [usize; 3],
    /// The first that is shown, and those from one to the next.
    first: [usize; 3],
    step: [usize; 3],
    /// Channels of a pixel.
    pub channels: usize,
}

/// Kernel positions of one axis: the phase that each reads and how far from the output.
struct Reads(Vec<(usize, isize)>);

impl Reads {
    /// Output `y` reads input `y · stride + k · dilation − padding`.
    fn new(shape: &Convolution, axis: usize) -> Self {
        let stride = shape.stride[axis] as isize;
        let read = |k: usize| (k * shape.dilation[axis]) as isize - shape.padding[axis] as isize;
        let split = |read: isize| (read.rem_euclid(stride) as usize, read.div_euclid(stride));
        Self((0..shape.kernel[axis]).map(|k| split(read(k))).collect())
    }

    /// Positions that an axis needs, so that what a window reads beside its image is zero.
    fn positions(&self, shape: &Convolution, axis: usize) -> usize {
        let before = self.0.iter().map(|&(_, shift)| -shift.min(0)).max().unwrap_or(0);
        let behind = self.0.iter().map(|&(_, shift)| shift.max(0)).max().unwrap_or(0);
        let pixels =
            self.0.iter().map(|&(phase, _)| shown(shape.size[axis], phase, shape.stride[axis])).max();
        (pixels.unwrap_or(0) + before as usize).max(shape.output()[axis] + behind as usize)
    }
}

/// How many of so many pixels are `first, first + step, …`.
fn shown(pixels: usize, first: usize, step: usize) -> usize {
    pixels.saturating_sub(first).div_ceil(step)
}

impl Grid {
    pub fn new(shape: &Convolution) -> Self {
        let reads = [0, 1, 2].map(|axis| Reads::new(shape, axis));
        let size = [0, 1, 2].map(|axis| reads[axis].positions(shape, axis));
        let (mut phases, mut taps) = (Vec::new(), Vec::new());
        for &(first_z, z) in &reads[0].0 {
            for &(first_y, y) in &reads[1].0 {
                for &(first_x, x) in &reads[2].0 {
                    let pixels = Pixels {
                        image: shape.size,
                        first: [first_z, first_y, first_x],
                        step: shape.stride,
                        channels: shape.channels_in,
                    };
                    let phase = phases.iter().position(|phase| *phase == pixels).unwrap_or_else(|| {
                        phases.push(pixels);
                        phases.len() - 1
                    });
                    let shift = (z * size[1] as isize + y) * size[2] as isize + x;
                    taps.push(Tap { phase, shift });
                }
            }
        }
        let output =
            Pixels { image: shape.output(), first: [0; 3], step: [1; 3], channels: shape.channels_out };
        Self { size, images: shape.batch, phases, taps, output }
    }

    /// Positions of all images.
    pub fn len(&self) -> usize {
        self.images * self.size.iter().product::<usize>()
    }

    /// The least and the greatest shift of a tap.
    pub fn shifts(&self) -> [isize; 2] {
        let shifts = || self.taps.iter().map(|tap| tap.shift);
        [shifts().min().unwrap_or(0), shifts().max().unwrap_or(0)]
    }

    /// Writes some channels of the pixels at positions from `start` on, `[position, channels]`, and zeros where there is no
    /// pixel.
    pub fn show(
        &self,
        pixels: &Pixels,
        tensor: Source<'_>,
        start: isize,
        channels: Range<usize>,
        out: &mut [bf16],
    ) {
        let width = self.size[2] as isize;
        let mut position = start;
        let mut rest = out;
        while !rest.is_empty() {
            let (row, column) = (position.div_euclid(width), position.rem_euclid(width) as usize);
            let count = (self.size[2] - column).min(rest.len() / channels.len());
            let (here, next) = rest.split_at_mut(count * channels.len());
            self.show_row(pixels, tensor, [row, column as isize], channels.clone(), here);
            position += count as isize;
            rest = next;
        }
    }

    /// Pixels of a row from a column on.
    fn show_row(
        &self,
        pixels: &Pixels,
        tensor: Source<'_>,
        [row, column]: [isize; 2],
        channels: Range<usize>,
        out: &mut [bf16],
    ) {
        let [depth, height, _] = self.size;
        let Some([image, z, y]) = usize::try_from(row)
            .ok()
            .map(|row| [row / height / depth, row / height % depth, row % height])
            .filter(|&[image, z, y]| image < self.images && z < pixels.shown(0) && y < pixels.shown(1))
        else {
            return out.fill(bf16::ZERO);
        };
        let column = column as usize;
        let count = pixels.shown(2).saturating_sub(column).min(out.len() / channels.len());
        let (here, zeros) = out.split_at_mut(count * channels.len());
        zeros.fill(bf16::ZERO);
        if count == 0 {
            return;
        }
        let [images_depth, image_height, image_width] = pixels.image;
        let slice_len = image_height * image_width * pixels.channels;
        let slice = tensor.slice(image * images_depth + z * pixels.step[0] + pixels.first[0], slice_len);
        let first_row = (y * pixels.step[1] + pixels.first[1]) * image_width;
        let from = (first_row + column * pixels.step[2] + pixels.first[2]) * pixels.channels;
        if pixels.step[2] == 1 && channels.len() == pixels.channels {
            return slice.copy(from, here);
        }
        let step = pixels.step[2] * pixels.channels;
        let len = (count - 1) * step + pixels.channels;
        if let Some(row) = slice.halves(from, len) {
            return pick(row, step, channels, here);
        }
        with_scratch(len.div_ceil(2), |row| {
            let row = &mut bytemuck::cast_slice_mut(row)[..len];
            slice.copy(from, row);
            pick(row, step, channels, here);
        });
    }
}

/// Copies some channels of pixels that are so many numbers apart.
fn pick(row: &[bf16], step: usize, channels: Range<usize>, out: &mut [bf16]) {
    let len = channels.len();
    if !len.is_multiple_of(LANES_MAX) {
        for (out, pixel) in out.chunks_exact_mut(len).zip(row.chunks(step)) {
            out.copy_from_slice(&pixel[channels.clone()]);
        }
        return;
    }
    // Without a call for each pixel.
    let (out, _) = out.as_chunks_mut::<LANES_MAX>();
    let lines = len / LANES_MAX;
    for at in 0..out.len() / lines {
        let (pixel, _) = row[at * step..][channels.clone()].as_chunks();
        for line in 0..lines {
            out[at * lines + line] = pixel[line];
        }
    }
}

impl Pixels {
    /// Pixels of an axis that are shown.
    fn shown(&self, axis: usize) -> usize {
        shown(self.image[axis], self.first[axis], self.step[axis])
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::values::Values;

    /// Where the pixels of the output lie, in their order.
    fn positions(shape: &Convolution, grid: &Grid) -> Vec<usize> {
        let len = grid.len();
        let numbers: Vec<f32> = vec![1.0; shape.output_len()];
        let mut shown = vec![bf16::ZERO; len * shape.channels_out];
        let all = 0..shape.channels_out;
        grid.show(&grid.output, Source::plain(Values::F32(&numbers)), 0, all, &mut shown);
        (0..len).filter(|at| shown[at * shape.channels_out] == bf16::ONE).collect()
    }

    #[test]
    fn every_kernel_position_finds_what_the_formula_says() {
        let plain = Convolution::new(3, [5, 4], [2, 1], [3, 3], [1, 1], [1, 1]);
        let strided = Convolution::new(2, [7, 6], [3, 2], [3, 2], [2, 3], [2, 0]);
        let long = Convolution::new(2, [4, 3], [2, 1], [1, 1], [5, 4], [3, 2]);
        let dilated = Convolution::new(2, [9, 8], [4, 6], [2, 3], [1, 2], [3, 1]).with_dilation([3, 2]);
        let volume = Convolution::new(2, [4, 5, 3], [2, 2], [3, 2, 2], [2, 1, 1], [1, 1, 0]);
        for shape in [plain, strided, long, dilated, volume] {
            let (grid, output) = (Grid::new(&shape), shape.output());
            // Every number is its own, and eight bits are enough for it.
            let x: Vec<f32> = (0..shape.input_len()).map(|at| (at % 251 + 1) as f32).collect();
            let channels = shape.channels_in - 1..shape.channels_in;
            let [first, last] = grid.shifts();
            let planes: Vec<Vec<bf16>> = grid
                .phases
                .iter()
                .map(|phase| {
                    let mut plane = vec![bf16::NAN; grid.len() + (last - first) as usize];
                    grid.show(phase, Source::plain(Values::F32(&x)), first, channels.clone(), &mut plane);
                    plane
                })
                .collect();
            let positions = positions(&shape, &grid);
            assert_eq!(positions.len(), shape.batch * output.iter().product::<usize>());
            for (pixel, position) in positions.into_iter().enumerate() {
                let of = |axis: usize| pixel / output[axis + 1..].iter().product::<usize>() % output[axis];
                let image = pixel / output.iter().product::<usize>();
                for (number, tap) in grid.taps.iter().enumerate() {
                    let reads = [0, 1, 2].map(|axis| {
                        let tap =
                            number / shape.kernel[axis + 1..].iter().product::<usize>() % shape.kernel[axis];
                        let read = of(axis) * shape.stride[axis] + tap * shape.dilation[axis];
                        read.checked_sub(shape.padding[axis]).filter(|&read| read < shape.size[axis])
                    });
                    let expected = if let [Some(z), Some(y), Some(x_)] = reads {
                        let pixel = ((image * shape.size[0] + z) * shape.size[1] + y) * shape.size[2] + x_;
                        x[pixel * shape.channels_in + channels.start]
                    } else {
                        0.0
                    };
                    let found = planes[tap.phase][(position as isize + tap.shift - first) as usize];
                    assert_eq!(
                        found.to_f32(),
                        expected,
                        "{shape:?}: pixel {pixel}, kernel position {number}"
                    );
                }
            }
        }
    }
}
