//! The regression loss of BYOL: how far a prediction points away from the projection of the target network.
//!
//! What is not here: the second direction, with the views exchanged, which is this again.

use crate::check::check_len;
use crate::parts::{Rows, in_parts};
use crate::profile;
use crate::simd::{dispatch, update_vectors};
use crate::sums::sums;
use pulp::{Simd, WithSimd};
use rayon::prelude::*;

/// Floats in one task.
const TASK: usize = 1 << 16;
/// Smallest squared norm that is divided by; the official code's.
const EPSILON: f64 = 1e-12;

fn check([rows, features]: [usize; 2], slices: &[(&str, usize)]) {
    assert!(rows > 0 && features > 0, "BYOL's loss of [{rows}, {features}] is a mean over nothing");
    for (name, len) in slices {
        check_len(name, *len, &[rows, features]);
    }
}

/// The mean over rows of `‖n(p) − n(z)‖²` with `n(u) = u / max(‖u‖, 1e-6)`, which is `2 − 2 ⟨p, z⟩ / (‖p‖ ‖z‖)` where
/// neither norm is that small.
///
/// `prediction` (p) and `target_projection` (z) are `[rows, features]`. Sums are kept in double precision, so that the
/// loss is accurate also where it is nearly zero. A row of zeros is at distance 1 from any other. The result does not
/// depend on the number of threads.
///
/// ```
/// use autodidact_kernels::byol_loss_forward;
///
/// // The same direction, and an orthogonal one.
/// let loss = byol_loss_forward(2, 2, &[1.0, 1.0, 2.0, 0.0], &[3.0, 3.0, 0.0, 0.5]);
/// assert_eq!(loss, 1.0);
/// ```
///
/// # Panics
/// If a slice's length differs from the shape above, or `rows` or `features` is zero.
///
/// Grill et al., *Bootstrap your own latent*, 2020, equation (2).
pub fn byol_loss_forward(rows: usize, features: usize, prediction: &[f32], target_projection: &[f32]) -> f32 {
    let _span = profile::element_wise("BYOL loss, forward", &[rows, features], 2);
    let lens = [("prediction", prediction.len()), ("target_projection", target_projection.len())];
    check([rows, features], &lens);
    let run = |(p, z): (Rows<_>, Rows<_>)| dispatch(Forward { features, p: p.values, z: z.values });
    let [p, z] = [prediction, target_projection].map(|values| Rows { values, width: features });
    let total = in_parts((p, z), (TASK / features).max(1), &run, &|a, b| a + b);
    (total / rows as f64) as f32
}

/// The gradient of [`byol_loss_forward`] with respect to the prediction; the target's projection is a constant.
///
/// `grad_loss` is the gradient of the loss; `grad_prediction` is `[rows, features]`. Of each row
/// `∂p = −2 / (‖p‖ ‖z‖) · (z − p ⟨p, z⟩ / ‖p‖²) · grad_loss / rows`, and where `‖p‖ < 1e-6`, which is constant in the loss
/// then, `∂p = 2e6 · (1e6 · p − n(z)) · grad_loss / rows`.
///
/// # Panics
/// If a slice's length differs from the shape of the forward pass, or `rows` or `features` is zero.
pub fn byol_loss_backward(
    rows: usize,
    features: usize,
    prediction: &[f32],
    target_projection: &[f32],
    grad_loss: f32,
    grad_prediction: &mut [f32],
) {
    let _span = profile::element_wise("BYOL loss, backward", &[rows, features], 3);
    let lens = [
        ("prediction", prediction.len()),
        ("target_projection", target_projection.len()),
        ("grad_prediction", grad_prediction.len()),
    ];
    check([rows, features], &lens);
    let scale = f64::from(grad_loss) / rows as f64;
    let part = (TASK / features).max(1) * features;
    prediction
        .par_chunks(part)
        .zip(target_projection.par_chunks(part))
        .zip(grad_prediction.par_chunks_mut(part))
        .for_each(|((p, z), grad_p)| dispatch(Backward { features, p, z, scale, grad_p }));
}

/// What the loss depends on in one pair of rows.
struct Row {
    /// `‖p‖²`, `‖z‖²` and `⟨p, z⟩`
    squared_p: f64,
    squared_z: f64,
    product: f64,
    /// `1 / max(‖p‖, 1e-6)`, and of z.
    inverse_p: f64,
    inverse_z: f64,
}

impl Row {
    #[inline(always)]
    fn new<S: Simd>(simd: S, p: &[f32], z: &[f32]) -> Self {
        let [squared_p, squared_z, product] = sums(
            simd,
            [p, z],
            #[inline(always)]
            |[p, z]| [simd.mul_f64s(p, p), simd.mul_f64s(z, z), simd.mul_f64s(p, z)],
        );
        let [inverse_p, inverse_z] = [squared_p, squared_z].map(inverse_norm);
        Self { squared_p, squared_z, product, inverse_p, inverse_z }
    }

    /// `‖n(p) − n(z)‖²`
    fn loss(&self) -> f64 {
        let Self { squared_p, squared_z, product, inverse_p, inverse_z } = self;
        squared_p * inverse_p.powi(2) + squared_z * inverse_z.powi(2) - 2.0 * product * inverse_p * inverse_z
    }

    /// The factors a and b of the gradient `a · p + b · z`.
    fn gradient(&self) -> [f64; 2] {
        let on_z = -2.0 * self.inverse_p * self.inverse_z;
        let on_p = if self.squared_p < EPSILON {
            2.0 * self.inverse_p.powi(2)
        } else {
            -on_z * self.product * self.inverse_p.powi(2)
        };
        [on_p, on_z]
    }
}

/// NaN stays NaN, which `f64::max` would hide.
fn inverse_norm(squared: f64) -> f64 {
    1.0 / if squared < EPSILON { EPSILON } else { squared }.sqrt()
}

/// The summed loss of some of the rows.
struct Forward<'a> {
    features: usize,
    p: &'a [f32],
    z: &'a [f32],
}

impl WithSimd for Forward<'_> {
    type Output = f64;

    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) -> f64 {
        let mut loss = 0.0;
        for (p, z) in self.p.chunks_exact(self.features).zip(self.z.chunks_exact(self.features)) {
            loss += Row::new(simd, p, z).loss();
        }
        loss
    }
}

struct Backward<'a> {
    features: usize,
    p: &'a [f32],
    z: &'a [f32],
    scale: f64,
    grad_p: &'a mut [f32],
}

impl WithSimd for Backward<'_> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) {
        let Self { features, p, z, scale, grad_p } = self;
        let rows = p.chunks_exact(features).zip(z.chunks_exact(features));
        for ((p, z), grad_p) in rows.zip(grad_p.chunks_exact_mut(features)) {
            let [on_p, on_z] = Row::new(simd, p, z).gradient();
            let [on_p, on_z] = [on_p, on_z].map(|factor| simd.splat_f32s((factor * scale) as f32));
            update_vectors(
                simd,
                [p, z],
                [grad_p],
                #[inline(always)]
                |[p, z], _| [simd.mul_add_e_f32s(p, on_p, simd.mul_f32s(z, on_z))],
            );
        }
    }
}
