//! The two types of numbers that policies are solved in.

use std::fmt::Debug;
use std::ops::{Add, AddAssign, Div, Mul, Sub};

use pulp::Simd;

/// `f32` or `f64`.
pub trait Real:
    Copy
    + Debug
    + Default
    + PartialOrd
    + Send
    + Sync
    + Add<Output = Self>
    + Sub<Output = Self>
    + Mul<Output = Self>
    + Div<Output = Self>
    + AddAssign
    + private::Sealed
{
    /// 0.
    const ZERO: Self;
    /// 1.
    const ONE: Self;
    /// A sum of probabilities is 1 if it is no further from it.
    const TOLERANCE: Self;
    /// The number below all others.
    const LOWEST: Self;

    /// Nearest number.
    fn from_f64(value: f64) -> Self;
    /// The same number, exactly.
    fn to_f64(self) -> f64;
    /// Square root.
    fn sqrt(self) -> Self;
    /// Whether it is neither infinite nor NaN.
    fn is_finite(self) -> bool;
    /// `Σ (w / (δ + gap))^p` and `Σ w^p / (δ + gap)^(p + 1)` for p of 1 or 2, over slices of whole vectors.
    fn sums<S: Simd>(simd: S, power: u32, weights: &[Self], gaps: &[Self], delta: Self) -> (Self, Self);
}

mod private {
    pub trait Sealed {}
    impl Sealed for f32 {}
    impl Sealed for f64 {}
}

macro_rules! real {
    ($type:ty, $tolerance:expr, $as_simd:ident, $splat:ident, $add:ident, $mul:ident, $div:ident, $sum:ident) => {
        impl Real for $type {
            const ZERO: Self = 0.0;
            const ONE: Self = 1.0;
            const TOLERANCE: Self = $tolerance;
            const LOWEST: Self = <$type>::NEG_INFINITY;

            #[inline(always)]
            fn from_f64(value: f64) -> Self {
                value as Self
            }

            #[inline(always)]
            fn to_f64(self) -> f64 {
                f64::from(self)
            }

            #[inline(always)]
            fn sqrt(self) -> Self {
                self.sqrt()
            }

            #[inline(always)]
            fn is_finite(self) -> bool {
                self.is_finite()
            }

            #[inline(always)]
            fn sums<S: Simd>(
                simd: S,
                power: u32,
                weights: &[Self],
                gaps: &[Self],
                delta: Self,
            ) -> (Self, Self) {
                let (weights, gaps) = (S::$as_simd(weights).0, S::$as_simd(gaps).0);
                let (delta, one) = (simd.$splat(delta), simd.$splat(1.0));
                let (mut sum, mut steep) = (simd.$splat(0.0), simd.$splat(0.0));
                for place in 0..weights.len().min(gaps.len()) {
                    let inverse = simd.$div(one, simd.$add(delta, gaps[place]));
                    let term = simd.$mul(weights[place], inverse);
                    let term = if power == 1 { term } else { simd.$mul(term, term) };
                    sum = simd.$add(sum, term);
                    steep = simd.$add(steep, simd.$mul(term, inverse));
                }
                (simd.$sum(sum), simd.$sum(steep))
            }
        }
    };
}

real!(f32, 1e-6, as_simd_f32s, splat_f32s, add_f32s, mul_f32s, div_f32s, reduce_sum_f32s);
real!(f64, 1e-13, as_simd_f64s, splat_f64s, add_f64s, mul_f64s, div_f64s, reduce_sum_f64s);
