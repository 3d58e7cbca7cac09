//! Normalisations against double precision, and their gradients against central differences of it.

use super::{assert_close, central_differences, noise, sum_tolerance, to_f64};
use crate::{
    After, AfterGradient, batch_norm_backward, batch_norm_forward, group_norm_backward, group_norm_forward,
    layer_norm_backward, layer_norm_forward, scale_shift_backward, scale_shift_forward,
    standardise_weight_backward, standardise_weight_forward,
};
use proptest::prelude::*;

const EPSILON: f32 = 1e-3;

/// Normalises the sets that `set_of(index)` names, `x` being `[…, channels]`; without `ReLU`.
fn normalise(
    x: &[f64],
    gamma: &[f64],
    beta: &[f64],
    sets: usize,
    set_of: &dyn Fn(usize) -> usize,
) -> (Vec<f64>, Vec<f64>, Vec<f64>) {
    let (mut count, mut mean, mut variance) = (vec![0.0; sets], vec![0.0; sets], vec![0.0; sets]);
    for (index, x) in x.iter().enumerate() {
        count[set_of(index)] += 1.0;
        mean[set_of(index)] += x;
    }
    for (mean, count) in mean.iter_mut().zip(&count) {
        *mean /= count;
    }
    for (index, x) in x.iter().enumerate() {
        variance[set_of(index)] += (x - mean[set_of(index)]).powi(2) / count[set_of(index)];
    }
    let out = x
        .iter()
        .enumerate()
        .map(|(index, x)| {
            let (set, channel) = (set_of(index), index % gamma.len());
            gamma[channel] * (x - mean[set]) / (variance[set] + f64::from(EPSILON)).sqrt() + beta[channel]
        })
        .collect();
    (out, mean, variance)
}

/// `Σ out · grad_out`, with the `ReLU` before it if asked for.
fn loss(out: &[f64], grad_out: &[f32], relu: bool) -> f64 {
    out.iter()
        .zip(grad_out)
        .map(|(&out, &gradient)| if relu { out.max(0.0) } else { out } * f64::from(gradient))
        .sum()
}

/// Near zero, single and double precision may disagree on whether the `ReLU` passes.
fn near_kink(out: &[f64], relu: bool) -> bool {
    relu && out.iter().any(|out| out.abs() < 1e-4)
}

/// What follows the normalisation.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Following {
    Nothing,
    Relu,
    Join,
}

fn following() -> impl Strategy<Value = Following> {
    prop_oneof![Just(Following::Nothing), Just(Following::Relu), Just(Following::Join)]
}

struct Case {
    x: Vec<f32>,
    gamma: Vec<f32>,
    beta: Vec<f32>,
    residual: Vec<f32>,
    grad_out: Vec<f32>,
    following: Following,
}

impl Case {
    fn new(len: usize, channels: usize, seed: u64, mean: f32, following: Following) -> Self {
        let mut x = noise(seed, len);
        for (index, x) in x.iter_mut().enumerate() {
            *x += mean * (index % channels) as f32;
        }
        Self {
            x,
            gamma: noise(seed + 1, channels),
            beta: noise(seed + 2, channels),
            residual: noise(seed + 4, len),
            grad_out: noise(seed + 3, len),
            following,
        }
    }

    fn relu(&self) -> bool {
        self.following != Following::Nothing
    }

    /// The normalised values and the residual, if there is one.
    fn join(&self, mut y: Vec<f64>) -> Vec<f64> {
        if self.following == Following::Join {
            y.iter_mut().zip(&self.residual).for_each(|(y, residual)| *y += f64::from(*residual));
        }
        y
    }

    fn after(&self) -> After<'_> {
        match self.following {
            Following::Nothing => After::Nothing,
            Following::Relu => After::Relu,
            Following::Join => After::Join(&self.residual),
        }
    }

    /// On the way back from `out`, with where the residual's gradient goes.
    fn after_gradient<'a>(&self, out: &'a [f32], grad_residual: &'a mut [f32]) -> AfterGradient<'a> {
        match self.following {
            Following::Nothing => AfterGradient::Nothing,
            Following::Relu => AfterGradient::Relu,
            Following::Join => AfterGradient::Join { out, grad_residual },
        }
    }

    /// The residual's gradient is the output's where that is positive; `joined` is the output before the `ReLU`.
    fn check_residual(&self, joined: &[f64], grad_residual: &[f32]) {
        if self.following == Following::Join {
            let passed = joined.iter().zip(&self.grad_out);
            let expected: Vec<f32> = passed.map(|(&y, &g)| if y > 0.0 { g } else { 0.0 }).collect();
            assert_eq!(grad_residual, expected);
        }
    }

    /// Central differences for x, gamma and beta of the loss over `forward`.
    fn gradients(&self, forward: impl Fn(&[f64], &[f64], &[f64]) -> Vec<f64>) -> [Vec<f64>; 3] {
        let [x, gamma, beta] = [&self.x, &self.gamma, &self.beta].map(|values| to_f64(values));
        let loss = |out: Vec<f64>| loss(&self.join(out), &self.grad_out, self.relu());
        [
            central_differences(&x, |x| loss(forward(x, &gamma, &beta))),
            central_differences(&gamma, |gamma| loss(forward(&x, gamma, &beta))),
            central_differences(&beta, |beta| loss(forward(&x, &gamma, beta))),
        ]
    }
}

/// What layer normalisation makes of a case.
struct LayerNorm {
    out: Vec<f32>,
    mean: Vec<f32>,
    variance: Vec<f32>,
    grad_x: Vec<f32>,
    grad_gamma: Vec<f32>,
    grad_beta: Vec<f32>,
}

impl LayerNorm {
    fn new(case: &Case, rows: usize) -> Self {
        let Case { x, gamma, beta, grad_out, .. } = case;
        let features = gamma.len();
        let [mut out, mut grad_x] = [(); 2].map(|()| vec![f32::NAN; x.len()]);
        let [mut mean, mut variance] = [(); 2].map(|()| vec![f32::NAN; rows]);
        let [mut grad_gamma, mut grad_beta] = [(); 2].map(|()| vec![f32::NAN; features]);
        layer_norm_forward(rows, features, x, gamma, beta, EPSILON, &mut out, &mut mean, &mut variance);
        layer_norm_backward(
            rows,
            features,
            x,
            gamma,
            EPSILON,
            &mean,
            &variance,
            grad_out,
            &mut grad_x,
            &mut grad_gamma,
            &mut grad_beta,
        );
        Self { out, mean, variance, grad_x, grad_gamma, grad_beta }
    }
}

fn rectified(out: &[f64], relu: bool) -> Vec<f64> {
    out.iter().map(|&out| if relu { out.max(0.0) } else { out }).collect()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(96))]

    #[test]
    fn batch_norm_equals_double_precision(
        rows in 2usize..40, channels in 1usize..41, following in following(), seed in 0u64..1000, mean in -2f32..2.0,
    ) {
        let case = Case::new(rows * channels, channels, seed, mean / channels as f32, following);
        let set_of = |index: usize| index % channels;
        let forward = |x: &[f64], gamma: &[f64], beta: &[f64]| normalise(x, gamma, beta, channels, &set_of);
        let (expected, mean, variance) =
            forward(&to_f64(&case.x), &to_f64(&case.gamma), &to_f64(&case.beta));
        let expected = case.join(expected);
        prop_assume!(!near_kink(&expected, case.relu()));
        // With two rows that nearly agree the slope is 1 / sqrt(ε) and rounding of x shows.
        let smallest = variance.iter().fold(1.0, |least: f64, &variance| least.min(variance));
        prop_assume!(smallest > 1e-2);
        let mut out = vec![f32::NAN; case.x.len()];
        let statistics = batch_norm_forward(
            rows, channels, &case.x, &case.gamma, &case.beta, EPSILON, case.after(), &mut out,
        );
        assert_close("mean", &statistics.mean, &mean, 1e-6);
        assert_close("variance", &statistics.variance, &variance, 1e-6);
        assert_close("out", &out, &rectified(&expected, case.relu()), 2e-5);
        let [x, gamma, beta] = case.gradients(|x, gamma, beta| forward(x, gamma, beta).0);
        let mut grad_x = vec![f32::NAN; case.x.len()];
        let mut grad_residual = grad_x.clone();
        let (grad_gamma, grad_beta) = batch_norm_backward(
            rows, channels, &case.x, &case.gamma, &case.beta, &statistics, EPSILON,
            case.after_gradient(&out, &mut grad_residual), &case.grad_out, &mut grad_x,
        );
        case.check_residual(&expected, &grad_residual);
        assert_close("grad_x", &grad_x, &x, 2e-4);
        assert_close("grad_gamma", &grad_gamma, &gamma, 2e-5);
        assert_close("grad_beta", &grad_beta, &beta, 2e-5);
    }

    #[test]
    fn group_norm_equals_double_precision(
        batch in 1usize..4, spatial in 1usize..12, size in 1usize..6, groups in 1usize..5, following in following(),
        seed in 0u64..1000,
    ) {
        let channels = size * groups;
        prop_assume!(spatial * size > 1);
        let case = Case::new(batch * spatial * channels, channels, seed, 0.1, following);
        let set_of = |index: usize| index / (spatial * channels) * groups + index % channels / size;
        let forward =
            |x: &[f64], gamma: &[f64], beta: &[f64]| normalise(x, gamma, beta, batch * groups, &set_of);
        let (expected, mean, variance) =
            forward(&to_f64(&case.x), &to_f64(&case.gamma), &to_f64(&case.beta));
        let expected = case.join(expected);
        prop_assume!(!near_kink(&expected, case.relu()));
        let smallest = variance.iter().fold(1.0, |least: f64, &variance| least.min(variance));
        prop_assume!(smallest > 1e-2);
        let mut out = vec![f32::NAN; case.x.len()];
        let statistics = group_norm_forward(
            batch, spatial, channels, groups, &case.x, &case.gamma, &case.beta, EPSILON, case.after(), &mut out,
        );
        assert_close("mean", &statistics.mean, &mean, 1e-6);
        assert_close("variance", &statistics.variance, &variance, 1e-6);
        assert_close("out", &out, &rectified(&expected, case.relu()), 2e-5);
        let [x, gamma, beta] = case.gradients(|x, gamma, beta| forward(x, gamma, beta).0);
        let mut grad_x = vec![f32::NAN; case.x.len()];
        let mut grad_residual = grad_x.clone();
        let (grad_gamma, grad_beta) = group_norm_backward(
            batch, spatial, channels, groups, &case.x, &case.gamma, &case.beta, &statistics, EPSILON,
            case.after_gradient(&out, &mut grad_residual), &case.grad_out, &mut grad_x,
        );
        case.check_residual(&expected, &grad_residual);
        assert_close("grad_x", &grad_x, &x, 2e-4);
        assert_close("grad_gamma", &grad_gamma, &gamma, 2e-5);
        assert_close("grad_beta", &grad_beta, &beta, 2e-5);
    }

    #[test]
    fn layer_norm_equals_double_precision(
        rows in 0usize..80, features in 2usize..41, seed in 0u64..1000, mean in -2f32..2.0,
    ) {
        let case = Case::new(rows * features, features, seed, mean / features as f32, Following::Nothing);
        let set_of = |index: usize| index / features;
        let forward = |x: &[f64], gamma: &[f64], beta: &[f64]| normalise(x, gamma, beta, rows, &set_of);
        let (expected, mean, variance) =
            forward(&to_f64(&case.x), &to_f64(&case.gamma), &to_f64(&case.beta));
        let smallest = variance.iter().fold(1.0, |least: f64, &variance| least.min(variance));
        prop_assume!(smallest > 1e-2);
        let layer = LayerNorm::new(&case, rows);
        assert_close("mean", &layer.mean, &mean, 1e-6);
        assert_close("variance", &layer.variance, &variance, 1e-6);
        assert_close("out", &layer.out, &expected, 2e-5);
        let [x, gamma, beta] = case.gradients(|x, gamma, beta| forward(x, gamma, beta).0);
        assert_close("grad_x", &layer.grad_x, &x, 2e-4);
        assert_close("grad_gamma", &layer.grad_gamma, &gamma, 2e-5);
        assert_close("grad_beta", &layer.grad_beta, &beta, 2e-5);
    }

    #[test]
    fn scale_shift_equals_double_precision(
        rows in 0usize..70, channels in 1usize..41, following in following(), seed in 0u64..1000,
    ) {
        let case = Case::new(rows * channels, channels, seed, 0.0, following);
        let forward = |x: &[f64], scale: &[f64], shift: &[f64]| -> Vec<f64> {
            x.iter().enumerate().map(|(i, x)| x * scale[i % channels] + shift[i % channels]).collect()
        };
        let expected = forward(&to_f64(&case.x), &to_f64(&case.gamma), &to_f64(&case.beta));
        let expected = case.join(expected);
        prop_assume!(!near_kink(&expected, case.relu()));
        let mut out = vec![f32::NAN; case.x.len()];
        scale_shift_forward(rows, channels, &case.x, &case.gamma, &case.beta, case.after(), &mut out);
        assert_close("out", &out, &rectified(&expected, case.relu()), 5e-7);
        let passed: Vec<f64> = expected
            .iter()
            .zip(&case.grad_out)
            .map(|(&out, &gradient)| if case.relu() && out <= 0.0 { 0.0 } else { f64::from(gradient) })
            .collect();
        let (mut x, mut scale, mut shift) = (Vec::new(), vec![0.0; channels], vec![0.0; channels]);
        for (index, gradient) in passed.iter().enumerate() {
            x.push(gradient * f64::from(case.gamma[index % channels]));
            scale[index % channels] += gradient * f64::from(case.x[index]);
            shift[index % channels] += gradient;
        }
        let mut grad_x = vec![f32::NAN; case.x.len()];
        let mut grad_residual = grad_x.clone();
        let (grad_scale, grad_shift) = scale_shift_backward(
            rows, channels, &case.x, &case.gamma, &case.beta, case.after_gradient(&out, &mut grad_residual),
            &case.grad_out, &mut grad_x,
        );
        case.check_residual(&expected, &grad_residual);
        assert_close("grad_x", &grad_x, &x, 5e-7);
        assert_close("grad_scale", &grad_scale, &scale, 2e-5);
        assert_close("grad_shift", &grad_shift, &shift, 2e-5);
    }

    #[test]
    fn standardised_weight_equals_double_precision(
        channels in 1usize..5, fan_in in 3usize..30, seed in 0u64..1000,
    ) {
        let (w, grad_out) = (noise(seed, channels * fan_in), noise(seed + 1, channels * fan_in));
        let forward = |w: &[f64]| -> Vec<f64> {
            w.chunks(fan_in)
                .flat_map(|w| {
                    let mean = w.iter().sum::<f64>() / fan_in as f64;
                    let squares: f64 = w.iter().map(|w| (w - mean).powi(2)).sum();
                    let deviation = (squares / (fan_in as f64 - 1.0)).sqrt();
                    w.iter().map(move |w| (w - mean) / (deviation + f64::from(EPSILON))).collect::<Vec<_>>()
                })
                .collect()
        };
        let mut out = vec![f32::NAN; w.len()];
        standardise_weight_forward(channels, fan_in, &w, EPSILON, &mut out);
        assert_close("out", &out, &forward(&to_f64(&w)), 1e-6);
        let expected = central_differences(&to_f64(&w), |w| loss(&forward(w), &grad_out, false));
        let mut grad_w = vec![f32::NAN; w.len()];
        standardise_weight_backward(channels, fan_in, &w, EPSILON, &grad_out, &mut grad_w);
        // The slope is at most a few over the deviation, which chance can make small.
        let largest = expected.iter().fold(1.0, |most: f64, slope| most.max(slope.abs()));
        assert_close("grad_w", &grad_w, &expected, 1e-5 * largest);
    }
}

/// The mean is ten thousand deviations away, so a one-pass variance in single precision would be all error.
#[test]
fn variance_is_accurate_under_a_large_mean() {
    for (rows, channels) in [(10_000, 16), (5_001, 3), (70, 130), (3, 5)] {
        let x: Vec<f32> = noise(1, rows * channels).iter().map(|x| 1e4 + x).collect();
        let ones = vec![1.0; channels];
        let (_, mean, variance) =
            normalise(&to_f64(&x), &to_f64(&ones), &to_f64(&ones), channels, &|index| index % channels);
        let mut out = vec![0.0; x.len()];
        let statistics =
            batch_norm_forward(rows, channels, &x, &ones, &ones, EPSILON, After::Nothing, &mut out);
        // Half a unit in the last place of the mean; a few units of the variance.
        assert_close("mean", &statistics.mean, &mean, 5e-4);
        assert_close("variance", &statistics.variance, &variance, 5e-7);
    }
}

/// Sizes of several tasks, and gradients in closed form: `∂x = (γ g − ⟨γ g⟩ − x̂ ⟨γ g x̂⟩) / sqrt(σ² + ε)`.
#[test]
fn layer_norm_of_many_rows_equals_double_precision() {
    for (rows, features) in [(1, 1), (1, 7), (129, 17), (700, 257), (3, 70_001), (5001, 3)] {
        let case = Case::new(rows * features, features, 1, 0.01, Following::Nothing);
        let [x, gamma, beta, grad_out] =
            [&case.x, &case.gamma, &case.beta, &case.grad_out].map(|values| to_f64(values));
        let set_of = |index: usize| index / features;
        let (expected, _, variance) = normalise(&x, &gamma, &beta, rows, &set_of);
        let (normalised, ..) = normalise(&x, &vec![1.0; features], &vec![0.0; features], rows, &set_of);
        let (mut grad_x, mut grad_gamma, mut grad_beta) =
            (Vec::new(), vec![0.0; features], vec![0.0; features]);
        for row in 0..rows {
            let places = row * features..(row + 1) * features;
            let weighted: Vec<f64> = places.clone().map(|i| gamma[i % features] * grad_out[i]).collect();
            let mean = weighted.iter().sum::<f64>() / features as f64;
            let products = weighted.iter().zip(&normalised[places.clone()]).map(|(w, x)| w * x);
            let slope = products.sum::<f64>() / features as f64;
            let deviation = (variance[row] + f64::from(EPSILON)).sqrt();
            for (index, weighted) in places.zip(weighted) {
                grad_x.push((weighted - mean - normalised[index] * slope) / deviation);
                grad_gamma[index % features] += grad_out[index] * normalised[index];
                grad_beta[index % features] += grad_out[index];
            }
        }
        let layer = LayerNorm::new(&case, rows);
        assert_close("out", &layer.out, &expected, 2e-5);
        // Three features may nearly agree; then the slope is 1 / sqrt(ε) and rounding of x shows.
        assert_close("grad_x", &layer.grad_x, &grad_x, 2e-4);
        let tolerance = 2.0 * sum_tolerance(rows);
        assert_close("grad_gamma", &layer.grad_gamma, &grad_gamma, tolerance);
        assert_close("grad_beta", &layer.grad_beta, &grad_beta, tolerance);
    }
}

#[test]
fn variance_of_a_row_is_accurate_under_a_large_mean() {
    let [mut mean, mut variance] = [[0.0]; 2];
    for features in [3, 70, 10_000] {
        let x: Vec<f32> = noise(1, features).iter().map(|x| 1e4 + x).collect();
        let ones = vec![1.0; features];
        let (_, expected_mean, expected) = normalise(&to_f64(&x), &to_f64(&ones), &to_f64(&ones), 1, &|_| 0);
        let mut out = vec![0.0; features];
        layer_norm_forward(1, features, &x, &ones, &ones, EPSILON, &mut out, &mut mean, &mut variance);
        assert_close("mean", &mean, &expected_mean, 5e-4);
        assert_close("variance", &variance, &expected, 1e-7);
    }
}

#[test]
fn constant_rows_have_variance_zero() {
    let case = Case {
        x: [[0.1; 9], [-1e30; 9]].concat(),
        gamma: vec![1.0; 9],
        beta: vec![0.5; 9],
        residual: Vec::new(),
        following: Following::Nothing,
        grad_out: [[1.0; 9], [0.0; 9]].concat(),
    };
    let layer = LayerNorm::new(&case, 2);
    assert_eq!((layer.mean, layer.variance), (vec![0.1, -1e30], vec![0.0; 2]));
    assert_eq!((layer.out, layer.grad_x), (vec![0.5; 18], vec![0.0; 18]));
    assert_eq!((layer.grad_gamma, layer.grad_beta), (vec![0.0; 9], vec![1.0; 9]));
}

#[test]
fn constant_channels_have_variance_zero() {
    let mut out = [f32::NAN; 200];
    let statistics =
        batch_norm_forward(100, 2, &[0.1; 200], &[1.0; 2], &[0.5; 2], EPSILON, After::Nothing, &mut out);
    assert_eq!((statistics.mean, statistics.variance), (vec![0.1; 2], vec![0.0; 2]));
    assert_eq!(out, [0.5; 200]);
}

#[test]
fn equal_weights_have_a_finite_gradient() {
    let mut grad_w = [f32::NAN; 4];
    standardise_weight_backward(1, 4, &[0.5; 4], 0.5, &[1.0, 2.0, 3.0, 4.0], &mut grad_w);
    assert_eq!(grad_w, [-3.0, -1.0, 1.0, 3.0]);
}

#[test]
fn nan_passes_the_rectifier() {
    let mut out = [0.0; 3];
    scale_shift_forward(3, 1, &[f32::NAN, -1.0, 2.0], &[1.0], &[0.0], After::Relu, &mut out);
    assert!(out[0].is_nan());
    assert_eq!(out[1..], [0.0, 2.0]);
}

#[test]
#[should_panic(expected = "the residual has 3 floats, expected 2")]
fn a_residual_of_another_length_is_refused() {
    let _ =
        batch_norm_forward(2, 1, &[1.0, 2.0], &[1.0], &[0.0], EPSILON, After::Join(&[0.0; 3]), &mut [0.0; 2]);
}
