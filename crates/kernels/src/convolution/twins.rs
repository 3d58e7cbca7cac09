//! The scalar twins of the convolution kernels against the vector kernels of this machine.

use super::gather::{Gather, Pixel};
use super::outer::Outer;
use super::pack::{PANEL, Pieces};
use crate::simd::dispatch;
use crate::tests::{assert_close, noise, sum_tolerance, to_f64};
use pulp::{Scalar, WithSimd};

#[test]
fn gather_twins_agree() {
    for outputs in [1usize, 15, 16, 31, 32, 50] {
        let (run_len, starts) = (29, [0, 60, 130]);
        let pieces = Pieces::new(&starts, run_len);
        let source = noise(1, 400);
        let weight = noise(2, outputs.div_ceil(PANEL) * PANEL * 3 * run_len);
        let pixels: Vec<Pixel> =
            (0..31).map(|target| Pixel { source: target * 7, target: 30 - target }).collect();
        let mut out = [vec![f32::NAN; 31 * outputs], vec![f32::NAN; 31 * outputs]];
        let [scalar, vector] = out.each_mut().map(|out| Gather {
            source: &source,
            pixels: &pixels,
            pieces: &pieces,
            weight: &weight,
            outputs,
            pixel_len: outputs,
            out,
        });
        scalar.with_simd(Scalar);
        dispatch(vector);
        assert_close("out", &out[1], &to_f64(&out[0]), 2.0 * sum_tolerance(3 * run_len));
    }
}

#[test]
fn outer_twins_agree() {
    for (outputs, range) in [(1, 0..1), (9, 0..9), (40, 8..33)] {
        let run_stride = 112;
        let source = noise(1, 2000);
        let pixels: Vec<Pixel> = (0..150).map(|target| Pixel { source: target * 11, target }).collect();
        let grad_out = noise(2, 150 * outputs);
        let len = range.len() * 2 * run_stride;
        let mut sums = [vec![1.0; len], vec![1.0; len]];
        let [scalar, vector] = sums.each_mut().map(|sums| Outer {
            source: &source,
            pixels: &pixels,
            runs: &[0, 200],
            run_stride,
            grad_out: &grad_out,
            outputs,
            range: range.clone(),
            sums,
        });
        scalar.with_simd(Scalar);
        dispatch(vector);
        assert_close("sums", &sums[1], &to_f64(&sums[0]), 2.0 * sum_tolerance(150));
    }
}
