//! Activations of sixteen bits: every kernel gives what it gives for the same numbers in 32 bits, rounded to the nearest.

use super::convolution::Passes;
use super::{conv2d, noise};
use crate::element::{narrow, widen};
use crate::{
    After, AfterGradient, Conv2d, Conv3d, Element, Normalisation, OnLoad, Over, Precision, Statistics,
    add_relu_backward, add_relu_forward, batch_norm_backward, batch_norm_forward, bf16,
    conv2d_input_gradient, conv2d_normalised_forward, conv2d_normalised_weight_gradient,
    conv3d_input_gradient, conv3d_normalised_forward, conv3d_normalised_weight_gradient,
    global_average_pool_backward, global_average_pool_forward, group_norm_backward, group_norm_forward,
    normalise, scale_shift_backward, scale_shift_forward, statistics,
};
use proptest::prelude::*;

/// The nearest numbers of sixteen bits, and the same in 32.
fn halves(values: &[f32]) -> (Vec<bf16>, Vec<f32>) {
    let (mut short, mut long) = (vec![bf16::ZERO; values.len()], vec![0.0; values.len()]);
    narrow(values, &mut short);
    widen(&short, &mut long);
    (short, long)
}

fn nearest(values: &[f32]) -> Vec<bf16> {
    halves(values).0
}

fn of<E: Element>(len: usize) -> Vec<E> {
    vec![E::from_f32(f32::NAN); len]
}

fn assert_same(name: &str, got: &[bf16], expected: &[f32]) {
    for (index, (got, expected)) in got.iter().zip(nearest(expected)).enumerate() {
        assert!(*got == expected, "{name}[{index}] is {got}, expected {expected}");
    }
}

/// The input of a pass as it is read.
#[derive(Clone, Copy)]
struct Read<'a, X> {
    x: &'a [X],
    on_load: Option<OnLoad<'a>>,
}

trait Convolves: Passes {
    fn forward<X: Element, Y: Element>(
        &self,
        precision: Precision,
        read: Read<'_, X>,
        weight: &[f32],
        over: Over,
    ) -> (Vec<Y>, Statistics);

    /// The input gradient.
    fn backward<X: Element, Y: Element>(
        &self,
        precision: Precision,
        grad_out: &[Y],
        weight: &[f32],
    ) -> Vec<X>;

    fn weight_gradient<X: Element, Y: Element>(
        &self,
        precision: Precision,
        read: Read<'_, X>,
        grad_out: &[Y],
    ) -> Vec<f32>;
}

macro_rules! impl_convolves {
    ($shape:ty, $forward:ident, $input_gradient:ident, $weight_gradient:ident) => {
        impl Convolves for $shape {
            fn forward<X: Element, Y: Element>(
                &self,
                precision: Precision,
                read: Read<'_, X>,
                weight: &[f32],
                over: Over,
            ) -> (Vec<Y>, Statistics) {
                let mut out = of(self.output_len());
                let found = $forward(self, precision, read.x, read.on_load, weight, over, &mut out);
                (out, found)
            }

            fn backward<X: Element, Y: Element>(
                &self,
                precision: Precision,
                grad_out: &[Y],
                weight: &[f32],
            ) -> Vec<X> {
                let mut grad_x = of(self.input_len());
                $input_gradient(self, precision, grad_out, weight, &mut grad_x);
                grad_x
            }

            fn weight_gradient<X: Element, Y: Element>(
                &self,
                precision: Precision,
                read: Read<'_, X>,
                grad_out: &[Y],
            ) -> Vec<f32> {
                let mut grad_weight = of(self.weight_len());
                $weight_gradient(self, precision, read.x, read.on_load, grad_out, &mut grad_weight);
                grad_weight
            }
        }
    };
}

impl_convolves!(Conv2d, conv2d_normalised_forward, conv2d_input_gradient, conv2d_normalised_weight_gradient);
impl_convolves!(Conv3d, conv3d_normalised_forward, conv3d_input_gradient, conv3d_normalised_weight_gradient);

/// One convolution in both precisions, of inputs as they are and normalised where they are read.
fn check(shape: &impl Convolves, over: Over, relu: bool, seed: u64) {
    let [x, weight, grad_out] = shape.noise(seed);
    let ((x, long_x), (grad_out, long_grad_out)) = (halves(&x), halves(&grad_out));
    let sizes = *shape.sizes();
    let channels = sizes.channels_in;
    let found = statistics([sizes.batch, sizes.size.iter().product(), channels], Over::Batch, &x);
    let (gamma, beta) = (noise(seed + 3, channels), noise(seed + 4, channels));
    let normalisation =
        Normalisation { over: Over::Batch, statistics: &found, gamma: &gamma, beta: &beta, epsilon: 1e-3 };
    for precision in [Precision::F32, Precision::Bf16] {
        for on_load in [None, Some(OnLoad { normalisation, relu })] {
            let (read, long) = (Read { x: &x, on_load }, Read { x: &long_x, on_load });
            let (expected, expected_found): (Vec<f32>, _) = shape.forward(precision, long, &weight, over);
            let (out, found): (Vec<f32>, _) = shape.forward(precision, read, &weight, over);
            assert_eq!((&out, &found), (&expected, &expected_found), "output in {precision:?}");
            for (out, found) in [
                shape.forward::<_, bf16>(precision, read, &weight, over),
                shape.forward::<_, bf16>(precision, long, &weight, over),
            ] {
                assert_same("output", &out, &expected);
                let [depth, height, width] = sizes.output();
                let output = [sizes.batch, depth * height * width, sizes.channels_out];
                let taken = statistics(output, over, &out);
                let largest = expected.iter().fold(1.0, |most: f64, &x| most.max(f64::from(x).abs()));
                let double = |values: &[f32]| values.iter().map(|&x| f64::from(x)).collect::<Vec<_>>();
                super::assert_close("mean", &found.mean, &double(&taken.mean), 2e-6 * largest);
                let expected = double(&taken.variance);
                super::assert_close("variance", &found.variance, &expected, 2e-6 * largest * largest);
            }
            let expected = shape.weight_gradient(precision, long, &long_grad_out);
            assert_eq!(shape.weight_gradient(precision, read, &grad_out), expected, "in {precision:?}");
            assert_eq!(shape.weight_gradient(precision, long, &grad_out), expected, "in {precision:?}");
            assert_eq!(shape.weight_gradient(precision, read, &long_grad_out), expected, "in {precision:?}");
        }
        let expected: Vec<f32> = shape.backward(precision, &long_grad_out, &weight);
        assert_eq!(shape.backward::<f32, _>(precision, &grad_out, &weight), expected);
        assert_same("input gradient", &shape.backward(precision, &grad_out, &weight), &expected);
        assert_same("input gradient", &shape.backward(precision, &long_grad_out, &weight), &expected);
    }
}

fn over(groups: bool) -> Over {
    if groups { Over::Groups(1) } else { Over::Batch }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]

    #[test]
    fn any_shape(shape in conv2d::shapes(), groups: bool, relu: bool, seed in 0u64..1000) {
        prop_assume!(shape.batch() > 0);
        check(&shape, over(groups), relu, seed);
    }

    #[test]
    fn dilated_and_grouped_shapes(
        shape in conv2d::general_shapes(), groups: bool, relu: bool, seed in 0u64..1000,
    ) {
        check(&shape, over(groups), relu, seed);
    }

    #[test]
    fn depthwise_shapes(shape in conv2d::depthwise_shapes(), groups: bool, relu: bool, seed in 0u64..1000) {
        check(&shape, over(groups), relu, seed);
    }

    #[test]
    fn tiled_shapes(shape in conv2d::tiled_shapes(), groups: bool, relu: bool, seed in 0u64..1000) {
        check(&shape, over(groups), relu, seed);
    }

    #[test]
    fn shapes_with_a_depth(
        shape in super::conv3d::shapes(), groups: bool, relu: bool, seed in 0u64..1000,
    ) {
        prop_assume!(shape.batch() > 0);
        check(&shape, over(groups), relu, seed);
    }
}

/// What a kernel wrote: activations, and numbers that have 32 bits always.
struct Written<E> {
    name: String,
    activation: Vec<E>,
    numbers: Vec<f32>,
}

/// Every element-wise kernel on activations `[batch, spatial, channels]`, in the same order for each type.
fn element_wise<E: Element + PartialEq>(
    [batch, spatial, channels, groups]: [usize; 4],
    [x, residual, grad_out]: [&[E]; 3],
) -> Vec<Written<E>> {
    let rows = batch * spatial;
    let shape = [batch, spatial, channels];
    let (gamma, beta) = (noise(4, channels), noise(5, channels));
    let mut all = Vec::new();
    let mut add = |name: &str, activation: Vec<E>, numbers: Vec<f32>| {
        all.push(Written { name: name.to_owned(), activation, numbers });
    };
    let after = [After::Nothing, After::Relu, After::Join(residual)];
    for (after, kind) in after.into_iter().zip(["alone", "with ReLU", "with join"]) {
        for over in [Over::Batch, Over::Groups(groups), Over::Nothing] {
            let name = |pass: &str| format!("{pass}, {over:?} {kind}");
            let mut out = of(x.len());
            let found = match over {
                Over::Batch => batch_norm_forward(rows, channels, x, &gamma, &beta, 1e-5, after, &mut out),
                Over::Groups(groups) => group_norm_forward(
                    batch, spatial, channels, groups, x, &gamma, &beta, 1e-5, after, &mut out,
                ),
                Over::Nothing => {
                    scale_shift_forward(rows, channels, x, &gamma, &beta, after, &mut out);
                    Statistics::default()
                }
            };
            let mut normalised = of(x.len());
            let normalisation =
                Normalisation { over, statistics: &found, gamma: &gamma, beta: &beta, epsilon: 1e-5 };
            normalise(shape, x, normalisation, after, &mut normalised);
            assert_eq!(normalised, out, "{}", name("normalise"));
            let (mut grad_x, mut grad_residual) = (of(x.len()), of(x.len()));
            let after = match after {
                After::Nothing => AfterGradient::Nothing,
                After::Relu => AfterGradient::Relu,
                After::Join(_) => AfterGradient::Join { out: &out, grad_residual: &mut grad_residual },
            };
            let (grad_gamma, grad_beta) = match over {
                Over::Batch => batch_norm_backward(
                    rows,
                    channels,
                    x,
                    &gamma,
                    &beta,
                    &found,
                    1e-5,
                    after,
                    grad_out,
                    &mut grad_x,
                ),
                Over::Groups(groups) => group_norm_backward(
                    batch,
                    spatial,
                    channels,
                    groups,
                    x,
                    &gamma,
                    &beta,
                    &found,
                    1e-5,
                    after,
                    grad_out,
                    &mut grad_x,
                ),
                Over::Nothing => {
                    scale_shift_backward(rows, channels, x, &gamma, &beta, after, grad_out, &mut grad_x)
                }
            };
            add(&name("output"), out, [found.mean, found.variance].concat());
            add(&name("input gradient"), grad_x, [grad_gamma, grad_beta].concat());
            if kind == "with join" {
                add(&name("residual's gradient"), grad_residual, Vec::new());
            }
        }
    }
    let mut out = of(x.len());
    add_relu_forward(x, residual, &mut out);
    let mut grad = of(x.len());
    add_relu_backward(&out, grad_out, &mut grad);
    add("join", out, Vec::new());
    add("gradient of the join", grad, Vec::new());
    let mut pooled = of(batch * channels);
    global_average_pool_forward(batch, spatial, channels, x, &mut pooled);
    let mut grad_x = of(x.len());
    global_average_pool_backward(batch, spatial, channels, &pooled, &mut grad_x);
    add("gradient of the average", grad_x, pooled);
    all
}

#[test]
fn element_wise_kernels() {
    for shape in [[3, 7, 10, 5], [2, 64, 16, 4], [5, 1, 33, 1], [2, 150, 48, 3]] {
        let len = shape[0] * shape[1] * shape[2];
        let [(x, long_x), (residual, long_residual), (grad_out, long_grad_out)] =
            [1, 2, 3].map(|seed| halves(&noise(seed, len)));
        let short = element_wise(shape, [x.as_slice(), &residual, &grad_out]);
        let long = element_wise(shape, [long_x.as_slice(), &long_residual, &long_grad_out]);
        assert_eq!(short.len(), long.len());
        for (short, long) in short.iter().zip(&long) {
            assert_same(&short.name, &short.activation, &long.activation);
            assert_eq!(short.numbers, long.numbers, "{}", short.name);
        }
    }
}
