//! The scalar twins of the depthwise kernels against the vector kernels of this machine.

use super::Depthwise;
use super::outer::DepthwiseOuter;
use crate::convolution::gather::Pixel;
use crate::simd::dispatch;
use crate::tests::{assert_close, noise, sum_tolerance, to_f64};
use pulp::{Scalar, WithSimd};

/// Whole blocks of vectors, single ones, and parts of one.
const CHANNELS: [usize; 6] = [1, 7, 16, 33, 64, 101];

#[test]
fn product_twins_agree() {
    for channels in CHANNELS {
        let starts = [0, channels, 3 * channels, 10 * channels, 14 * channels];
        // The last window ends with the source: nothing behind it is read.
        let source = noise(1, 45 * channels);
        let pixels: Vec<Pixel> =
            (0..31).map(|target| Pixel { source: target * channels, target: 30 - target }).collect();
        let weight = noise(2, starts.len() * channels);
        let mut out = [vec![f32::NAN; 31 * channels], vec![f32::NAN; 31 * channels]];
        let [scalar, vector] = out.each_mut().map(|out| Depthwise {
            source: &source,
            pixels: &pixels,
            starts: &starts,
            weight: &weight,
            channels,
            out,
        });
        scalar.with_simd(Scalar);
        dispatch(vector);
        assert_close("out", &out[1], &to_f64(&out[0]), 2.0 * sum_tolerance(starts.len()));
    }
}

#[test]
fn outer_twins_agree() {
    for (channels, taps) in CHANNELS.into_iter().zip([1, 9, 10, 4, 25, 18]) {
        let starts: Vec<usize> = (0..taps).map(|tap| tap * channels).collect();
        let source = noise(1, (149 + taps) * channels);
        let pixels: Vec<Pixel> = (0..150).map(|target| Pixel { source: target * channels, target }).collect();
        let grad_out = noise(2, 150 * channels);
        let mut sums = [vec![1.0; taps * channels], vec![1.0; taps * channels]];
        let [scalar, vector] = sums.each_mut().map(|sums| DepthwiseOuter {
            source: &source,
            pixels: &pixels,
            starts: &starts,
            grad_out: &grad_out,
            channels,
            sums,
        });
        scalar.with_simd(Scalar);
        dispatch(vector);
        assert_close("sums", &sums[1], &to_f64(&sums[0]), 2.0 * sum_tolerance(150));
    }
}
