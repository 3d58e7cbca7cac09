//! Times and floating-point rates of the kernels on the shapes of small residual networks.
//!
//! `cargo bench -p autodidact-kernels`; `RAYON_NUM_THREADS` sets the threads. Items are floating-point operations for
//! convolutions and floats of the input for normalisations. `benchmarks/kernels.py` compares with `PyTorch`.

use autodidact_kernels::{
    After, AfterGradient, Conv2d, Precision, batch_norm_backward, batch_norm_forward, conv2d_forward,
    conv2d_input_gradient, conv2d_weight_gradient, group_norm_backward, group_norm_forward,
};
use divan::Bencher;
use divan::counter::ItemsCount;

fn main() {
    divan::main();
}

/// `[batch, size, channels_in, channels_out, stride]` of 3×3 convolutions.
const CONVOLUTIONS: [[usize; 5]; 9] = [
    [256, 24, 3, 16, 1],
    [256, 24, 16, 16, 1],
    [256, 24, 16, 32, 2],
    [256, 12, 32, 32, 1],
    [256, 6, 64, 64, 1],
    [32, 32, 64, 64, 1],
    [32, 16, 128, 128, 1],
    [32, 8, 256, 256, 1],
    [32, 4, 512, 512, 1],
];

/// `[batch, size, channels]`.
const NORMS: [[usize; 3]; 4] = [[256, 24, 16], [256, 12, 32], [256, 6, 64], [32, 32, 64]];

fn convolution([batch, size, channels_in, channels_out, stride]: [usize; 5]) -> Conv2d {
    Conv2d::new([batch, size, size], [channels_in, channels_out], [3; 2], [stride; 2], [1; 2])
}

fn values(len: usize) -> Vec<f32> {
    (0..len).map(|i| ((i * 2654435761) % 1009) as f32 / 504.5 - 1.0).collect()
}

fn label<const N: usize>(shape: &[usize; N]) -> String {
    shape.map(|size| size.to_string()).join("x")
}

#[divan::bench(args = CONVOLUTIONS.iter().map(label))]
fn forward(bencher: Bencher<'_, '_>, shape: &str) {
    let shape = convolution(parse(shape));
    let (x, weight, mut out) =
        (values(shape.input_len()), values(shape.weight_len()), values(shape.output_len()));
    bencher
        .counter(ItemsCount::new(shape.flops()))
        .bench_local(|| conv2d_forward(&shape, Precision::F32, &x, &weight, &mut out));
}

#[divan::bench(args = CONVOLUTIONS.iter().map(label))]
fn input_gradient(bencher: Bencher<'_, '_>, shape: &str) {
    let shape = convolution(parse(shape));
    let (mut grad_x, weight, grad_out) =
        (values(shape.input_len()), values(shape.weight_len()), values(shape.output_len()));
    bencher
        .counter(ItemsCount::new(shape.flops()))
        .bench_local(|| conv2d_input_gradient(&shape, Precision::F32, &grad_out, &weight, &mut grad_x));
}

#[divan::bench(args = CONVOLUTIONS.iter().map(label))]
fn weight_gradient(bencher: Bencher<'_, '_>, shape: &str) {
    let shape = convolution(parse(shape));
    let (x, mut grad_weight, grad_out) =
        (values(shape.input_len()), values(shape.weight_len()), values(shape.output_len()));
    bencher
        .counter(ItemsCount::new(shape.flops()))
        .bench_local(|| conv2d_weight_gradient(&shape, Precision::F32, &x, &grad_out, &mut grad_weight));
}

#[divan::bench(args = NORMS.iter().map(label))]
fn batch_norm(bencher: Bencher<'_, '_>, shape: &str) {
    let [batch, size, channels] = parse(shape);
    let rows = batch * size * size;
    let (x, grad_out, mut out) = (values(rows * channels), values(rows * channels), values(rows * channels));
    let (gamma, beta) = (values(channels), values(channels));
    bencher.counter(ItemsCount::new(x.len())).bench_local(|| {
        let statistics = batch_norm_forward(rows, channels, &x, &gamma, &beta, 1e-5, After::Relu, &mut out);
        batch_norm_backward(
            rows,
            channels,
            &x,
            &gamma,
            &beta,
            &statistics,
            1e-5,
            AfterGradient::Relu,
            &grad_out,
            &mut out,
        )
    });
}

#[divan::bench(args = NORMS.iter().map(label))]
fn group_norm(bencher: Bencher<'_, '_>, shape: &str) {
    let [batch, size, channels] = parse(shape);
    let (spatial, groups) = (size * size, channels / 16);
    let len = batch * spatial * channels;
    let (x, grad_out, mut out) = (values(len), values(len), values(len));
    let (gamma, beta) = (values(channels), values(channels));
    bencher.counter(ItemsCount::new(len)).bench_local(|| {
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
        group_norm_backward(
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
            &mut out,
        )
    });
}

fn parse<const N: usize>(label: &str) -> [usize; N] {
    let sizes: Vec<usize> =
        label.split('x').map(|size| size.parse().expect("a label is made of sizes")).collect();
    sizes.try_into().expect("a label has every size")
}
