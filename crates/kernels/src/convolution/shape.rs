//! The sizes that all convolutions have. In two dimensions there is a third axis of one position.

use crate::precision::Precision;
use crate::profile::{self, Span, Work};

/// A convolution over slices, rows and columns, checked. Each array has one number for each of these axes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Convolution {
    pub batch: usize,
    pub size: [usize; 3],
    pub channels_in: usize,
    pub channels_out: usize,
    pub kernel: [usize; 3],
    pub stride: [usize; 3],
    pub padding: [usize; 3],
    pub dilation: [usize; 3],
    pub groups: usize,
}

/// Three axes, of which the last ones are given.
fn three<const AXES: usize>(last: [usize; AXES], first: usize) -> [usize; 3] {
    let mut axes = [first; 3];
    axes[3 - AXES..].copy_from_slice(&last);
    axes
}

impl Convolution {
    /// As the constructors of the public shapes.
    pub fn new<const AXES: usize>(
        batch: usize,
        size: [usize; AXES],
        channels: [usize; 2],
        kernel: [usize; AXES],
        stride: [usize; AXES],
        padding: [usize; AXES],
    ) -> Self {
        for (name, sizes) in
            [("image", &size[..]), ("channels", &channels), ("kernel", &kernel), ("stride", &stride)]
        {
            assert_positive(name, sizes);
        }
        let [channels_in, channels_out] = channels;
        let shape = Self {
            batch,
            size: three(size, 1),
            channels_in,
            channels_out,
            kernel: three(kernel, 1),
            stride: three(stride, 1),
            padding: three(padding, 0),
            dilation: [1; 3],
            groups: 1,
        };
        shape.assert_fits();
        shape
    }

    pub fn with_dilation<const AXES: usize>(self, dilation: [usize; AXES]) -> Self {
        assert_positive("dilation", &dilation);
        let shape = Self { dilation: three(dilation, 1), ..self };
        shape.assert_fits();
        shape
    }

    pub fn with_groups(self, groups: usize) -> Self {
        let Self { channels_in, channels_out, .. } = self;
        assert!(
            groups > 0 && channels_in.is_multiple_of(groups) && channels_out.is_multiple_of(groups),
            "{groups} groups do not divide {channels_in} input and {channels_out} output channels"
        );
        Self { groups, ..self }
    }

    fn assert_fits(&self) {
        let Self { size, kernel, padding, dilation, .. } = self;
        assert!(
            (0..3).all(|axis| self.reach(axis) <= size[axis] + 2 * padding[axis]),
            "a {kernel:?} kernel with dilation {dilation:?} does not fit in a {size:?} image with padding {padding:?}"
        );
    }

    /// Positions of an axis from a kernel's first to its last, with both.
    fn reach(&self, axis: usize) -> usize {
        (self.kernel[axis] - 1) * self.dilation[axis] + 1
    }

    /// Slices, rows and columns of an output image.
    pub fn output(&self) -> [usize; 3] {
        [0, 1, 2]
            .map(|axis| (self.size[axis] + 2 * self.padding[axis] - self.reach(axis)) / self.stride[axis] + 1)
    }

    pub fn input_len(&self) -> usize {
        self.batch * self.size[0] * self.slice_len()
    }

    pub fn output_len(&self) -> usize {
        self.batch * self.output()[0] * self.output_pixels() * self.channels_out
    }

    pub fn weight_len(&self) -> usize {
        self.channels_out * self.group_channels()[0] * self.taps()
    }

    pub fn flops(&self) -> u64 {
        2 * self.weight_len() as u64 * (self.batch * self.output()[0] * self.output_pixels()) as u64
    }

    /// Positions of the kernel.
    pub fn taps(&self) -> usize {
        self.kernel.iter().product()
    }

    /// Input and output channels of a group.
    pub fn group_channels(&self) -> [usize; 2] {
        [self.channels_in / self.groups, self.channels_out / self.groups]
    }

    /// Floats of a slice of the input.
    pub fn slice_len(&self) -> usize {
        self.size[1] * self.size[2] * self.channels_in
    }

    /// Pixels of a slice of the output.
    pub fn output_pixels(&self) -> usize {
        let [_, height, width] = self.output();
        height * width
    }

    /// The same convolution with slices as images of their own, where none meets another.
    pub fn flat(self) -> Self {
        if (self.kernel[0], self.stride[0], self.padding[0]) != (1, 1, 0) {
            return self;
        }
        let [depth, height, width] = self.size;
        Self { batch: self.batch * depth, size: [1, height, width], ..self }
    }

    /// Records a pass in the profile.
    ///
    /// `element_bytes` are those of a number of the input and of one of the output.
    pub fn span(&self, name: &'static str, precision: Precision, element_bytes: [usize; 2]) -> Span {
        profile::span(name, || {
            let weights = size_of::<f32>() * self.weight_len();
            let bytes = weights + element_bytes[0] * self.input_len() + element_bytes[1] * self.output_len();
            (self.describe(), Work { flops: self.flops(), bytes: bytes as u64, precision })
        })
    }

    /// In a few words; what is one, as it mostly is, goes without saying.
    fn describe(&self) -> String {
        let Self { batch, size, channels_in, channels_out, kernel, stride, dilation, groups, .. } = *self;
        let first = usize::from(size[0] == 1 && kernel[0] == 1);
        let by = |axes: [usize; 3]| axes[first..].iter().map(usize::to_string).collect::<Vec<_>>().join("×");
        let unless_one = |name, axes: [usize; 3]| {
            let are_one = axes[first..].iter().all(|&axis| axis == 1);
            if are_one { String::new() } else { format!(", {name} {}", by(axes)) }
        };
        let groups = if groups == 1 { String::new() } else { format!(", {groups} groups") };
        let (stride, dilation) = (unless_one("stride", stride), unless_one("dilation", dilation));
        let (size, kernel) = (by(size), by(kernel));
        format!("{batch} of {size}, {channels_in} to {channels_out}, {kernel}{stride}{dilation}{groups}")
    }

    /// Checks the three slices of a pass against the shape.
    pub fn check(&self, input: usize, weight: usize, output: usize) {
        for (name, got, expected) in [
            ("input", input, self.input_len()),
            ("weight", weight, self.weight_len()),
            ("output", output, self.output_len()),
        ] {
            assert!(got == expected, "the {name} of {self:?} has {got} floats, expected {expected}");
        }
    }
}

fn assert_positive(name: &str, sizes: &[usize]) {
    assert!(sizes.iter().all(|&size| size > 0), "{name} is {sizes:?}, but every size must be at least 1");
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_profile_says_what_is_special() {
        let plain = Convolution::new(5, [8, 9], [3, 16], [3, 3], [1, 1], [1, 1]);
        assert_eq!(plain.describe(), "5 of 8×9, 3 to 16, 3×3");
        let strided = Convolution::new(5, [8, 9], [3, 16], [3, 3], [2, 1], [1, 1]);
        assert_eq!(strided.describe(), "5 of 8×9, 3 to 16, 3×3, stride 2×1");
        let general = Convolution::new(2, [4, 8, 9], [4, 6], [3, 2, 1], [1; 3], [1; 3]);
        let general = general.with_dilation([1, 2, 3]).with_groups(2);
        assert_eq!(general.describe(), "2 of 4×8×9, 4 to 6, 3×2×1, dilation 1×2×3, 2 groups");
    }
}
