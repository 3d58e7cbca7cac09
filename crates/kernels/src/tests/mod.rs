//! Tests of the whole crate: plain loops in double precision, central differences, values from `PyTorch`, and any
//! number of threads.

mod conv2d;
mod conv3d;
mod convolution;
mod elementwise;
mod fewer_instructions;
mod halves;
mod losses;
mod matmul;
mod norm;
mod normalised;
mod pytorch;
mod recurrent;
mod threads;
mod training;
mod updates;

use crate::pairs::pair_lines;
use crate::simd::LANES_MAX;

/// Deterministic values in [-1, 1).
pub(crate) fn noise(seed: u64, len: usize) -> Vec<f32> {
    let mut state = seed.wrapping_mul(0x9E37_79B9_7F4A_7C15) | 1;
    (0..len)
        .map(|_| {
            state ^= state << 13;
            state ^= state >> 7;
            state ^= state << 17;
            (state >> 40) as f32 / (1u64 << 23) as f32 - 1.0
        })
        .collect()
}

/// Deterministic pairs of numbers in [-1, 1).
pub(crate) fn noise_pairs(seed: u64, len: usize) -> Vec<f32> {
    let room = len.next_multiple_of(LANES_MAX);
    let mut pairs = vec![0.0; room];
    pair_lines(&noise(seed, 2 * room), &mut pairs);
    pairs.truncate(len);
    pairs
}

/// The error allowed in a sum of products of [`noise`]. Each term is at most 1, so partial sums wander to about
/// `sqrt(terms)`, and the roundings of as many of them add up to about `ε · terms` at four standard deviations.
pub(crate) fn sum_tolerance(terms: usize) -> f64 {
    f64::from(f32::EPSILON) * terms.max(8) as f64
}

#[track_caller]
pub(crate) fn assert_close(name: &str, got: &[f32], expected: &[f64], tolerance: f64) {
    assert_eq!(got.len(), expected.len(), "lengths of {name}");
    for (index, (&got, &expected)) in got.iter().zip(expected).enumerate() {
        let error = (f64::from(got) - expected).abs();
        assert!(error <= tolerance, "{name}[{index}] is {got}, expected {expected} within {tolerance:e}");
    }
}

pub(crate) fn to_f64(values: &[f32]) -> Vec<f64> {
    values.iter().map(|&value| f64::from(value)).collect()
}

/// The gradient of `loss` by central differences.
fn central_differences(at: &[f64], loss: impl Fn(&[f64]) -> f64) -> Vec<f64> {
    let step = 1e-5;
    let mut point = at.to_vec();
    (0..at.len())
        .map(|index| {
            let mut value = |offset: f64| {
                point[index] = at[index] + offset;
                loss(&point)
            };
            let slope = (value(step) - value(-step)) / (2.0 * step);
            point[index] = at[index];
            slope
        })
        .collect()
}
