//! Sums over slices in double precision.
//!
//! A product of two floats is exact in double precision, and the lanes of a sum are added in the same order whatever the
//! vectors: the result does not depend on the instructions. What is not here: sums over columns, and threads.

use crate::simd::LANES_MAX;
use std::array::from_fn;

/// The sums of what `term` makes of each place of the slices, which are equally long.
///
/// To be inlined into a [dispatched](crate::simd::dispatch) kernel.
#[inline(always)]
pub(crate) fn sums<const SLICES: usize, const SUMS: usize>(
    slices: [&[f32]; SLICES],
    term: impl Fn([f64; SLICES]) -> [f64; SUMS],
) -> [f64; SUMS] {
    let mut lanes = [[0.0; LANES_MAX]; SUMS];
    let blocks = slices.map(|slice| slice.as_chunks::<LANES_MAX>());
    for block in 0..blocks[0].0.len() {
        let values: [&[f32; LANES_MAX]; SLICES] = from_fn(|slice| &blocks[slice].0[block]);
        for lane in 0..LANES_MAX {
            let terms = term(from_fn(|slice| f64::from(values[slice][lane])));
            for sum in 0..SUMS {
                lanes[sum][lane] += terms[sum];
            }
        }
    }
    for lane in 0..blocks[0].1.len() {
        let terms = term(from_fn(|slice| f64::from(blocks[slice].1[lane])));
        for sum in 0..SUMS {
            lanes[sum][lane] += terms[sum];
        }
    }
    lanes.map(|lanes| lanes.iter().sum())
}
