//! Which channels and weights meet in a product.

use super::plane::Pick;
use super::shape::Convolution;
use super::unit::Unit;
use crate::precision::Precision;

/// The channels of the products that make up a pixel, one after the other: those of each group, or all together where
/// every channel has a sum of its own.
#[derive(Clone, Copy, Debug)]
pub(super) struct Channels {
    pub kind: Kind,
    pub products: usize,
    /// Channels of a pixel of the tensor that is read, and of the one that is written.
    pub all: [usize; 2],
    /// Those of a product: of a pixel of its planes, and of what it writes.
    pub read: usize,
    pub written: usize,
    pub pick: Pick,
    /// Planes for each slice that is read, from neighbouring channels on.
    pub members: usize,
    /// Floats from a weight to that of the next product, of the next channel written, and of the next channel read.
    pub weight_strides: [usize; 3],
}

/// What a product sums over.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    /// All that a window holds, counted in units.
    Dense(Unit),
    /// The pixels of a window, for each channel by itself.
    Depthwise,
}

impl Channels {
    /// Those of the forward pass.
    pub fn forward(shape: &Convolution, precision: Precision) -> Self {
        if shape.is_depthwise() {
            return Self::depthwise_forward(shape);
        }
        Self::dense_forward(shape, Unit::new(precision, shape.group_channels()[0]))
    }

    /// Sums over the input channels of a group.
    pub fn dense_forward(shape: &Convolution, unit: Unit) -> Self {
        let ([read, written], area) = (shape.group_channels(), shape.taps());
        Self {
            kind: Kind::Dense(unit),
            products: shape.groups,
            all: [shape.channels_in, shape.channels_out],
            read,
            written,
            pick: Pick::Each,
            members: 1,
            weight_strides: [written * read * area, read * area, area],
        }
    }

    /// Planes show an input channel once for each of its outputs.
    pub fn depthwise_forward(shape: &Convolution) -> Self {
        let outputs = shape.group_channels()[1];
        Self {
            kind: Kind::Depthwise,
            products: 1,
            all: [shape.channels_in, shape.channels_out],
            read: shape.channels_out,
            written: shape.channels_out,
            pick: if outputs == 1 { Pick::Each } else { Pick::Repeated(outputs) },
            members: 1,
            weight_strides: [0, shape.taps(), 0],
        }
    }

    /// Those of the input gradient.
    pub fn backward(shape: &Convolution, precision: Precision) -> Self {
        if shape.is_depthwise() {
            return Self::depthwise_backward(shape);
        }
        // Sums over the output channels of a group.
        let ([written, read], area) = (shape.group_channels(), shape.taps());
        Self {
            kind: Kind::Dense(Unit::new(precision, read)),
            products: shape.groups,
            all: [shape.channels_out, shape.channels_in],
            read,
            written,
            pick: Pick::Each,
            members: 1,
            weight_strides: [written * read * area, area, written * area],
        }
    }

    /// One plane shows the first output of each input channel, the next one the second.
    fn depthwise_backward(shape: &Convolution) -> Self {
        let members = shape.group_channels()[1];
        Self {
            kind: Kind::Depthwise,
            products: 1,
            all: [shape.channels_out, shape.channels_in],
            read: shape.channels_in,
            written: shape.channels_in,
            pick: if members == 1 { Pick::Each } else { Pick::Every(members) },
            members,
            weight_strides: [0, members * shape.taps(), 0],
        }
    }

    /// What windows are counted in.
    pub fn unit(&self) -> Unit {
        match self.kind {
            Kind::Dense(unit) => unit,
            Kind::Depthwise => Unit::Single,
        }
    }
}
