//! Times kernels on request: one line in, one line of seconds out, so that another program can interleave its own
//! measurements (`benchmarks/kernels.py` does).
//!
//! A request is `PASS REPEATS BATCH SIZE CHANNELS_IN CHANNELS_OUT KERNEL STRIDE PADDING`, where `PASS` is `forward`,
//! `input`, `weight` or, with `CHANNELS_IN` alone counting, `batch_norm_forward`, `batch_norm_backward`,
//! `group_norm_forward` or `group_norm_backward`; with the ending `_bf16` activations and their gradients are of bfloat16, and
//! so are operands. `RAYON_NUM_THREADS` sets the threads.
//!
//! Or it is `PASS REPEATS BATCH M K N TRANSPOSED_B` with `matmul`, `matmul_bf16`, or `gemm`, which is the crate of that name;
//! or `peak` or `peak_bf16`: the seconds of one operation at the highest rate of all threads, in their registers.

mod convolutions;
mod norms;
mod products;

use autodidact_kernels::{Limits, Precision};
use std::io::{BufRead, Write};
use std::time::Instant;

/// Values around zero, not all alike.
fn values<E>(len: usize, element: impl Fn(f32) -> E) -> Vec<E> {
    (0..len).map(|i| element(((i * 2654435761) % 1009) as f32 / 504.5 - 1.0)).collect()
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
            _ => <&[usize; 8]>::try_from(&numbers[..])
                .ok()
                .and_then(|numbers| convolutions::time(pass, numbers).or_else(|| norms::time(pass, numbers))),
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
