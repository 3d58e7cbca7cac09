//! What the tests of convolutions share: plain loops in double precision, and shapes with their passes.

use super::{assert_close, noise, sum_tolerance, to_f64};
use crate::convolution::Convolution;
use crate::{
    Conv2d, Conv3d, Precision, conv2d_forward, conv2d_input_gradient, conv2d_weight_gradient, conv3d_forward,
    conv3d_input_gradient, conv3d_weight_gradient,
};

/// A public shape.
pub(super) trait Passes {
    fn sizes(&self) -> &Convolution;

    /// Output, input gradient and weight gradient for input, weights and output gradient.
    fn run(&self, precision: Precision, operands: &[Vec<f32>; 3]) -> [Vec<f32>; 3];

    /// Values for the operands.
    fn noise(&self, seed: u64) -> [Vec<f32>; 3] {
        let sizes = self.sizes();
        [
            noise(seed, sizes.input_len()),
            noise(seed + 1, sizes.weight_len()),
            noise(seed + 2, sizes.output_len()),
        ]
    }
}

impl Passes for Conv2d {
    fn sizes(&self) -> &Convolution {
        &self.0
    }

    fn run(&self, precision: Precision, [x, weight, grad_out]: &[Vec<f32>; 3]) -> [Vec<f32>; 3] {
        let [mut out, mut grad_x, mut grad_weight] =
            [self.output_len(), self.input_len(), self.weight_len()].map(|len| vec![f32::NAN; len]);
        conv2d_forward(self, precision, x, weight, &mut out);
        conv2d_input_gradient(self, precision, grad_out, weight, &mut grad_x);
        conv2d_weight_gradient(self, precision, x, grad_out, &mut grad_weight);
        [out, grad_x, grad_weight]
    }
}

impl Passes for Conv3d {
    fn sizes(&self) -> &Convolution {
        &self.0
    }

    fn run(&self, precision: Precision, [x, weight, grad_out]: &[Vec<f32>; 3]) -> [Vec<f32>; 3] {
        let [mut out, mut grad_x, mut grad_weight] =
            [self.output_len(), self.input_len(), self.weight_len()].map(|len| vec![f32::NAN; len]);
        conv3d_forward(self, precision, x, weight, &mut out);
        conv3d_input_gradient(self, precision, grad_out, weight, &mut grad_x);
        conv3d_weight_gradient(self, precision, x, grad_out, &mut grad_weight);
        [out, grad_x, grad_weight]
    }
}

/// Calls `term(input, weight, output)` with the indices of every product of the convolution.
fn each_product(shape: &Convolution, mut term: impl FnMut(usize, usize, usize)) {
    let (size, [_, height, width], [_, kernel_h, kernel_w]) = (shape.size, shape.output(), shape.kernel);
    let [group_in, group_out] = shape.group_channels();
    let slices = shape.batch * shape.output()[0];
    for pixel in 0..slices * height * width {
        let (slice, y, x) = (pixel / (height * width), pixel / width % height, pixel % width);
        let (image, z) = (slice / shape.output()[0], slice % shape.output()[0]);
        for tap in 0..shape.taps() {
            let position = [tap / (kernel_h * kernel_w), tap / kernel_w % kernel_h, tap % kernel_w];
            let read = [0, 1, 2].map(|axis| {
                let at = [z, y, x][axis] * shape.stride[axis] + position[axis] * shape.dilation[axis];
                at.checked_sub(shape.padding[axis]).filter(|&at| at < size[axis])
            });
            let [Some(z), Some(y), Some(x)] = read else { continue };
            let source = ((image * size[0] + z) * size[1] + y) * size[2] + x;
            for output in 0..shape.channels_out {
                for input in 0..group_in {
                    term(
                        source * shape.channels_in + output / group_out * group_in + input,
                        (output * group_in + input) * shape.taps() + tap,
                        pixel * shape.channels_out + output,
                    );
                }
            }
        }
    }
}

/// Every pass against plain loops, in both precisions.
#[track_caller]
pub(super) fn check_all(shape: &impl Passes, seed: u64) {
    check_on(shape, Precision::F32, &shape.noise(seed), sum_tolerance);
    check_on(shape, Precision::Bf16, &shape.noise(seed), bf16_tolerance);
}

/// The error allowed in a sum of products of [`noise`] whose operands were rounded to 8 bits: at six standard deviations
/// of a sum of errors of `2⁻⁹` of each operand, transformed ones included.
fn bf16_tolerance(terms: usize) -> f64 {
    6.0 / 512.0 * (terms.max(8) as f64).sqrt()
}

#[track_caller]
pub(super) fn check_on(
    shape: &impl Passes,
    precision: Precision,
    operands: &[Vec<f32>; 3],
    tolerance: fn(usize) -> f64,
) {
    let [x, weight, grad_out] = operands.each_ref().map(|values| to_f64(values));
    let sizes = shape.sizes();
    let mut expected_out = vec![0.0; sizes.output_len()];
    let mut expected_x = vec![0.0; sizes.input_len()];
    let mut expected_weight = vec![0.0; sizes.weight_len()];
    each_product(sizes, |i, w, o| {
        expected_out[o] += x[i] * weight[w];
        expected_x[i] += grad_out[o] * weight[w];
        expected_weight[w] += grad_out[o] * x[i];
    });
    let [out, grad_x, grad_weight] = shape.run(precision, operands);
    let ([group_in, group_out], area) = (sizes.group_channels(), sizes.taps());
    assert_close("out", &out, &expected_out, tolerance(group_in * area));
    assert_close("grad_x", &grad_x, &expected_x, tolerance(group_out * area));
    let pixels = sizes.batch * sizes.output().iter().product::<usize>();
    assert_close("grad_weight", &grad_weight, &expected_weight, tolerance(pixels));
}

/// The passes are linear in each operand and adjoint to each other: `⟨conv(x, w), g⟩ = ⟨x, grad_x(g, w)⟩ = ⟨w, grad_w(x, g)⟩`.
#[track_caller]
pub(super) fn check_adjoint(shape: &impl Passes, seed: u64) {
    let operands = shape.noise(seed);
    let [out, grad_x, grad_weight] = shape.run(Precision::F32, &operands);
    let [x, weight, grad_out] = &operands;
    let inner = |a: &[f32], b: &[f32]| -> f64 {
        assert_eq!(a.len(), b.len());
        a.iter().zip(b).map(|(&a, &b)| f64::from(a) * f64::from(b)).sum()
    };
    let [forward, to_x, to_weight] = [inner(&out, grad_out), inner(x, &grad_x), inner(weight, &grad_weight)];
    // The errors of single values add up at random.
    let sizes = shape.sizes();
    let products = sizes.flops() / 2;
    let results = [sizes.output_len(), sizes.input_len(), sizes.weight_len()];
    let error = |results: usize| {
        let terms = products as f64 / results as f64;
        sum_tolerance(terms.ceil() as usize) * (results as f64).sqrt()
    };
    let tolerance: f64 = results.map(error).iter().sum();
    for (name, got) in [("input", to_x), ("weight", to_weight)] {
        assert!(
            (got - forward).abs() <= tolerance,
            "the {name} gradient of {sizes:?} is no adjoint: {got}, expected {forward} within {tolerance:e}"
        );
    }
}
