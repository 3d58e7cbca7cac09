//! Every pass of the three-dimensional convolution against plain loops in double precision.

use super::convolution::{Passes, check_adjoint, check_all};
use crate::{Conv2d, Conv3d, Precision};
use proptest::prelude::*;

prop_compose! {
    /// Any shapes. With one channel to a group they are depthwise.
    pub(super) fn shapes()(
        batch in 1usize..4,
        kernel in prop::array::uniform3(1usize..4),
        stride in prop::array::uniform3(1usize..4),
        padding in prop::array::uniform3(0usize..3),
        dilation in prop::array::uniform3(1usize..3),
        extra in prop::array::uniform3(0usize..5),
        groups in prop::sample::select(vec![1usize, 1, 2, 3, 19]),
        group_channels in prop::array::uniform2(1usize..14),
        depthwise in any::<bool>(),
    ) -> Conv3d {
        let size = |axis: usize| {
            let reach = (kernel[axis] - 1) * dilation[axis] + 1;
            reach.saturating_sub(2 * padding[axis]).max(kernel[axis]) + extra[axis]
        };
        // Many groups are of few channels.
        let group_channels = match (depthwise, groups) {
            (true, _) => [1, group_channels[1].min(3)],
            (false, 19) => group_channels.map(|channels| channels.min(3)),
            _ => group_channels,
        };
        let channels = group_channels.map(|channels| channels * groups);
        Conv3d::new([batch, size(0), size(1), size(2)], channels, kernel, stride, padding)
            .with_dilation(dilation)
            .with_groups(groups)
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(128))]

    #[test]
    fn passes_equal_plain_loops(shape in shapes(), seed in 0u64..1000) {
        check_all(&shape, seed);
        check_adjoint(&shape, seed);
    }
}

#[test]
fn passes_equal_plain_loops_on_network_shapes() {
    for (input, channels, kernel, stride, padding, dilation, groups) in [
        ([2, 6, 14, 14], [3, 32], [3, 7, 7], [1, 2, 2], [1, 3, 3], 1, 1),
        ([1, 8, 9, 9], [40, 48], [3, 3, 3], [2, 2, 2], [1, 1, 1], 1, 1),
        ([2, 5, 7, 6], [32, 32], [3, 1, 1], [1, 1, 1], [1, 0, 0], 1, 1),
        ([2, 3, 12, 12], [32, 64], [1, 3, 3], [1, 1, 1], [0, 1, 1], 1, 1),
        ([1, 9, 8, 8], [24, 24], [3, 3, 3], [1, 1, 1], [2, 2, 2], 2, 4),
        ([2, 6, 7, 7], [40, 40], [3, 5, 5], [1, 2, 2], [1, 2, 2], 1, 40),
        // Slices that no window reaches, and windows that reach no slice.
        ([2, 7, 4, 4], [5, 6], [1, 2, 2], [4, 1, 1], [3, 0, 0], 1, 1),
        ([0, 4, 8, 8], [32, 32], [3, 3, 3], [1, 1, 1], [1, 1, 1], 1, 1),
    ] {
        let shape = Conv3d::new(input, channels, kernel, stride, padding)
            .with_dilation([dilation; 3])
            .with_groups(groups);
        check_all(&shape, 7);
        check_adjoint(&shape, 7);
    }
}

/// A kernel of one slice convolves each slice by itself: to the bit, as it is computed so.
#[test]
fn slices_alone_are_images() {
    for (padding, groups) in [(1, 1), (2, 4)] {
        let volume = Conv3d::new([2, 3, 8, 8], [32, 32], [1, 3, 3], [1; 3], [0, padding, padding]);
        let images = Conv2d::new([6, 8, 8], [32, 32], [3; 2], [1; 2], [padding; 2]);
        let (volume, images) = (volume.with_groups(groups), images.with_groups(groups));
        let operands = volume.noise(1);
        for precision in [Precision::F32, Precision::Bf16] {
            assert!(volume.run(precision, &operands) == images.run(precision, &operands));
        }
    }
}

#[test]
fn sizes_are_those_of_the_formula() {
    let shape = Conv3d::new([2, 9, 10, 11], [4, 6], [3, 2, 1], [2, 1, 3], [1, 0, 2]);
    let shape = shape.with_dilation([2, 3, 1]).with_groups(2);
    assert_eq!(shape.output_size(), [4, 7, 5]);
    assert_eq!(shape.weight_len(), 6 * 2 * 3 * 2);
    assert_eq!(shape.output_len(), 2 * 4 * 7 * 5 * 6);
    assert_eq!(shape.flops(), 2 * (2 * 4 * 7 * 5 * 6) * (2 * 3 * 2));
}
