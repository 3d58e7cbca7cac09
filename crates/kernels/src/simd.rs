//! Run-time choice of the vector instructions, and the few vector helpers that every kernel shares.
//!
//! Every hot loop of this crate is written once, generic over [`pulp::Simd`], and compiled for AVX-512, AVX2 with
//! FMA, NEON and plain scalars. What is not here: any kernel.

use crate::instructions::Instructions;
use pulp::{Arch, Simd, WithSimd};
use std::sync::LazyLock;

/// Floats in the widest vector any supported machine has. Packed data is laid out in units of this many.
pub(crate) const LANES_MAX: usize = 16;

/// Floats that kernels hold in registers at once: several of the widest vectors.
pub(crate) const BLOCK: usize = 64;

/// The instruction set in use.
static ARCH: LazyLock<Arch> = LazyLock::new(|| arch(Instructions::used()));

#[cfg(target_arch = "x86_64")]
fn arch(instructions: Instructions) -> Arch {
    use pulp::x86::{V3, V4};
    let has = "the instructions in use are there";
    match instructions {
        Instructions::Portable => Arch::Scalar,
        Instructions::Avx2 => Arch::V3(V3::try_new().expect(has)),
        Instructions::Avx512 | Instructions::Bf16 | Instructions::Amx => Arch::V4(V4::try_new().expect(has)),
    }
}

#[cfg(not(target_arch = "x86_64"))]
fn arch(instructions: Instructions) -> Arch {
    if instructions == Instructions::Portable { Arch::Scalar } else { Arch::new() }
}

/// Runs an operation with the best instructions of this machine.
pub(crate) fn dispatch<Op: WithSimd>(op: Op) -> Op::Output {
    #[cfg(test)]
    if *SIMULATES_WIDE_VECTORS {
        return op.with_simd(pulp::Scalar512b);
    }
    ARCH.dispatch(op)
}

/// The variable that makes tests compute vectors of [`LANES_MAX`] floats lane by lane.
#[cfg(test)]
pub(crate) const SIMULATE_WIDE_VECTORS: &str = "AUTODIDACT_TEST_WIDE_VECTORS";

#[cfg(test)]
static SIMULATES_WIDE_VECTORS: LazyLock<bool> =
    LazyLock::new(|| std::env::var_os(SIMULATE_WIDE_VECTORS).is_some());

/// The whole vectors at the start of a slice.
#[inline(always)]
pub(crate) fn vectors<S: Simd>(slice: &[f32]) -> &[S::f32s] {
    S::as_simd_f32s(slice).0
}

/// The whole vectors at the start of a slice, to write.
#[inline(always)]
pub(crate) fn vectors_mut<S: Simd>(slice: &mut [f32]) -> &mut [S::f32s] {
    S::as_mut_simd_f32s(slice).0
}

/// The first `V` vectors of a slice, as an array whose length the compiler knows.
#[inline(always)]
pub(crate) fn vector_array<S: Simd, const V: usize>(slice: &[f32]) -> &[S::f32s; V] {
    vectors::<S>(slice).first_chunk().expect("the slice holds the vectors of one block")
}

/// The first `V` vectors of a slice, to write.
#[inline(always)]
pub(crate) fn vector_array_mut<S: Simd, const V: usize>(slice: &mut [f32]) -> &mut [S::f32s; V] {
    vectors_mut::<S>(slice).first_chunk_mut().expect("the slice holds the vectors of one block")
}

/// Gives each place of the slices `into` new values from those of the slices `from` and from its old ones. All slices are
/// equally long, whatever the length; `step` sees zeros past their end.
#[inline(always)]
pub(crate) fn update_vectors<S: Simd, const FROM: usize, const INTO: usize>(
    simd: S,
    from: [&[f32]; FROM],
    into: [&mut [f32]; INTO],
    step: impl Fn([S::f32s; FROM], [S::f32s; INTO]) -> [S::f32s; INTO],
) {
    let from = from.map(|slice| S::as_simd_f32s(slice));
    let mut into = into.map(|slice| S::as_mut_simd_f32s(slice));
    for index in 0..into[0].0.len() {
        let old = into.each_ref().map(|(whole, _)| whole[index]);
        let new = step(from.map(|(whole, _)| whole[index]), old);
        for ((whole, _), new) in into.iter_mut().zip(new) {
            whole[index] = new;
        }
    }
    if !into[0].1.is_empty() {
        let old = into.each_ref().map(|(_, last)| simd.partial_load_f32s(last));
        let new = step(from.map(|(_, last)| simd.partial_load_f32s(last)), old);
        for ((_, last), new) in into.iter_mut().zip(new) {
            simd.partial_store_f32s(last, new);
        }
    }
}

/// `max(x, 0)` that lets NaN through, so that a diverged network is seen and not silenced.
#[inline(always)]
pub(crate) fn relu<S: Simd>(simd: S, x: S::f32s) -> S::f32s {
    let zero = simd.splat_f32s(0.0);
    simd.select_f32s(simd.less_than_f32s(x, zero), zero, x)
}

/// `gradient` where the activation passed (`y > 0` or NaN), zero elsewhere.
#[inline(always)]
pub(crate) fn relu_gradient<S: Simd>(simd: S, y: S::f32s, gradient: S::f32s) -> S::f32s {
    let zero = simd.splat_f32s(0.0);
    simd.select_f32s(simd.less_than_or_equal_f32s(y, zero), zero, gradient)
}
