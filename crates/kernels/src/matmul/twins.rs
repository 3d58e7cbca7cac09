//! The scalar twins of the kernels against the vector kernels of this machine, and the kernels of bfloat16 against each
//! other.

use super::epilogue::{Epilogue, Finish};
use super::pack::packed_rows;
use super::part::Part;
use super::unit::Unit;
use super::{Activation, COLUMNS, MatMul, multiply};
use crate::pairs::has_dot;
use crate::precision::Precision;
use crate::simd::dispatch;
use crate::tests::{assert_close, noise, sum_tolerance, to_f64};
use pulp::{Scalar, WithSimd};

#[test]
fn part_twins_agree() {
    for (rows, columns, depth) in
        [(1, 1, 7), (4, 32, 9), (12, 33, 50), (31, 100, 21), (20, 16, 0), (24, 64, 300)]
    {
        let panels = usize::next_multiple_of(columns, COLUMNS);
        let (a, b) = (noise(1, packed_rows(Unit::Single, rows) * depth), noise(2, panels * depth));
        let (bias, residual) = (noise(3, columns), noise(4, rows * columns));
        let activations = [Activation::None, Activation::Relu, Activation::GeluTanh];
        // Packed rows, and rows in place.
        for (activation, a_row) in activations.into_iter().zip([None, None, Some(depth)]) {
            let epilogue = Epilogue {
                scale: 0.5,
                bias: Some(&bias),
                residual: Some(&residual),
                activation,
                accumulate: true,
            };
            let mut out = [(); 3].map(|()| vec![1.0; rows * columns]);
            let [scalar, vector, narrow] = out.each_mut().map(|out| Part {
                rows,
                columns,
                depth,
                a: &a,
                a_row,
                b: &b,
                b_line: COLUMNS,
                b_panel: COLUMNS * depth,
                out,
                row_len: columns,
                finish: Finish::new(&epilogue, 0..rows * columns),
            });
            scalar.with_simd(Scalar);
            dispatch(vector);
            run_narrow(narrow);
            for vector in &out[1..] {
                assert_close("part", vector, &to_f64(&out[0]), 2.0 * sum_tolerance(depth));
            }
        }
    }
}

/// With vectors that are not the widest of this machine.
fn run_narrow(part: Part<'_>) {
    #[cfg(target_arch = "x86_64")]
    if let Some(simd) = pulp::x86::V3::try_new() {
        return pulp::Simd::vectorize(simd, part);
    }
    dispatch(part);
}

/// Rounded operands through the kernel for `f32`, and pairs through the instruction.
#[test]
fn kernels_of_bf16_agree() {
    if !has_dot() {
        eprintln!("skipped: this processor has no instructions for bfloat16");
        return;
    }
    for size in [
        [1, 40, 50],
        [2, 65, 33],
        [13, 31, 97],
        [60, 2100, 40],
        [150, 77, 130],
        [150, 4200, 40],
        [9, 0, 3],
        [7, 64, 17],
        [33, 1056, 50],
        [150, 2080, 81],
    ] {
        let [m, k, n] = size;
        let contiguous = MatMul::new(2, size);
        let (a, b) = (noise(1, contiguous.a_len()), noise(2, contiguous.b_len()));
        let strided = contiguous.a_strides([1, 3, 2]).b_strides([2, 1, 3]);
        for shape in [contiguous, contiguous.transpose_a(), contiguous.transpose_b(), strided] {
            let longest = 3 * (m + k + n + 2);
            let (a, b) = if shape == strided {
                (noise(1, longest), noise(2, longest))
            } else {
                (a.clone(), b.clone())
            };
            let product = |unit| {
                let mut out = vec![f32::NAN; 2 * m * n];
                multiply(&shape, unit, &a, &b, &Epilogue::default(), &mut out);
                out
            };
            let expected = to_f64(&product(Unit::Rounded));
            // The best there is for this depth, too.
            for unit in [Unit::Pair, Unit::new(Precision::Bf16, k)] {
                assert_close("c", &product(unit), &expected, 4.0 * sum_tolerance(k));
            }
        }
    }
}
