//! The number of threads changes no bit of any result.

use super::convolution::Passes;
use super::noise;
use crate::{
    Activation, AdamW, After, AfterGradient, Conv2d, Conv3d, Epilogue, MatMul, Over, Precision, Sgd,
    Statistics, adamw_update, batch_norm_backward, batch_norm_forward, byol_loss_backward, byol_loss_forward,
    conv2d_normalised_forward, ema_update, group_norm_backward, group_norm_forward, layer_norm_backward,
    layer_norm_forward, matmul, scale_shift_backward, sgd_update, softmax_cross_entropy_backward,
    softmax_cross_entropy_forward, squared_norm, squared_norms,
};

/// The result of `work` in pools of one, two and three threads.
fn assert_same<R: PartialEq + Send>(work: impl Fn() -> R + Sync) {
    let [one, two, three] = [1, 2, 3].map(|threads| {
        let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().expect("a small pool starts");
        pool.install(&work)
    });
    assert!(one == two && one == three, "the threads changed a result");
}

fn assert_same_bits(work: impl Fn() -> Vec<Vec<f32>> + Sync) {
    assert_same(|| -> Vec<Vec<u32>> {
        work().into_iter().map(|values| values.into_iter().map(f32::to_bits).collect()).collect()
    });
}

fn assert_same_passes(shape: &(impl Passes + Sync)) {
    let operands = shape.noise(1);
    assert_same_bits(|| {
        let results = [Precision::F32, Precision::Bf16].map(|precision| shape.run(precision, &operands));
        results.into_iter().flatten().collect()
    });
}

#[test]
fn convolution_does_not_depend_on_the_threads() {
    for (input, channels, kernel, stride, padding) in [
        ([70, 12, 12], [3, 16], 3, 1, 1),
        ([33, 9, 9], [16, 32], 3, 2, 1),
        ([5, 4, 4], [130, 200], 3, 1, 1),
        ([50, 11, 10], [32, 64], 3, 1, 1),
    ] {
        assert_same_passes(&Conv2d::new(input, channels, [kernel; 2], [stride; 2], [padding; 2]));
    }
}

#[test]
fn general_convolution_does_not_depend_on_the_threads() {
    for (input, channels, stride, dilation, groups) in [
        ([33, 9, 9], [16, 24], 2, 2, 1),
        ([21, 11, 10], [36, 72], 1, 1, 4),
        ([40, 7, 8], [50, 100], 1, 2, 50),
    ] {
        let shape = Conv2d::new(input, channels, [3; 2], [stride; 2], [dilation; 2]);
        assert_same_passes(&shape.with_dilation([dilation; 2]).with_groups(groups));
    }
    for (input, channels, stride, groups) in
        [([3, 9, 8, 8], [16, 24], 1, 1), ([5, 6, 5, 7], [12, 18], 2, 3), ([3, 8, 9, 8], [20, 20], 1, 20)]
    {
        assert_same_passes(&Conv3d::new(input, channels, [3; 3], [stride; 3], [1; 3]).with_groups(groups));
    }
}

#[test]
fn products_do_not_depend_on_the_threads() {
    for (batch, size) in [
        (1, [1, 2000, 3000]),
        (1, [3, 2000, 3000]),
        (1, [70, 1500, 700]),
        (1, [700, 2500, 130]),
        (1, [300, 50, 5000]),
        (9, [130, 64, 130]),
        (1, [900, 300, 1]),
    ] {
        for shape in [MatMul::new(batch, size), MatMul::new(batch, size).transpose_b()] {
            let (a, b) = (noise(1, shape.a_len()), noise(2, shape.b_len()));
            let (before, bias) = (noise(3, shape.output_len()), noise(4, shape.columns()));
            let epilogue = Epilogue {
                scale: 0.3,
                bias: Some(&bias),
                activation: Activation::GeluTanh,
                accumulate: true,
                ..Epilogue::default()
            };
            assert_same_bits(|| {
                let results = [Precision::F32, Precision::Bf16].map(|precision| {
                    let mut c = before.clone();
                    matmul(&shape, precision, &a, &b, &epilogue, &mut c);
                    c
                });
                results.into()
            });
        }
    }
}

#[test]
fn statistics_of_a_convolution_do_not_depend_on_the_threads() {
    for (size, channels) in [(24, [3, 16]), (9, [32, 48]), (4, [64, 64])] {
        let shape = Conv2d::new([37, size, size], channels, [3, 3], [1, 1], [1, 1]);
        let (x, weight) = (noise(1, shape.input_len()), noise(2, shape.weight_len()));
        for over in [Over::Batch, Over::Groups(4)] {
            assert_same_bits(|| {
                let mut out = vec![0.0; shape.output_len()];
                let Statistics { mean, variance } =
                    conv2d_normalised_forward(&shape, Precision::F32, &x, None, &weight, over, &mut out);
                vec![out, mean, variance]
            });
        }
    }
}

#[test]
fn normalisation_does_not_depend_on_the_threads() {
    for (batch, spatial, channels, groups) in [(40, 576, 16, 2), (7, 301, 30, 5), (9, 16, 512, 32)] {
        let rows = batch * spatial;
        let (x, grad_out) = (noise(1, rows * channels), noise(2, rows * channels));
        let (gamma, beta) = (noise(3, channels), noise(4, channels));
        assert_same_bits(|| {
            let (mut out, mut grad_x) = (x.clone(), x.clone());
            let statistics =
                batch_norm_forward(rows, channels, &x, &gamma, &beta, 1e-5, After::Relu, &mut out);
            let (grad_gamma, grad_beta) = batch_norm_backward(
                rows,
                channels,
                &x,
                &gamma,
                &beta,
                &statistics,
                1e-5,
                AfterGradient::Relu,
                &grad_out,
                &mut grad_x,
            );
            vec![out, statistics.mean, statistics.variance, grad_x, grad_gamma, grad_beta]
        });
        assert_same_bits(|| {
            let (mut out, mut grad_x) = (x.clone(), x.clone());
            let statistics = group_norm_forward(
                batch,
                spatial,
                channels,
                groups,
                &x,
                &gamma,
                &beta,
                1e-5,
                After::Relu,
                &mut out,
            );
            let (grad_gamma, grad_beta) = group_norm_backward(
                batch,
                spatial,
                channels,
                groups,
                &x,
                &gamma,
                &beta,
                &statistics,
                1e-5,
                AfterGradient::Relu,
                &grad_out,
                &mut grad_x,
            );
            vec![out, statistics.mean, statistics.variance, grad_x, grad_gamma, grad_beta]
        });
        assert_same_bits(|| {
            let mut grad_x = x.clone();
            let (scale, shift) = scale_shift_backward(
                rows,
                channels,
                &x,
                &gamma,
                &beta,
                AfterGradient::Relu,
                &grad_out,
                &mut grad_x,
            );
            vec![grad_x, scale, shift]
        });
    }
}

#[test]
fn layer_norm_does_not_depend_on_the_threads() {
    for (rows, features) in [(3, 70_001), (2000, 300), (30_001, 7)] {
        let (x, grad_out) = (noise(1, rows * features), noise(2, rows * features));
        let (gamma, beta) = (noise(3, features), noise(4, features));
        assert_same_bits(|| {
            let (mut out, mut grad_x) = (x.clone(), x.clone());
            let [mut mean, mut variance] = [(); 2].map(|()| vec![f32::NAN; rows]);
            let [mut grad_gamma, mut grad_beta] = [(); 2].map(|()| vec![f32::NAN; features]);
            layer_norm_forward(rows, features, &x, &gamma, &beta, 1e-5, &mut out, &mut mean, &mut variance);
            layer_norm_backward(
                rows,
                features,
                &x,
                &gamma,
                1e-5,
                &mean,
                &variance,
                &grad_out,
                &mut grad_x,
                &mut grad_gamma,
                &mut grad_beta,
            );
            vec![out, mean, variance, grad_x, grad_gamma, grad_beta]
        });
    }
}

#[test]
fn losses_do_not_depend_on_the_threads() {
    for (rows, width) in [(3, 70_001), (2000, 300), (30_001, 7)] {
        let (a, b) = (noise(1, rows * width), noise(2, rows * width));
        let labels: Vec<u32> = (0..rows).map(|row| (row % width) as u32).collect();
        assert_same_bits(|| {
            let [mut grad_logits, mut grad_prediction] = [(); 2].map(|()| vec![f32::NAN; a.len()]);
            let mut log_sum_exp = vec![f64::NAN; rows];
            let entropy = softmax_cross_entropy_forward(rows, width, &a, &labels, 0.1, &mut log_sum_exp);
            softmax_cross_entropy_backward(
                rows,
                width,
                &a,
                &labels,
                0.1,
                &log_sum_exp,
                1.0,
                &mut grad_logits,
            );
            let distance = byol_loss_forward(rows, width, &a, &b);
            byol_loss_backward(rows, width, &a, &b, 1.0, &mut grad_prediction);
            vec![vec![entropy, distance], grad_logits, grad_prediction]
        });
    }
}

#[test]
fn updates_do_not_depend_on_the_threads() {
    for len in [1, 65_537, 400_003] {
        let (weight, gradient) = (noise(1, len), noise(2, len));
        let sgd = Sgd { learning_rate: 0.1, momentum: 0.9, nesterov: true, weight_decay: 0.01 };
        let adamw = AdamW {
            learning_rate: 0.1,
            beta1: 0.9,
            beta2: 0.999,
            epsilon: 1e-8,
            weight_decay: 0.01,
            step: 3,
        };
        assert_same_bits(|| {
            let (mut value, mut momentum) = (weight.clone(), gradient.clone());
            sgd_update(&sgd, &mut value, &gradient, &mut momentum);
            let mut second = gradient.iter().map(|gradient| gradient.abs()).collect::<Vec<_>>();
            adamw_update(&adamw, &mut value, &gradient, &mut momentum, &mut second);
            let mut target = weight.clone();
            ema_update(0.99, &mut target, &value);
            vec![value, momentum, second, target]
        });
        assert_same(|| {
            let norms = squared_norms(0.01, &weight, &gradient);
            [norms.weight, norms.gradient, norms.decayed_gradient, squared_norm(&weight)].map(f64::to_bits)
        });
    }
}
