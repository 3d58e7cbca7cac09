//! Convolutions between normalisations: what is normalised where it is read, and statistics taken where it was written.

use super::convolution::Passes;
use super::{conv2d, conv3d, noise};
use crate::{
    After, Conv2d, Conv3d, Normalisation, OnLoad, Over, Precision, Statistics, conv2d_forward,
    conv2d_normalised_forward, conv2d_normalised_weight_gradient, conv2d_weight_gradient, conv3d_forward,
    conv3d_normalised_forward, conv3d_normalised_weight_gradient, conv3d_weight_gradient, group_norm_forward,
    normalise, scale_shift_forward, statistics,
};
use proptest::prelude::*;

/// A public shape, with its passes between normalisations.
trait Normalised: Passes {
    /// The output and its statistics, and the weight gradient.
    fn run_normalised(
        &self,
        precision: Precision,
        operands: &[Vec<f32>; 3],
        on_load: Option<OnLoad<'_>>,
        over: Over,
    ) -> (Vec<f32>, Statistics, Vec<f32>);

    /// The output and the weight gradient.
    fn run_plain(&self, precision: Precision, operands: &[Vec<f32>; 3]) -> [Vec<f32>; 2];
}

macro_rules! impl_normalised {
    ($shape:ty, $forward:ident, $weight_gradient:ident, $plain_forward:ident, $plain_weight_gradient:ident) => {
        impl Normalised for $shape {
            fn run_normalised(
                &self,
                precision: Precision,
                [x, weight, grad_out]: &[Vec<f32>; 3],
                on_load: Option<OnLoad<'_>>,
                over: Over,
            ) -> (Vec<f32>, Statistics, Vec<f32>) {
                let [mut out, mut grad_weight] = [grad_out, weight].map(|like| vec![f32::NAN; like.len()]);
                let found = $forward(self, precision, x, on_load, weight, over, &mut out);
                $weight_gradient(self, precision, x, on_load, grad_out, &mut grad_weight);
                (out, found, grad_weight)
            }

            fn run_plain(
                &self,
                precision: Precision,
                [x, weight, grad_out]: &[Vec<f32>; 3],
            ) -> [Vec<f32>; 2] {
                let [mut out, mut grad_weight] = [grad_out, weight].map(|like| vec![f32::NAN; like.len()]);
                $plain_forward(self, precision, x, weight, &mut out);
                $plain_weight_gradient(self, precision, x, grad_out, &mut grad_weight);
                [out, grad_weight]
            }
        }
    };
}

impl_normalised!(
    Conv2d,
    conv2d_normalised_forward,
    conv2d_normalised_weight_gradient,
    conv2d_forward,
    conv2d_weight_gradient
);
impl_normalised!(
    Conv3d,
    conv3d_normalised_forward,
    conv3d_normalised_weight_gradient,
    conv3d_forward,
    conv3d_weight_gradient
);

/// The batch, a number of groups that divides the channels, or nothing.
fn over(kind: usize, channels: usize) -> Over {
    let divisors: Vec<usize> = (1..=channels).filter(|count| channels.is_multiple_of(*count)).collect();
    match kind {
        0 => Over::Batch,
        1 => Over::Nothing,
        kind => Over::Groups(divisors[kind % divisors.len()]),
    }
}

/// Means and biased variances of `[batch, spatial, channels]` in double precision.
fn plain_statistics([batch, spatial, channels]: [usize; 3], over: Over, x: &[f32]) -> [Vec<f64>; 2] {
    let set_of = |index: usize| match over {
        Over::Batch => index % channels,
        Over::Groups(groups) => {
            index / (spatial * channels) * groups + index % channels / (channels / groups)
        }
        Over::Nothing => unreachable!("nothing has no statistics"),
    };
    let sets = if let Over::Groups(groups) = over { batch * groups } else { channels };
    let count = x.len() as f64 / sets as f64;
    let (mut mean, mut variance) = (vec![0.0; sets], vec![0.0; sets]);
    for (index, &x) in x.iter().enumerate() {
        mean[set_of(index)] += f64::from(x) / count;
    }
    for (index, &x) in x.iter().enumerate() {
        variance[set_of(index)] += (f64::from(x) - mean[set_of(index)]).powi(2) / count;
    }
    [mean, variance]
}

fn bits(values: &[f32]) -> Vec<u32> {
    values.iter().map(|value| value.to_bits()).collect()
}

/// One convolution, in both precisions, between normalisations of these kinds.
fn check(shape: &impl Normalised, [before, after]: [usize; 2], relu: bool, seed: u64) {
    let sizes = *shape.sizes();
    let (input, output) = (sizes.size, sizes.output());
    let input = [sizes.batch, input.iter().product(), sizes.channels_in];
    let output = [sizes.batch, output.iter().product(), sizes.channels_out];
    let (before, after) = (over(before, input[2]), over(after, output[2]));
    let operands = shape.noise(seed);
    let found = statistics(input, before, &operands[0]);
    let (gamma, beta) = (noise(seed + 3, input[2]), noise(seed + 4, input[2]));
    let normalisation =
        Normalisation { over: before, statistics: &found, gamma: &gamma, beta: &beta, epsilon: 1e-3 };
    let mut normal = operands.clone();
    normalise(input, &operands[0], normalisation, After::relu(relu), &mut normal[0]);
    for precision in [Precision::F32, Precision::Bf16] {
        let on_load = Some(OnLoad { normalisation, relu });
        let (out, seen, grad_weight) = shape.run_normalised(precision, &operands, on_load, after);
        let [expected_out, expected_gradient] = shape.run_plain(precision, &normal);
        assert_eq!(bits(&out), bits(&expected_out), "output in {precision:?}");
        assert_eq!(bits(&grad_weight), bits(&expected_gradient), "weight gradient in {precision:?}");

        if after == Over::Nothing {
            assert_eq!(seen, Statistics::default());
            continue;
        }
        let [mean, variance] = plain_statistics(output, after, &out);
        let largest = out.iter().fold(0.0, |most: f64, &x| most.max(f64::from(x).abs()));
        super::assert_close("mean", &seen.mean, &mean, 2e-6 * largest);
        super::assert_close("variance", &seen.variance, &variance, 2e-6 * largest * largest);

        let (out, seen, grad_weight) = shape.run_normalised(precision, &normal, None, after);
        assert_eq!((bits(&out), bits(&grad_weight)), (bits(&expected_out), bits(&expected_gradient)));
        super::assert_close("mean of plain input", &seen.mean, &mean, 2e-6 * largest);
    }
}

/// A batch that has statistics.
fn filled(shape: Conv2d) -> Conv2d {
    let mut shape = shape;
    shape.0.batch = shape.0.batch.max(1);
    shape
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    #[test]
    fn any_shape(shape in conv2d::shapes(), kinds in prop::array::uniform2(0usize..6), relu: bool, seed in 0u64..1000) {
        check(&filled(shape), kinds, relu, seed);
    }

    #[test]
    fn dilated_and_grouped_shapes(
        shape in conv2d::general_shapes(), kinds in prop::array::uniform2(0usize..6), relu: bool, seed in 0u64..1000,
    ) {
        check(&shape, kinds, relu, seed);
    }

    #[test]
    fn depthwise_shapes(
        shape in conv2d::depthwise_shapes(), kinds in prop::array::uniform2(0usize..6), relu: bool, seed in 0u64..1000,
    ) {
        check(&shape, kinds, relu, seed);
    }

    #[test]
    fn tiled_shapes(
        shape in conv2d::tiled_shapes(), kinds in prop::array::uniform2(0usize..6), relu: bool, seed in 0u64..1000,
    ) {
        check(&shape, kinds, relu, seed);
    }

    #[test]
    fn shapes_with_a_depth(
        shape in conv3d::shapes(), kinds in prop::array::uniform2(0usize..6), relu: bool, seed in 0u64..1000,
    ) {
        check(&shape, kinds, relu, seed);
    }
}

#[test]
fn known_statistics_normalise_as_those_taken_on_the_way() {
    for (batch, spatial, channels, groups) in [(3, 7, 10, 5), (2, 64, 16, 4), (5, 1, 33, 1)] {
        let (shape, len) = ([batch, spatial, channels], batch * spatial * channels);
        let (x, residual) = (noise(1, len), noise(2, len));
        let (gamma, beta) = (noise(3, channels), noise(4, channels));
        for after in [After::Nothing, After::Relu, After::Join(&residual)] {
            let [mut expected, mut out] = [(); 2].map(|()| vec![f32::NAN; len]);
            let found = group_norm_forward(
                batch,
                spatial,
                channels,
                groups,
                &x,
                &gamma,
                &beta,
                1e-5,
                after,
                &mut expected,
            );
            let over = Over::Groups(groups);
            assert_eq!(statistics(shape, over, &x), found);
            let normalisation =
                Normalisation { over, statistics: &found, gamma: &gamma, beta: &beta, epsilon: 1e-5 };
            normalise(shape, &x, normalisation, after, &mut out);
            assert_eq!(bits(&out), bits(&expected));

            scale_shift_forward(batch * spatial, channels, &x, &gamma, &beta, after, &mut expected);
            let none = Statistics::default();
            let normalisation = Normalisation { over: Over::Nothing, statistics: &none, ..normalisation };
            normalise(shape, &x, normalisation, after, &mut out);
            assert_eq!(bits(&out), bits(&expected));
        }
    }
}

#[test]
#[should_panic(expected = "10 channels do not fall into 3 equal groups")]
fn unequal_groups_are_refused() {
    statistics([1, 2, 10], Over::Groups(3), &[0.0; 20]);
}

#[test]
#[should_panic(expected = "mean has 2 floats, expected 6")]
fn statistics_of_another_batch_are_refused() {
    let found = statistics([1, 4, 4], Over::Groups(2), &[0.0; 16]);
    let normalisation = Normalisation {
        over: Over::Groups(2),
        statistics: &found,
        gamma: &[1.0; 4],
        beta: &[0.0; 4],
        epsilon: 0.0,
    };
    let on_load = Some(OnLoad { normalisation, relu: false });
    let shape = Conv2d::new([3, 2, 2], [4, 1], [1, 1], [1, 1], [0, 0]);
    conv2d_normalised_forward(
        &shape,
        Precision::F32,
        &[0.0; 48],
        on_load,
        &[0.0; 4],
        Over::Nothing,
        &mut [0.0; 12],
    );
}
