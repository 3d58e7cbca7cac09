//! A vector of a row that may end inside it, read and written where it is.
//!
//! Many slices go through a loop here; arrays of that many, as the shared helpers take, are not inlined.

use pulp::Simd;

/// The vector that begins at a place; zeros past the end of the row.
#[inline(always)]
pub(super) fn load<S: Simd>(simd: S, row: &[f32], at: usize) -> S::f32s {
    let rest = &row[at..];
    match S::as_simd_f32s(rest).0.first() {
        Some(vector) => *vector,
        None => simd.partial_load_f32s(rest),
    }
}

/// The sum of the vectors that begin at a place of two rows.
#[inline(always)]
pub(super) fn load_sum<S: Simd>(simd: S, a: &[f32], b: &[f32], at: usize) -> S::f32s {
    simd.add_f32s(load(simd, a, at), load(simd, b, at))
}

/// Writes the vector that begins at a place, up to the end of the row.
#[inline(always)]
pub(super) fn store<S: Simd>(simd: S, row: &mut [f32], at: usize, value: S::f32s) {
    let rest = &mut row[at..];
    if rest.len() >= S::F32_LANES {
        S::as_mut_simd_f32s(rest).0[0] = value;
    } else {
        simd.partial_store_f32s(rest, value);
    }
}

/// Adds to the vector that begins at a place.
#[inline(always)]
pub(super) fn add<S: Simd>(simd: S, row: &mut [f32], at: usize, value: S::f32s) {
    let sum = simd.add_f32s(load(simd, row, at), value);
    store(simd, row, at, sum);
}
