//! Updates of parameters against plain loops in double precision.

use super::{assert_close, noise, to_f64};
use crate::{
    AdamW, Lars, Sgd, SquaredNorms, adamw_update, ema_update, lars_update, sgd_update, squared_norm,
    squared_norms,
};

/// Lengths that no vector divides, and some of more than one task.
const LENS: [usize; 9] = [0, 1, 7, 16, 17, 257, 1000, 65_537, 200_003];
/// Several updates of numbers about 1 in size, each rounded a few times.
const TOLERANCE: f64 = 2e-6;

/// A parameter, and a gradient for each of three updates.
fn case(len: usize) -> (Vec<f32>, [Vec<f32>; 3]) {
    (noise(1, len), [2, 3, 4].map(|seed| noise(seed, len)))
}

#[test]
fn sgd_equals_double_precision() {
    for len in LENS {
        for (nesterov, weight_decay) in [(false, 0.0), (true, 0.0), (false, 0.1), (true, 0.1)] {
            let sgd = Sgd { learning_rate: 0.3, momentum: 0.9, nesterov, weight_decay };
            let (mut weight, gradients) = case(len);
            let mut momentum = vec![0.0; len];
            let (mut w, mut m) = (to_f64(&weight), vec![0.0; len]);
            for gradient in &gradients {
                sgd_update(&sgd, &mut weight, gradient, &mut momentum);
                for index in 0..len {
                    let decayed = f64::from(gradient[index]) + weight_decay * w[index];
                    m[index] = 0.9 * m[index] + decayed;
                    w[index] -= 0.3 * if nesterov { decayed + 0.9 * m[index] } else { m[index] };
                }
            }
            assert_close("weight", &weight, &w, TOLERANCE);
            assert_close("momentum", &momentum, &m, TOLERANCE);
        }
    }
}

#[test]
fn lars_equals_double_precision() {
    for len in LENS {
        let (learning_rate, momentum, weight_decay, trust_ratio) = (0.3, 0.9, 0.1, 0.25);
        let lars = Lars { learning_rate, momentum, weight_decay, trust_ratio };
        let (mut weight, gradients) = case(len);
        let mut velocity = vec![0.0; len];
        let (mut w, mut m) = (to_f64(&weight), vec![0.0; len]);
        for gradient in &gradients {
            lars_update(&lars, &mut weight, gradient, &mut velocity);
            for index in 0..len {
                let decayed = f64::from(gradient[index]) + weight_decay * w[index];
                m[index] = momentum * m[index] + trust_ratio * decayed;
                w[index] -= learning_rate * m[index];
            }
        }
        assert_close("weight", &weight, &w, TOLERANCE);
        assert_close("momentum", &velocity, &m, TOLERANCE);
    }
}

#[test]
fn adamw_equals_double_precision() {
    for len in LENS {
        let (mut weight, gradients) = case(len);
        let (mut first_moment, mut second_moment) = (vec![0.0; len], vec![0.0; len]);
        let (mut w, mut m, mut v) = (to_f64(&weight), vec![0.0; len], vec![0.0; len]);
        let (learning_rate, beta1, beta2, epsilon, weight_decay) = (0.02, 0.9, 0.999, 1e-6, 0.1);
        for (gradient, step) in gradients.iter().zip(1..) {
            let adamw = AdamW { learning_rate, beta1, beta2, epsilon, weight_decay, step };
            adamw_update(&adamw, &mut weight, gradient, &mut first_moment, &mut second_moment);
            for index in 0..len {
                let g = f64::from(gradient[index]);
                m[index] = beta1 * m[index] + (1.0 - beta1) * g;
                v[index] = beta2 * v[index] + (1.0 - beta2) * g * g;
                let first = m[index] / (1.0 - beta1.powi(step as i32));
                let second = v[index] / (1.0 - beta2.powi(step as i32));
                w[index] *= 1.0 - learning_rate * weight_decay;
                w[index] -= learning_rate * first / (second.sqrt() + epsilon);
            }
        }
        assert_close("weight", &weight, &w, TOLERANCE);
        assert_close("first_moment", &first_moment, &m, TOLERANCE);
        assert_close("second_moment", &second_moment, &v, 1e-3 * TOLERANCE);
    }
}

#[test]
fn moving_average_equals_double_precision() {
    for len in LENS {
        let (mut target, [online, ..]) = case(len);
        let expected: Vec<f64> = target
            .iter()
            .zip(&online)
            .map(|(&target, &online)| 0.996 * f64::from(target) + (1.0 - 0.996) * f64::from(online))
            .collect();
        ema_update(0.996, &mut target, &online);
        assert_close("target", &target, &expected, TOLERANCE);
    }
}

#[test]
fn a_target_decay_of_zero_copies_and_of_one_keeps() {
    let (before, [online, ..]) = case(100);
    for (tau, expected) in [(0.0, &online), (1.0, &before)] {
        let mut target = before.clone();
        ema_update(tau, &mut target, &online);
        assert_eq!(&target, expected);
    }
}

#[test]
fn norms_equal_double_precision() {
    for len in LENS {
        let (weight, [gradient, ..]) = case(len);
        let norms = squared_norms(0.1, &weight, &gradient);
        let square = |term: &dyn Fn(f64, f64) -> f64| -> f64 {
            weight.iter().zip(&gradient).map(|(&w, &g)| term(f64::from(w), f64::from(g)).powi(2)).sum()
        };
        let expected = [square(&|w, _| w), square(&|_, g| g), square(&|w, g| g + 0.1 * w), square(&|w, _| w)];
        let norms = [norms.weight, norms.gradient, norms.decayed_gradient, squared_norm(&weight)];
        for (norm, expected) in norms.iter().zip(expected) {
            assert!((norm - expected).abs() <= 1e-12 * expected, "{norm} of {len}, expected {expected}");
        }
    }
}

/// The squares are no floats, and the decay cancels all but the last bit of the gradient.
#[test]
fn norms_of_extreme_numbers_are_accurate() {
    for size in [-100, 0, 100].map(|exponent| 2f32.powi(exponent)) {
        let weight = [size; 1000];
        let gradient = weight.map(|weight| -0.5 * weight * (1.0 + f32::EPSILON));
        let SquaredNorms { weight, gradient, decayed_gradient } = squared_norms(0.5, &weight, &gradient);
        let (square, last_bit) = (1e3 * f64::from(size).powi(2), f64::from(f32::EPSILON));
        let expected =
            [1.0, (1.0 + last_bit).powi(2) / 4.0, last_bit.powi(2) / 4.0].map(|share| share * square);
        for (norm, expected) in [weight, gradient, decayed_gradient].into_iter().zip(expected) {
            assert!((norm / expected - 1.0).abs() < 1e-12, "{norm}, expected {expected}");
        }
    }
}

#[test]
#[should_panic(expected = "gradient has 3 floats, expected 2")]
fn a_gradient_of_another_length_is_refused() {
    let sgd = Sgd { learning_rate: 0.1, momentum: 0.0, nesterov: false, weight_decay: 0.0 };
    sgd_update(&sgd, &mut [0.0; 2], &[0.0; 3], &mut [0.0; 2]);
}
