//! Times kernels on request: one line in, one line of seconds out, so that another program can interleave its own
//! measurements (`benchmarks/kernels.py` does).
//!
//! A request is `PASS REPEATS BATCH SIZE CHANNELS_IN CHANNELS_OUT KERNEL STRIDE PADDING`, where `PASS` is `forward`,
//! `input`, `weight` (in bfloat16 with the ending `_bf16`) or, with `CHANNELS_IN` alone counting, `batch_norm_forward`, `batch_norm_backward`,
//! `group_norm_forward` or `group_norm_backward`. `RAYON_NUM_THREADS` sets the threads.
//!
//! Or it is `PASS REPEATS BATCH M K N TRANSPOSED_B` with `matmul`, `matmul_bf16`, or `gemm`, which is the crate of that name;
//! or `peak` or `peak_bf16`: the seconds of one operation at the highest rate of all threads, in their registers.

mod products;

use autodidact_kernels::{
    After, AfterGradient, Conv2d, Limits, Precision, batch_norm_backward, batch_norm_forward, conv2d_forward,
    conv2d_input_gradient, conv2d_weight_gradient, group_norm_backward, group_norm_forward,
};
use std::io::{BufRead, Write};
use std::time::Instant;

/// Values around zero, not all alike.
fn values(len: usize) -> Vec<f32> {
    (0..len).map(|i| ((i * 2654435761) % 1009) as f32 / 504.5 - 1.0).collect()
}

/// Seconds of each repeat.
fn measure(repeats: usize, mut work: impl FnMut()) -> Vec<f64> {
    (0..repeats)
        .map(|_| {
            let start = Instant::now();
            work();
            start.elapsed().as_secs_f64()
        })
        .collect()
}

fn time(pass: &str, numbers: &[usize]) -> Option<Vec<f64>> {
    let &[repeats, batch, size, channels_in, channels_out, kernel, stride, padding] = numbers else {
        return None;
    };
    let shape =
        Conv2d::new([batch, size, size], [channels_in, channels_out], [kernel; 2], [stride; 2], [padding; 2]);
    let x = values(shape.input_len());
    let (spatial, groups, channels) = (size * size, channels_in.div_ceil(16), channels_in);
    let rows = batch * spatial;
    let (gamma, beta) = (vec![1.5; channels], vec![0.25; channels]);
    let (pass, precision) = match pass.strip_suffix("_bf16") {
        Some(pass) => (pass, Precision::Bf16),
        None => (pass, Precision::F32),
    };
    Some(match pass {
        "forward" => {
            let (weight, mut out) = (values(shape.weight_len()), vec![0.0; shape.output_len()]);
            measure(repeats, || conv2d_forward(&shape, precision, &x, &weight, &mut out))
        }
        "input" => {
            let (weight, grad_out) = (values(shape.weight_len()), values(shape.output_len()));
            let mut grad_x = x;
            measure(repeats, || conv2d_input_gradient(&shape, precision, &grad_out, &weight, &mut grad_x))
        }
        "weight" => {
            let (grad_out, mut grad_weight) = (values(shape.output_len()), values(shape.weight_len()));
            measure(repeats, || conv2d_weight_gradient(&shape, precision, &x, &grad_out, &mut grad_weight))
        }
        "batch_norm_forward" => {
            let mut out = x.clone();
            measure(repeats, || {
                batch_norm_forward(rows, channels, &x, &gamma, &beta, 1e-5, After::Nothing, &mut out);
            })
        }
        "batch_norm_backward" => {
            let (mut grad_x, grad_out) = (x.clone(), values(x.len()));
            let statistics =
                batch_norm_forward(rows, channels, &x, &gamma, &beta, 1e-5, After::Nothing, &mut grad_x);
            measure(repeats, || {
                batch_norm_backward(
                    rows,
                    channels,
                    &x,
                    &gamma,
                    &beta,
                    &statistics,
                    1e-5,
                    AfterGradient::Nothing,
                    &grad_out,
                    &mut grad_x,
                );
            })
        }
        "group_norm_forward" => {
            let mut out = x.clone();
            measure(repeats, || {
                group_norm_forward(
                    batch,
                    spatial,
                    channels,
                    groups,
                    &x,
                    &gamma,
                    &beta,
                    1e-5,
                    After::Nothing,
                    &mut out,
                );
            })
        }
        "group_norm_backward" => {
            let (mut grad_x, grad_out) = (x.clone(), values(x.len()));
            let statistics = group_norm_forward(
                batch,
                spatial,
                channels,
                groups,
                &x,
                &gamma,
                &beta,
                1e-5,
                After::Nothing,
                &mut grad_x,
            );
            measure(repeats, || {
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
                    AfterGradient::Nothing,
                    &grad_out,
                    &mut grad_x,
                );
            })
        }
        _ => return None,
    })
}

fn main() -> Result<(), Box<dyn std::error::Error>> {
    // As in the program: this thread is one of the pool's workers.
    rayon::ThreadPoolBuilder::new().use_current_thread().build_global()?;
    let mut stdout = std::io::stdout().lock();
    for line in std::io::stdin().lock().lines() {
        let line = line?;
        let mut words = line.split_whitespace();
        let pass = words.next().unwrap_or_default();
        let numbers: Vec<usize> = words.filter_map(|word| word.parse().ok()).collect();
        let seconds = match pass {
            "matmul" | "matmul_bf16" | "gemm" => products::time(pass, &numbers),
            "peak" => Some(vec![1.0 / Limits::measure_flops(Precision::F32)]),
            "peak_bf16" => Some(vec![1.0 / Limits::measure_flops(Precision::Bf16)]),
            _ => time(pass, &numbers),
        };
        let seconds = seconds.ok_or_else(|| {
            std::io::Error::other(format!("cannot time `{line}`; expected a pass and its whole numbers"))
        })?;
        let seconds: Vec<String> = seconds.iter().map(|seconds| format!("{seconds:e}")).collect();
        writeln!(stdout, "{}", seconds.join(" "))?;
        stdout.flush()?;
    }
    Ok(())
}
