//! A smooth bound on numbers.

use crate::exp::exp_or_nan;
use crate::profile;
use crate::simd::{dispatch, update_vectors};
use pulp::{Simd, WithSimd};
use rayon::prelude::*;

/// Floats in one task.
const TASK: usize = 1 << 14;

/// `x = c · tanh(x / c)`, elementwise, to within 10⁻⁶ of itself.
///
/// ```
/// let mut x = [0.0, 1e9, -1e9];
/// autodidact_kernels::soft_cap(30.0, &mut x);
/// assert_eq!(x, [0.0, 30.0, -30.0]);
/// ```
///
/// Gemma Team, *Gemma 2*, 2024, section 2 ("logit soft-capping"); Bello et al., 2016.
pub fn soft_cap(cap: f32, x: &mut [f32]) {
    let _span = profile::element_wise("soft cap", &[x.len()], 2);
    x.par_chunks_mut(TASK).for_each(|x| dispatch(Part { cap, x }));
}

struct Part<'a> {
    cap: f32,
    x: &'a mut [f32],
}

impl WithSimd for Part<'_> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) {
        cap_all(simd, self.cap, self.x);
    }
}

/// Numbers of which the series of tanh is taken, which has no difference of near numbers in it.
const SMALL: f32 = 0.3;
/// The series up to the ninth power, in the square and from its end.
const SERIES: [f32; 5] = [62.0 / 2835.0, -17.0 / 315.0, 2.0 / 15.0, -1.0 / 3.0, 1.0];

/// See [`soft_cap`].
#[inline(always)]
pub(crate) fn cap_all<S: Simd>(simd: S, cap: f32, x: &mut [f32]) {
    let (share, size) = (simd.splat_f32s(1.0 / cap), simd.splat_f32s(cap));
    let [one, two, small] = [1.0, 2.0, SMALL].map(|value| simd.splat_f32s(value));
    update_vectors(
        simd,
        [],
        [x],
        #[inline(always)]
        |[], [x]| {
            let x = simd.mul_f32s(x, share);
            // 1 − 2 / (exp(2x) + 1)
            let power = exp_or_nan(simd, simd.add_f32s(x, x));
            let large = simd.sub_f32s(one, simd.div_f32s(two, simd.add_f32s(power, one)));
            let square = simd.mul_f32s(x, x);
            let mut sum = simd.splat_f32s(SERIES[0]);
            for coefficient in &SERIES[1..] {
                sum = simd.mul_add_e_f32s(sum, square, simd.splat_f32s(*coefficient));
            }
            let is_small = simd.less_than_f32s(simd.abs_f32s(x), small);
            [simd.mul_f32s(size, simd.select_f32s(is_small, simd.mul_f32s(x, sum), large))]
        },
    );
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_those_of_the_formula() {
        let x: Vec<f32> = (-300..300).map(|i| (i as f32 * 0.05).powi(3)).collect();
        for cap in [1.5, 30.0, 50.0] {
            let mut capped = x.clone();
            soft_cap(cap, &mut capped);
            for (&x, &capped) in x.iter().zip(&capped) {
                let expected = f64::from(cap) * (f64::from(x) / f64::from(cap)).tanh();
                assert!((f64::from(capped) - expected).abs() <= 1e-6 * expected.abs(), "{x}: {capped}");
            }
        }
        let mut odd = [f32::INFINITY, f32::NEG_INFINITY, f32::NAN];
        soft_cap(30.0, &mut odd);
        assert_eq!(odd[..2], [30.0, -30.0]);
        assert!(odd[2].is_nan());
    }
}
