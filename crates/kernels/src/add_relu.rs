//! The join of a residual block, `max(a + b, 0)`.

use crate::element::Element;
use crate::profile;
use crate::simd::{BLOCK, dispatch, relu, relu_gradient};
use pulp::{Simd, WithSimd};
use rayon::prelude::*;

/// Floats in one task.
const TASK: usize = 1 << 16;

/// `out = max(a + b, 0)`, elementwise. NaN passes.
///
/// ```
/// let mut out = [0.0; 2];
/// autodidact_kernels::add_relu_forward(&[1.0, 1.0], &[2.0, -2.0], &mut out);
/// assert_eq!(out, [3.0, 0.0]);
/// ```
///
/// # Panics
/// If the lengths differ.
pub fn add_relu_forward<E: Element>(a: &[E], b: &[E], out: &mut [E]) {
    let _span = profile::activations::<E>("residual join, forward", &[out.len()], 3);
    assert!(
        a.len() == out.len() && b.len() == out.len(),
        "the lengths {}, {} and {} of a, b and out differ",
        a.len(),
        b.len(),
        out.len()
    );
    a.par_chunks(TASK).zip(b.par_chunks(TASK)).zip(out.par_chunks_mut(TASK)).for_each(|((a, b), out)| {
        dispatch(Forward { a, b, out });
    });
}

/// The gradient of [`add_relu_forward`], the same for both inputs: `grad_out` where `out > 0`, else zero.
///
/// `out` is what the forward pass wrote.
///
/// # Panics
/// If the lengths differ.
pub fn add_relu_backward<E: Element>(out: &[E], grad_out: &[E], grad: &mut [E]) {
    let _span = profile::activations::<E>("residual join, backward", &[out.len()], 3);
    assert!(
        out.len() == grad.len() && grad_out.len() == grad.len(),
        "the lengths {}, {} and {} of out, grad_out and grad differ",
        out.len(),
        grad_out.len(),
        grad.len()
    );
    out.par_chunks(TASK).zip(grad_out.par_chunks(TASK)).zip(grad.par_chunks_mut(TASK)).for_each(
        |((out, grad_out), grad)| {
            backward(out, grad_out, grad);
        },
    );
}

/// [`add_relu_backward`] on this thread, unchecked and unrecorded.
pub(crate) fn backward<E: Element>(out: &[E], grad_out: &[E], grad: &mut [E]) {
    dispatch(Backward { out, grad_out, grad });
}

struct Forward<'a, E> {
    a: &'a [E],
    b: &'a [E],
    out: &'a mut [E],
}

impl<E: Element> WithSimd for Forward<'_, E> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) {
        in_blocks(
            simd,
            self.a,
            self.b,
            self.out,
            #[inline(always)]
            |a, b| relu(simd, simd.add_f32s(a, b)),
        );
    }
}

struct Backward<'a, E> {
    out: &'a [E],
    grad_out: &'a [E],
    grad: &'a mut [E],
}

impl<E: Element> WithSimd for Backward<'_, E> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) {
        in_blocks(
            simd,
            self.out,
            self.grad_out,
            self.grad,
            #[inline(always)]
            |y, g| relu_gradient(simd, y, g),
        );
    }
}

/// `out = of(a, b)`, elementwise.
#[inline(always)]
fn in_blocks<S: Simd, E: Element>(
    simd: S,
    a: &[E],
    b: &[E],
    out: &mut [E],
    of: impl Fn(S::f32s, S::f32s) -> S::f32s,
) {
    match S::F32_LANES {
        16 => blocks::<S, E, 4>(simd, a, b, out, of),
        8 => blocks::<S, E, 8>(simd, a, b, out, of),
        4 => blocks::<S, E, 16>(simd, a, b, out, of),
        _ => blocks::<S, E, 64>(simd, a, b, out, of),
    }
}

#[inline(always)]
fn block<S: Simd, E: Element, const V: usize>(
    simd: S,
    a: &[E],
    b: &[E],
    out: &mut [E],
    of: &impl Fn(S::f32s, S::f32s) -> S::f32s,
) {
    let (a, b) = (E::load::<S, V>(a), E::load::<S, V>(b));
    let mut written = [simd.splat_f32s(0.0); V];
    for v in 0..V {
        written[v] = of(a[v], b[v]);
    }
    E::store::<S, V>(written, out);
}

#[inline(always)]
fn blocks<S: Simd, E: Element, const V: usize>(
    simd: S,
    a: &[E],
    b: &[E],
    out: &mut [E],
    of: impl Fn(S::f32s, S::f32s) -> S::f32s,
) {
    let (whole, last) = out.as_chunks_mut::<BLOCK>();
    for (at, out) in whole.iter_mut().enumerate() {
        block::<S, E, V>(simd, &a[at * BLOCK..], &b[at * BLOCK..], out, &of);
    }
    if !last.is_empty() {
        let padded = |values: &[E]| {
            let mut padded = [E::zeroed(); BLOCK];
            padded[..last.len()].copy_from_slice(&values[values.len() - last.len()..]);
            padded
        };
        let (a, b) = (padded(a), padded(b));
        let mut written = [E::zeroed(); BLOCK];
        block::<S, E, V>(simd, &a, &b, &mut written, &of);
        last.copy_from_slice(&written[..last.len()]);
    }
}
