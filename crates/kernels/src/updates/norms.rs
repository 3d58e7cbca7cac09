//! Norms, and those that a trust ratio is made of.

use super::{TASK, check_lens};
use crate::parts::in_parts;
use crate::profile;
use crate::simd::dispatch;
use crate::sums::sums;
use pulp::{Simd, WithSimd};

/// Squared Euclidean norms of a parameter and its gradient.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct SquaredNorms {
    /// `‖w‖²`
    pub weight: f64,
    /// `‖g‖²`
    pub gradient: f64,
    /// `‖g + λ w‖²`
    pub decayed_gradient: f64,
}

/// The squared norms of `weight` (w), `gradient` (g) and `g + λ w`, in one pass; `weight_decay` is λ.
///
/// The sums are kept in double precision. The third one is summed itself, since what `‖g‖² + 2 λ ⟨w, g⟩ + λ² ‖w‖²` leaves
/// where the two nearly cancel is all rounding error. The result does not depend on the number of threads.
///
/// ```
/// use autodidact_kernels::squared_norms;
///
/// let norms = squared_norms(0.5, &[2.0, 4.0], &[2.0, -2.0]);
/// assert_eq!((norms.weight, norms.gradient, norms.decayed_gradient), (20.0, 8.0, 9.0));
/// ```
///
/// # Panics
/// If the lengths differ.
pub fn squared_norms(weight_decay: f64, weight: &[f32], gradient: &[f32]) -> SquaredNorms {
    let _span = profile::element_wise("squared norms", &[weight.len()], 2);
    check_lens(weight.len(), &[("gradient", gradient)]);
    let run = |(weight, gradient)| dispatch(Part { weight_decay, weight, gradient });
    let add = |a: [f64; 3], b: [f64; 3]| std::array::from_fn(|norm| a[norm] + b[norm]);
    let [weight, gradient, decayed_gradient] = in_parts((weight, gradient), TASK, &run, &add);
    SquaredNorms { weight, gradient, decayed_gradient }
}

/// The squared Euclidean norm `‖x‖²`, kept in double precision. The result does not depend on the number of threads.
///
/// ```
/// assert_eq!(autodidact_kernels::squared_norm(&[3.0, 4.0]), 25.0);
/// ```
pub fn squared_norm(values: &[f32]) -> f64 {
    let _span = profile::element_wise("squared norm", &[values.len()], 1);
    in_parts(values, TASK, &|values| dispatch(Squares { values }), &|a, b| a + b)
}

struct Squares<'a> {
    values: &'a [f32],
}

impl WithSimd for Squares<'_> {
    type Output = f64;

    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) -> f64 {
        let [square] = sums(
            simd,
            [self.values],
            #[inline(always)]
            |[x]| [simd.mul_f64s(x, x)],
        );
        square
    }
}

struct Part<'a> {
    weight_decay: f64,
    weight: &'a [f32],
    gradient: &'a [f32],
}

impl WithSimd for Part<'_> {
    type Output = [f64; 3];

    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) -> [f64; 3] {
        let weight_decay = simd.splat_f64s(self.weight_decay);
        sums(
            simd,
            [self.weight, self.gradient],
            #[inline(always)]
            |[weight, gradient]| {
                let decayed = simd.add_f64s(gradient, simd.mul_f64s(weight_decay, weight));
                [weight, gradient, decayed].map(|x| simd.mul_f64s(x, x))
            },
        )
    }
}
