//! The loss, and the log-sum-exp of each row.

use super::{TASK, check};
use crate::exp::exp_or_nan;
use crate::parts::{Rows, in_parts};
use crate::profile;
use crate::simd::{LANES_MAX, dispatch, vectors_mut};
use crate::sums::sums;
use pulp::{Simd, WithSimd};

/// Vectors whose exponentials are summed in single precision before the sum goes on in double precision.
const SUM_VECTORS: usize = 64;

/// The mean over rows of `−Σ_k q_k · ln p_k` with `p = softmax(x)` of the row's logits x, and
/// `q_k = (1 − ε) · [k = label] + ε / classes`.
///
/// `logits` are `[rows, classes]`, `labels` `[rows]`, and `smoothing` is ε: 0 for the plain cross-entropy. The logarithm of
/// `Σ_k exp(x_k)` of each row is written to `log_sum_exp`, `[rows]`, for
/// [`softmax_cross_entropy_backward`](crate::softmax_cross_entropy_backward), in double precision: probabilities are
/// exponentials of differences from it, which of large logits are small differences of large numbers. Large logits do not
/// overflow; NaN in a row makes the loss NaN. The result does not depend on the number of threads.
///
/// ```
/// use autodidact_kernels::softmax_cross_entropy_forward;
///
/// let mut log_sum_exp = [0.0; 2];
/// let logits = [0.0, 0.0, 0.0, 1e4];
/// let loss = softmax_cross_entropy_forward(2, 2, &logits, &[0, 1], 0.0, &mut log_sum_exp);
/// assert!((loss - 0.5 * 2f32.ln()).abs() < 1e-7);
/// assert_eq!(log_sum_exp[1], 1e4);
/// ```
///
/// # Panics
/// If a slice's length differs from the shapes above, `rows` or `classes` is zero, a label is not less than `classes`, or
/// the smoothing does not lie in 0…1.
///
/// Label smoothing: Szegedy, Vanhoucke, Ioffe, Shlens, Wojna, *Rethinking the inception architecture for computer vision*,
/// 2016, section 7.
pub fn softmax_cross_entropy_forward(
    rows: usize,
    classes: usize,
    logits: &[f32],
    labels: &[u32],
    smoothing: f32,
    log_sum_exp: &mut [f64],
) -> f32 {
    let _span = profile::element_wise("softmax cross-entropy, forward", &[rows, classes], 1);
    let lens = [("logits", logits.len())];
    check([rows, classes], &lens, &[("log_sum_exp", log_sum_exp.len())], labels, smoothing);
    let smoothing = f64::from(smoothing);
    let run = |(logits, (labels, log_sum_exp)): (Rows<_>, _)| {
        dispatch(Part { classes, logits: logits.values, labels, smoothing, log_sum_exp })
    };
    let work = (Rows { values: logits, width: classes }, (labels, log_sum_exp));
    let total = in_parts(work, (TASK / classes).max(1), &run, &|a, b| a + b);
    (total / rows as f64) as f32
}

/// The summed loss of some of the rows.
struct Part<'a> {
    classes: usize,
    logits: &'a [f32],
    labels: &'a [u32],
    smoothing: f64,
    log_sum_exp: &'a mut [f64],
}

impl WithSimd for Part<'_> {
    type Output = f64;

    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) -> f64 {
        let mut loss = 0.0;
        let rows = self.logits.chunks_exact(self.classes).zip(self.labels).zip(self.log_sum_exp);
        for ((logits, label), log_sum_exp) in rows {
            *log_sum_exp = row_log_sum_exp(simd, logits);
            let mut expected = (1.0 - self.smoothing) * f64::from(logits[*label as usize]);
            if self.smoothing > 0.0 {
                let [sum] = sums(
                    simd,
                    [logits],
                    #[inline(always)]
                    |logit| logit,
                );
                expected += self.smoothing * sum / self.classes as f64;
            }
            loss += *log_sum_exp - expected;
        }
        loss
    }
}

/// The largest logit is taken out of the sum, which then lies between 1 and the number of classes.
#[inline(always)]
fn row_log_sum_exp<S: Simd>(simd: S, logits: &[f32]) -> f64 {
    let (whole, last) = S::as_simd_f32s(logits);
    let mut largest = simd.splat_f32s(f32::NEG_INFINITY);
    for logits in whole {
        largest = simd.max_f32s(largest, *logits);
    }
    let largest = last.iter().fold(simd.reduce_max_f32s(largest), |largest, &logit| largest.max(logit));
    let shift = simd.splat_f32s(largest);
    let mut lanes = [0.0; LANES_MAX];
    let mut sum = 0.0;
    for whole in whole.chunks(SUM_VECTORS) {
        let mut exponentials = simd.splat_f32s(0.0);
        for logits in whole {
            exponentials = simd.add_f32s(exponentials, exp_or_nan(simd, simd.sub_f32s(*logits, shift)));
        }
        vectors_mut::<S>(&mut lanes)[0] = exponentials;
        sum += add_up(&lanes[..S::F32_LANES]);
    }
    vectors_mut::<S>(&mut lanes)[0] = exp_or_nan(simd, simd.sub_f32s(simd.partial_load_f32s(last), shift));
    sum += add_up(&lanes[..last.len()]);
    f64::from(largest) + sum.ln()
}

#[inline(always)]
fn add_up(values: &[f32]) -> f64 {
    values.iter().map(|&value| f64::from(value)).sum()
}
