//! Sums over slices in double precision.
//!
//! A product of two floats is exact in double precision, and the lanes of a sum are the same and are added in the same order
//! whatever the vectors. What is not here: sums over columns, and threads.

use crate::simd::{LANES_MAX, vectors_mut};
use pulp::Simd;
use std::array::from_fn;

/// The sums of what `term` makes of each place of the slices, which are equally long.
///
/// To be inlined into a [dispatched](crate::simd::dispatch) kernel.
#[inline(always)]
pub(crate) fn sums<S: Simd, const SLICES: usize, const SUMS: usize>(
    simd: S,
    slices: [&[f32]; SLICES],
    term: impl Fn([S::f64s; SLICES]) -> [S::f64s; SUMS],
) -> [f64; SUMS] {
    let mut sums = [[0.0; LANES_MAX]; SUMS];
    let blocks = slices.map(|slice| slice.as_chunks());
    for block in 0..blocks[0].0.len() {
        let values = from_fn(
            #[inline(always)]
            |slice| widen(&blocks[slice].0[block]),
        );
        add_terms(simd, LANES_MAX, &values, &term, &mut sums);
    }
    let rest = blocks[0].1.len();
    if rest > 0 {
        let values = from_fn(
            #[inline(always)]
            |slice| widen(&filled_up(simd, blocks[slice].1)),
        );
        add_terms(simd, rest, &values, &term, &mut sums);
    }
    sums.map(add_up)
}

#[inline(always)]
fn widen(values: &[f32; LANES_MAX]) -> [f64; LANES_MAX] {
    from_fn(
        #[inline(always)]
        |lane| f64::from(values[lane]),
    )
}

/// Fewer values than a block has, and zeros.
#[inline(always)]
fn filled_up<S: Simd>(simd: S, values: &[f32]) -> [f32; LANES_MAX] {
    let mut block = [0.0; LANES_MAX];
    for (into, from) in vectors_mut::<S>(&mut block).iter_mut().zip(values.chunks(S::F32_LANES)) {
        *into = simd.partial_load_f32s(from);
    }
    block
}

/// Adds the terms of the first `count` lanes.
///
/// Written in vectors: left to itself, the compiler finds them in some callers only.
#[inline(always)]
fn add_terms<S: Simd, const SLICES: usize, const SUMS: usize>(
    simd: S,
    count: usize,
    values: &[[f64; LANES_MAX]; SLICES],
    term: &impl Fn([S::f64s; SLICES]) -> [S::f64s; SUMS],
    sums: &mut [[f64; LANES_MAX]; SUMS],
) {
    const LANES: [f64; LANES_MAX] = [0., 1., 2., 3., 4., 5., 6., 7., 8., 9., 10., 11., 12., 13., 14., 15.];
    for vector in 0..LANES_MAX / S::F64_LANES {
        let mut terms = term(from_fn(
            #[inline(always)]
            |slice| S::as_simd_f64s(&values[slice]).0[vector],
        ));
        if count < LANES_MAX {
            let lanes = S::as_simd_f64s(&LANES).0[vector];
            let counts = simd.less_than_f64s(lanes, simd.splat_f64s(count as f64));
            for term in &mut terms {
                *term = simd.select_f64s(counts, *term, simd.splat_f64s(0.0));
            }
        }
        for sum in 0..SUMS {
            let lanes = &mut S::as_mut_simd_f64s(&mut sums[sum]).0[vector];
            *lanes = simd.add_f64s(*lanes, terms[sum]);
        }
    }
}

/// By halves: a sum from left to right would wait for each addition.
#[inline(always)]
fn add_up(mut lanes: [f64; LANES_MAX]) -> f64 {
    let mut half = LANES_MAX / 2;
    while half > 0 {
        for lane in 0..half {
            lanes[lane] += lanes[lane + half];
        }
        half /= 2;
    }
    lanes[0]
}
