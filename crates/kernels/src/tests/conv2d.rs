//! Every pass of the convolution against plain loops in double precision.

use super::{assert_close, noise, sum_tolerance};
use crate::{Conv2d, Precision, conv2d_forward, conv2d_input_gradient, conv2d_weight_gradient};
use proptest::prelude::*;

/// Calls `term(input, weight, output)` with the indices of every product of the convolution.
fn each_product(shape: &Conv2d, mut term: impl FnMut(usize, usize, usize)) {
    let [kernel_h, kernel_w] = shape.kernel;
    let (height, width) = (shape.output_height(), shape.output_width());
    for pixel in 0..shape.batch * height * width {
        let (image, y, x) = (pixel / (height * width), pixel / width % height, pixel % width);
        for tap in 0..kernel_h * kernel_w {
            let row = (y * shape.stride[0] + tap / kernel_w).checked_sub(shape.padding[0]);
            let column = (x * shape.stride[1] + tap % kernel_w).checked_sub(shape.padding[1]);
            let (Some(row), Some(column)) = (row, column) else { continue };
            if row >= shape.height || column >= shape.width {
                continue;
            }
            let source = (image * shape.height + row) * shape.width + column;
            for output in 0..shape.channels_out {
                for input in 0..shape.channels_in {
                    term(
                        source * shape.channels_in + input,
                        (output * shape.channels_in + input) * kernel_h * kernel_w + tap,
                        pixel * shape.channels_out + output,
                    );
                }
            }
        }
    }
}

fn check_all(shape: &Conv2d, seed: u64) {
    check_passes(shape, Precision::F32, seed, sum_tolerance);
    check_passes(shape, Precision::Bf16, seed, bf16_tolerance);
}

/// The error allowed in a sum of products of [`noise`] whose operands were rounded to 8 bits: at six standard deviations
/// of a sum of errors of `2⁻⁹` of each operand, transformed ones included.
fn bf16_tolerance(terms: usize) -> f64 {
    6.0 / 512.0 * (terms.max(8) as f64).sqrt()
}

fn check_passes(shape: &Conv2d, precision: Precision, seed: u64, tolerance: fn(usize) -> f64) {
    let x = noise(seed, shape.input_len());
    let weight = noise(seed + 1, shape.weight_len());
    let grad_out = noise(seed + 2, shape.output_len());
    check_on(shape, precision, [x, weight, grad_out], tolerance);
}

fn check_on(
    shape: &Conv2d,
    precision: Precision,
    [x, weight, grad_out]: [Vec<f32>; 3],
    tolerance: fn(usize) -> f64,
) {
    let mut expected_out = vec![0.0; shape.output_len()];
    let mut expected_x = vec![0.0; shape.input_len()];
    let mut expected_weight = vec![0.0; shape.weight_len()];
    each_product(shape, |i, w, o| {
        expected_out[o] += f64::from(x[i]) * f64::from(weight[w]);
        expected_x[i] += f64::from(grad_out[o]) * f64::from(weight[w]);
        expected_weight[w] += f64::from(grad_out[o]) * f64::from(x[i]);
    });
    let (mut out, mut grad_x, mut grad_weight) = (
        vec![f32::NAN; expected_out.len()],
        vec![f32::NAN; expected_x.len()],
        vec![f32::NAN; expected_weight.len()],
    );
    conv2d_forward(shape, precision, &x, &weight, &mut out);
    conv2d_input_gradient(shape, precision, &grad_out, &weight, &mut grad_x);
    conv2d_weight_gradient(shape, precision, &x, &grad_out, &mut grad_weight);
    let area = shape.kernel[0] * shape.kernel[1];
    assert_close("out", &out, &expected_out, tolerance(shape.channels_in * area));
    assert_close("grad_x", &grad_x, &expected_x, tolerance(shape.channels_out * area));
    let pixels = shape.batch * shape.output_height() * shape.output_width();
    assert_close("grad_weight", &grad_weight, &expected_weight, tolerance(pixels));
}

prop_compose! {
    fn shapes()(
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
    /// Shapes that Winograd's method computes in some pass: images of any size, odd ones among them.
    fn tiled_shapes()(
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
    for (input, channels, kernel, stride, padding) in [
        ([3, 9, 8], [16, 16], 3, 1, 1),
        ([2, 9, 8], [6, 40], 3, 2, 1),
        ([2, 8, 8], [32, 64], 1, 2, 0),
        ([1, 11, 7], [3, 9], 5, 2, 2),
        ([1, 12, 12], [2, 24], 7, 3, 3),
    ] {
        let shape = Conv2d::new(input, channels, [kernel; 2], [stride; 2], [padding; 2]);
        let eight_bits =
            |seed, len| noise(seed, len).into_iter().map(|x| (x * 128.0).round() / 128.0).collect();
        let operands = [
            eight_bits(1, shape.input_len()),
            eight_bits(2, shape.weight_len()),
            eight_bits(3, shape.output_len()),
        ];
        check_on(&shape, Precision::Bf16, operands, sum_tolerance);
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
