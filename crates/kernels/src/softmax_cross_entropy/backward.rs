//! The gradient of the logits.

use super::{TASK, check};
use crate::exp::exp_or_nan;
use crate::profile;
use crate::simd::{dispatch, update_vectors};
use pulp::{Simd, WithSimd};
use rayon::prelude::*;

/// The gradient of [`softmax_cross_entropy_forward`](crate::softmax_cross_entropy_forward) with respect to the logits:
/// `∂x_k = (p_k − q_k) · grad_loss / rows`.
///
/// `logits`, `labels` and `smoothing` are those of the forward pass and `log_sum_exp` what it wrote; `grad_loss` is the
/// gradient of the loss, and `grad_logits` are `[rows, classes]`. The probabilities p are computed again from the logits.
///
/// # Panics
/// If a slice's length differs from the shapes of the forward pass, `rows` or `classes` is zero, a label is not less than
/// `classes`, or the smoothing does not lie in 0…1.
#[expect(clippy::too_many_arguments, reason = "the formula's own symbols")]
pub fn softmax_cross_entropy_backward(
    rows: usize,
    classes: usize,
    logits: &[f32],
    labels: &[u32],
    smoothing: f32,
    log_sum_exp: &[f64],
    grad_loss: f32,
    grad_logits: &mut [f32],
) {
    let _span = profile::element_wise("softmax cross-entropy, backward", &[rows, classes], 2);
    let lens = [("logits", logits.len()), ("grad_logits", grad_logits.len())];
    check([rows, classes], &lens, &[("log_sum_exp", log_sum_exp.len())], labels, smoothing);
    let scale = f64::from(grad_loss) / rows as f64;
    let smoothing = f64::from(smoothing);
    let on_label = (scale * (1.0 - smoothing)) as f32;
    let on_each = (scale * smoothing / classes as f64) as f32;
    let part = (TASK / classes).max(1);
    logits
        .par_chunks(part * classes)
        .zip(grad_logits.par_chunks_mut(part * classes))
        .zip(labels.par_chunks(part).zip(log_sum_exp.par_chunks(part)))
        .for_each(|((logits, grad_logits), (labels, log_sum_exp))| {
            let scale = scale as f32;
            dispatch(Part { classes, logits, log_sum_exp, scale, on_each, grad_logits });
            for (gradient, label) in grad_logits.chunks_exact_mut(classes).zip(labels) {
                gradient[*label as usize] -= on_label;
            }
        });
}

/// `scale · p − on_each` of some of the rows.
struct Part<'a> {
    classes: usize,
    logits: &'a [f32],
    log_sum_exp: &'a [f64],
    scale: f32,
    on_each: f32,
    grad_logits: &'a mut [f32],
}

impl WithSimd for Part<'_> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) {
        let scale = simd.splat_f32s(self.scale);
        let on_each = simd.splat_f32s(-self.on_each);
        let rows =
            self.logits.chunks_exact(self.classes).zip(self.grad_logits.chunks_exact_mut(self.classes));
        for ((logits, grad_logits), log_sum_exp) in rows.zip(self.log_sum_exp) {
            // In two parts: a large logit less the first is exact.
            let high = *log_sum_exp as f32;
            let low = (log_sum_exp - f64::from(high)) as f32;
            let [high, low] = [high, low].map(|part| simd.splat_f32s(part));
            update_vectors(
                simd,
                [logits],
                [grad_logits],
                #[inline(always)]
                |[logits], _| {
                    let exponent = simd.sub_f32s(simd.sub_f32s(logits, high), low);
                    [simd.mul_add_e_f32s(exp_or_nan(simd, exponent), scale, on_each)]
                },
            );
        }
    }
}
