//! Every pass of the two-dimensional convolution against plain loops in double precision.

use super::convolution::{Passes, check_adjoint, check_all, check_on};
use super::{noise, sum_tolerance};
use crate::convolution::Convolution;
use crate::{Conv2d, Precision, conv2d_forward};
use proptest::prelude::*;

prop_compose! {
    pub(super) fn shapes()(
        batch in 0usize..4,
        kernel in prop::array::uniform2(1usize..6),
        stride in prop::array::uniform2(1usize..4),
        padding in prop::array::uniform2(0usize..4),
        extra in prop::array::uniform2(0usize..9),
        channels in prop::array::uniform2(1usize..41),
    ) -> Conv2d {
        let size = |axis: usize| kernel[axis].saturating_sub(2 * padding[axis]).max(1) + extra[axis];
        Conv2d::new([batch, size(0), size(1)], channels, kernel, stride, padding)
    }
}

prop_compose! {
    /// Dilated and grouped shapes. With one channel to a group they are depthwise.
    pub(super) fn general_shapes()(
        batch in 1usize..4,
        kernel in prop::array::uniform2(1usize..5),
        stride in prop::array::uniform2(1usize..5),
        padding in prop::array::uniform2(0usize..4),
        dilation in prop::array::uniform2(1usize..4),
        extra in prop::array::uniform2(0usize..9),
        groups in 1usize..5,
        group_channels in prop::array::uniform2(1usize..20),
    ) -> Conv2d {
        let size = |axis: usize| {
            let reach = (kernel[axis] - 1) * dilation[axis] + 1;
            reach.saturating_sub(2 * padding[axis]).max(kernel[axis]) + extra[axis]
        };
        let channels = group_channels.map(|channels| channels * groups);
        Conv2d::new([batch, size(0), size(1)], channels, kernel, stride, padding)
            .with_dilation(dilation)
            .with_groups(groups)
    }
}

prop_compose! {
    /// Depthwise shapes of many channels, with one output of each or several.
    pub(super) fn depthwise_shapes()(shape in general_shapes(), channels in 2usize..70, outputs in 1usize..4) -> Conv2d {
        let Convolution { batch, size, kernel, stride, padding, dilation, .. } = shape.0;
        let last = |[_, rows, columns]: [usize; 3]| [rows, columns];
        let channels_out = channels * outputs;
        Conv2d::new([batch, size[1], size[2]], [channels, channels_out], last(kernel), last(stride), last(padding))
            .with_dilation(last(dilation))
            .with_groups(channels)
    }
}

prop_compose! {
    /// Shapes that Winograd's method computes in some pass: images of any size, odd ones among them.
    pub(super) fn tiled_shapes()(
        batch in 1usize..6,
        size in prop::array::uniform2(3usize..12),
        padding in prop::array::uniform2(0usize..3),
        channels in prop::array::uniform2(prop::sample::select(vec![32, 32, 48, 64, 64])),
    ) -> Conv2d {
        Conv2d::new([batch, size[0], size[1]], channels, [3; 2], [1; 2], padding)
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    #[test]
    fn tiled_passes_equal_plain_loops(shape in tiled_shapes(), seed in 0u64..1000) {
        check_all(&shape, seed);
    }
}

proptest! {
    #[test]
    fn passes_equal_plain_loops(shape in shapes(), seed in 0u64..1000) {
        check_all(&shape, seed);
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(128))]

    #[test]
    fn dilated_and_grouped_passes_equal_plain_loops(shape in general_shapes(), seed in 0u64..1000) {
        check_all(&shape, seed);
        check_adjoint(&shape, seed);
    }

    #[test]
    fn depthwise_passes_equal_plain_loops(shape in depthwise_shapes(), seed in 0u64..1000) {
        check_all(&shape, seed);
        check_adjoint(&shape, seed);
    }
}

/// As every tolerance of bfloat16 lets plain `f32` pass.
#[test]
fn tiles_are_rounded_in_bf16() {
    let shape = Conv2d::new([1, 8, 8], [32, 32], [3; 2], [1; 2], [1; 2]);
    let (x, weight) = (noise(1, shape.input_len()), noise(2, shape.weight_len()));
    let mut out = [vec![0.0; shape.output_len()], vec![0.0; shape.output_len()]];
    for (precision, out) in [Precision::F32, Precision::Bf16].into_iter().zip(&mut out) {
        conv2d_forward(&shape, precision, &x, &weight, out);
    }
    let differ = out[0].iter().zip(&out[1]).filter(|(a, b)| (*a - *b).abs() > 1e-4).count();
    assert!(differ > shape.output_len() / 2, "{differ} of {} differ", shape.output_len());
}

/// Numbers of eight bits multiply without rounding: plain sums in bfloat16 are then as good as those in `f32`.
#[test]
fn plain_sums_of_eight_bit_numbers_lose_nothing_in_bf16() {
    let eight_bits = |x: f32| (x * 128.0).round() / 128.0;
    let operands = |shape: &Conv2d| shape.noise(1).map(|values| values.into_iter().map(eight_bits).collect());
    for (input, channels, kernel, stride, padding, dilation, groups) in [
        ([3, 9, 8], [16, 16], 3, 1, 1, 1, 1),
        ([2, 9, 8], [6, 40], 3, 2, 1, 1, 1),
        ([2, 8, 8], [32, 64], 1, 2, 0, 1, 1),
        ([1, 11, 7], [3, 9], 5, 2, 2, 1, 1),
        ([1, 12, 12], [2, 24], 7, 3, 3, 1, 1),
        ([2, 9, 8], [16, 48], 3, 1, 2, 2, 1),
        ([3, 8, 9], [32, 64], 3, 2, 1, 1, 2),
        ([2, 9, 7], [6, 30], 3, 1, 3, 3, 3),
        ([2, 7, 9], [20, 40], 3, 1, 1, 1, 20),
    ] {
        let shape = Conv2d::new(input, channels, [kernel; 2], [stride; 2], [padding; 2])
            .with_dilation([dilation; 2])
            .with_groups(groups);
        check_on(&shape, Precision::Bf16, &operands(&shape), sum_tolerance);
    }
}

#[test]
fn passes_equal_plain_loops_on_network_shapes() {
    for (input, channels, kernel, stride, padding) in [
        ([5, 24, 24], [3, 16], 3, 1, 1),
        ([3, 12, 12], [16, 32], 3, 2, 1),
        ([7, 6, 6], [64, 64], 3, 1, 1),
        ([26, 4, 4], [40, 136], 3, 1, 1),
        ([3, 24, 24], [32, 48], 3, 1, 1),
        ([70, 4, 4], [128, 96], 3, 1, 1),
        ([2, 9, 13], [64, 32], 3, 1, 2),
        // Several chunks of tiles in an image.
        ([1, 40, 37], [96, 96], 3, 1, 1),
        ([0, 8, 8], [32, 32], 3, 1, 1),
        ([3, 8, 8], [64, 128], 1, 2, 0),
        ([2, 17, 19], [3, 24], 7, 2, 3),
    ] {
        check_all(&Conv2d::new(input, channels, [kernel; 2], [stride; 2], [padding; 2]), 7);
    }
}

#[test]
fn general_passes_equal_plain_loops_on_network_shapes() {
    for (input, channels, kernel, stride, dilation, groups) in [
        ([2, 17, 15], [32, 48], 3, 1, 2, 1),
        ([1, 29, 31], [40, 40], 3, 1, 4, 1),
        ([3, 14, 14], [64, 64], 3, 1, 1, 8),
        ([3, 15, 14], [64, 128], 3, 2, 1, 2),
        ([2, 13, 13], [96, 192], 1, 1, 1, 3),
        ([3, 14, 14], [72, 72], 3, 1, 1, 72),
        ([9, 7, 7], [144, 144], 5, 2, 1, 144),
        ([2, 12, 11], [33, 66], 7, 1, 1, 33),
        ([2, 9, 11], [32, 64], 3, 1, 1, 32),
        ([0, 8, 8], [32, 32], 3, 1, 2, 4),
    ] {
        let shape = Conv2d::new(input, channels, [kernel; 2], [stride; 2], [kernel / 2 * dilation; 2])
            .with_dilation([dilation; 2])
            .with_groups(groups);
        check_all(&shape, 7);
        check_adjoint(&shape, 7);
    }
}

#[test]
#[should_panic(expected = "3 groups do not divide 6 input and 4 output channels")]
fn groups_that_do_not_divide_the_channels_are_refused() {
    let _ = Conv2d::new([1, 4, 4], [6, 4], [1; 2], [1; 2], [0; 2]).with_groups(3);
}

#[test]
#[should_panic(expected = "does not fit")]
fn a_dilated_kernel_that_does_not_fit_is_refused() {
    let _ = Conv2d::new([1, 4, 4], [1; 2], [3; 2], [1; 2], [0; 2]).with_dilation([1, 2]);
}
