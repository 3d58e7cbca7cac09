//! How the window of a convolution moves over its input.

/// Stride, padding, dilation and groups of a convolution over `AXES` axes.
///
/// ```
/// use autodidact_nn::ops::Geometry;
///
/// let depthwise = Geometry::new([2, 2], [1, 1]).with_groups(16);
/// assert_eq!((depthwise.dilation, depthwise.groups), ([1, 1], 16));
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Geometry<const AXES: usize> {
    /// Positions between the windows of neighbouring outputs.
    pub stride: [usize; AXES],
    /// Zeros on each side of the input.
    pub padding: [usize; AXES],
    /// Positions between neighbouring weights of a kernel.
    pub dilation: [usize; AXES],
    /// Groups of channels that do not see each other.
    pub groups: usize,
}

impl<const AXES: usize> Geometry<AXES> {
    /// Without dilation and groups.
    pub fn new(stride: [usize; AXES], padding: [usize; AXES]) -> Self {
        Self { stride, padding, dilation: [1; AXES], groups: 1 }
    }

    /// With weights that are so many positions apart.
    #[must_use]
    pub fn with_dilation(self, dilation: [usize; AXES]) -> Self {
        Self { dilation, ..self }
    }

    /// With so many groups; as many as input channels make a depthwise convolution.
    #[must_use]
    pub fn with_groups(self, groups: usize) -> Self {
        Self { groups, ..self }
    }

    /// # Panics
    /// If the channels do not fit or a kernel does not fit its input.
    pub(super) fn check(&self, x: &[usize], weight: &[usize]) {
        let (spatial, kernel) = (&x[1..=AXES], &weight[2..]);
        let channels_in = x[AXES + 1];
        assert!(
            self.groups > 0
                && weight[0].is_multiple_of(self.groups)
                && weight[1] * self.groups == channels_in,
            "a weight {weight:?} in {} groups does not fit {channels_in} channels",
            self.groups
        );
        for axis in 0..AXES {
            assert!(
                self.stride[axis] > 0
                    && self.dilation[axis] > 0
                    && spatial[axis] + 2 * self.padding[axis] > (kernel[axis] - 1) * self.dilation[axis],
                "a kernel {kernel:?} does not fit {spatial:?} with {self:?}"
            );
        }
    }
}

impl Geometry<2> {
    /// The same with an axis before the two, along which nothing moves.
    pub(super) fn deepened(self) -> Geometry<3> {
        let before = |[y, x]: [usize; 2], z| [z, y, x];
        Geometry {
            stride: before(self.stride, 1),
            padding: before(self.padding, 0),
            dilation: before(self.dilation, 1),
            groups: self.groups,
        }
    }
}
