//! Matrix products: ours, and those of the crate `gemm`.

// The interface of `gemm` takes pointers.
#![allow(unsafe_code)]

use crate::{measure, values};
use autodidact_kernels::{Epilogue, MatMul, Precision, matmul};

pub fn time(pass: &str, numbers: &[usize]) -> Option<Vec<f64>> {
    let &[repeats, batch, m, k, n, transposed] = numbers else {
        return None;
    };
    let floats = |len| values(len, |value| value);
    let (a, b, mut c) = (floats(batch * m * k), floats(batch * k * n), vec![0.0; batch * m * n]);
    let transposed = transposed == 1;
    let contiguous = MatMul::new(batch, [m, k, n]);
    let shape = if transposed { contiguous.transpose_b() } else { contiguous };
    let epilogue = Epilogue::default();
    Some(match pass {
        "matmul" => measure(repeats, || matmul(&shape, Precision::F32, &a, &b, &epilogue, &mut c)),
        "matmul_bf16" => measure(repeats, || matmul(&shape, Precision::Bf16, &a, &b, &epilogue, &mut c)),
        _ => measure(repeats, || {
            for item in 0..batch {
                let (a, b) = (&a[item * m * k..][..m * k], &b[item * k * n..][..k * n]);
                gemm([m, k, n], a, b, transposed, &mut c[item * m * n..][..m * n]);
            }
        }),
    })
}

/// `c = a·b`, contiguous, `b` perhaps stored as `[n, k]`.
fn gemm([m, k, n]: [usize; 3], a: &[f32], b: &[f32], transposed: bool, c: &mut [f32]) {
    assert!(a.len() == m * k && b.len() == k * n && c.len() == m * n);
    let (b_column, b_row) = if transposed { (k, 1) } else { (1, n) };
    let threads = match rayon::current_num_threads() {
        1 => gemm::Parallelism::None,
        threads => gemm::Parallelism::Rayon(threads),
    };
    // SAFETY: the slices hold the matrices that the strides describe, and `c` is borrowed for writing alone.
    unsafe {
        gemm::gemm(
            m,
            n,
            k,
            c.as_mut_ptr(),
            1,
            n as isize,
            false,
            a.as_ptr(),
            1,
            k as isize,
            b.as_ptr(),
            b_column as isize,
            b_row as isize,
            0.0,
            1.0,
            false,
            false,
            false,
            threads,
        );
    }
}
