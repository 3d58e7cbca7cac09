//! What updates have in common: each place of some arrays gets new values from its old ones and from another array.

use super::TASK;
use crate::parts::in_parts;
use crate::simd::{dispatch, update_vectors};
use pulp::{Simd, WithSimd};

/// A rule that updates so many arrays: a parameter, and the state that is kept of it.
pub(super) trait Rule<const ARRAYS: usize>: Copy + Sync {
    /// The new values of the arrays.
    fn apply<S: Simd>(self, simd: S, from: S::f32s, values: [S::f32s; ARRAYS]) -> [S::f32s; ARRAYS];
}

/// Applies the rule to all places; the slices are equally long.
pub(super) fn update<const ARRAYS: usize>(
    rule: impl Rule<ARRAYS>,
    from: &[f32],
    arrays: [&mut [f32]; ARRAYS],
) {
    let run = |(arrays, from)| dispatch(Update { rule, from, arrays });
    in_parts((arrays, from), TASK, &run, &|(), ()| ());
}

struct Update<'a, R, const ARRAYS: usize> {
    rule: R,
    from: &'a [f32],
    arrays: [&'a mut [f32]; ARRAYS],
}

impl<R: Rule<ARRAYS>, const ARRAYS: usize> WithSimd for Update<'_, R, ARRAYS> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) {
        update_vectors(
            simd,
            [self.from],
            self.arrays,
            #[inline(always)]
            |[from], values| self.rule.apply(simd, from, values),
        );
    }
}
