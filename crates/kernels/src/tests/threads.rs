//! The number of threads changes no bit of any result.

use super::convolution::Passes;
use super::noise;
use crate::{
    Activation, Conv2d, Conv3d, Epilogue, MatMul, Precision, batch_norm_backward, batch_norm_forward,
    group_norm_backward, group_norm_forward, matmul, scale_shift_backward,
};

/// Every result of `work` in pools of one, two and three threads.
fn assert_same_bits(work: impl Fn() -> Vec<Vec<f32>> + Sync) {
    let mut results = [1, 2, 3].map(|threads| {
        let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().expect("a small pool starts");
        pool.install(&work)
            .into_iter()
            .map(|values| values.into_iter().map(f32::to_bits).collect())
            .collect::<Vec<Vec<u32>>>()
    });
    let one = std::mem::take(&mut results[0]);
    assert!(one == results[1] && one == results[2], "the threads changed a result");
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
fn normalisation_does_not_depend_on_the_threads() {
    for (batch, spatial, channels, groups) in [(40, 576, 16, 2), (7, 301, 30, 5), (9, 16, 512, 32)] {
        let rows = batch * spatial;
        let (x, grad_out) = (noise(1, rows * channels), noise(2, rows * channels));
        let (gamma, beta) = (noise(3, channels), noise(4, channels));
        assert_same_bits(|| {
            let (mut out, mut grad_x) = (x.clone(), x.clone());
            let statistics = batch_norm_forward(rows, channels, &x, &gamma, &beta, 1e-5, true, &mut out);
            let (grad_gamma, grad_beta) = batch_norm_backward(
                rows,
                channels,
                &x,
                &gamma,
                &beta,
                &statistics,
                1e-5,
                true,
                &grad_out,
                &mut grad_x,
            );
            vec![out, statistics.mean, statistics.variance, grad_x, grad_gamma, grad_beta]
        });
        assert_same_bits(|| {
            let (mut out, mut grad_x) = (x.clone(), x.clone());
            let statistics =
                group_norm_forward(batch, spatial, channels, groups, &x, &gamma, &beta, 1e-5, true, &mut out);
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
                true,
                &grad_out,
                &mut grad_x,
            );
            vec![out, statistics.mean, statistics.variance, grad_x, grad_gamma, grad_beta]
        });
        assert_same_bits(|| {
            let mut grad_x = x.clone();
            let (scale, shift) =
                scale_shift_backward(rows, channels, &x, &gamma, &beta, true, &grad_out, &mut grad_x);
            vec![grad_x, scale, shift]
        });
    }
}
