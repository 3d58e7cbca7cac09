//! The join of a residual block, `max(a + b, 0)`.

use crate::profile;
use crate::simd::{dispatch, relu, relu_gradient};
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
pub fn add_relu_forward(a: &[f32], b: &[f32], out: &mut [f32]) {
    let _span = profile::element_wise("residual join, forward", &[out.len()], 3);
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
pub fn add_relu_backward(out: &[f32], grad_out: &[f32], grad: &mut [f32]) {
    let _span = profile::element_wise("residual join, backward", &[out.len()], 3);
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
pub(crate) fn backward(out: &[f32], grad_out: &[f32], grad: &mut [f32]) {
    dispatch(Backward { out, grad_out, grad });
}

struct Forward<'a> {
    a: &'a [f32],
    b: &'a [f32],
    out: &'a mut [f32],
}

impl WithSimd for Forward<'_> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) {
        let ((a, a_tail), (b, b_tail)) = (S::as_simd_f32s(self.a), S::as_simd_f32s(self.b));
        let (out, out_tail) = S::as_mut_simd_f32s(self.out);
        for ((out, a), b) in out.iter_mut().zip(a).zip(b) {
            *out = relu(simd, simd.add_f32s(*a, *b));
        }
        for ((out, a), b) in out_tail.iter_mut().zip(a_tail).zip(b_tail) {
            let sum = a + b;
            *out = if sum < 0.0 { 0.0 } else { sum };
        }
    }
}

struct Backward<'a> {
    out: &'a [f32],
    grad_out: &'a [f32],
    grad: &'a mut [f32],
}

impl WithSimd for Backward<'_> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) {
        let ((y, y_tail), (g, g_tail)) = (S::as_simd_f32s(self.out), S::as_simd_f32s(self.grad_out));
        let (grad, grad_tail) = S::as_mut_simd_f32s(self.grad);
        for ((grad, y), g) in grad.iter_mut().zip(y).zip(g) {
            *grad = relu_gradient(simd, *y, *g);
        }
        for ((grad, y), g) in grad_tail.iter_mut().zip(y_tail).zip(g_tail) {
            *grad = if *y <= 0.0 { 0.0 } else { *g };
        }
    }
}
