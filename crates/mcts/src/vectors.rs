//! Loops over vectors of the machine's own size. The last one of a slice may be part of a vector; its other lanes read 0 and are not
//! written.

use pulp::{Simd, WithSimd};

/// Numbers in the widest vectors of any machine.
pub(crate) const WIDEST: usize = 16;

/// Numbers from a place on.
#[inline(always)]
pub(crate) fn load<S: Simd>(simd: S, values: &[f32], from: usize) -> S::f32s {
    let values = &values[from..];
    match S::as_simd_f32s(values).0.first() {
        Some(vector) => *vector,
        None => simd.partial_load_f32s(values),
    }
}

/// The same of whole numbers, as they are.
#[inline(always)]
pub(crate) fn load_counts<S: Simd>(simd: S, values: &[u32], from: usize) -> S::u32s {
    let values = &values[from..];
    match S::as_simd_u32s(values).0.first() {
        Some(vector) => *vector,
        None => simd.partial_load_u32s(values),
    }
}

/// Puts numbers from a place on.
#[inline(always)]
pub(crate) fn store<S: Simd>(simd: S, values: &mut [f32], from: usize, vector: S::f32s) {
    let values = &mut values[from..];
    match S::as_mut_simd_f32s(values).0.first_mut() {
        Some(place) => *place = vector,
        None => simd.partial_store_f32s(values, vector),
    }
}

/// Which lanes of the vector from a place on are among the first `count` numbers.
#[inline(always)]
pub(crate) fn within<S: Simd>(simd: S, count: usize, from: usize) -> S::m32s {
    let lanes = (count - from).min(S::F32_LANES);
    simd.mask_between_m32s(0, lanes as u32).mask()
}

/// Whole numbers as floating-point ones, rounded once.
#[inline(always)]
pub(crate) fn to_f32s<S: Simd>(simd: S, counts: S::u32s) -> S::f32s {
    // 2^23 plus a number of sixteen bits has these in its last bits.
    let power = simd.splat_f32s(8_388_608.0);
    let bits = simd.transmute_u32s_f32s(power);
    let half = |sixteen| simd.sub_f32s(simd.transmute_f32s_u32s(simd.or_u32s(bits, sixteen)), power);
    let low = half(simd.and_u32s(counts, simd.splat_u32s(0xffff)));
    let high = half(simd.wrapping_dyn_shr_u32s(counts, simd.splat_u32s(16)));
    simd.mul_add_f32s(high, simd.splat_f32s(65_536.0), low)
}

/// `e^x` for x at most 0, to a few units of the last place; 0 below -87, NaN of what is no number.
///
/// Cody and Waite's reduction to |r| ≤ ln 2 / 2 and the first terms of the series, without a branch.
#[inline(always)]
pub(crate) fn exp_below_zero<S: Simd>(simd: S, x: S::f32s) -> S::f32s {
    let least = simd.splat_f32s(-87.0);
    let is_small = simd.less_than_or_equal_f32s(x, least);
    let x = simd.select_f32s(is_small, least, x);
    // Adding and taking away 1.5 · 2^23 rounds to a whole number.
    let rounding = simd.splat_f32s(12_582_912.0);
    let shifted = simd.mul_add_f32s(x, simd.splat_f32s(std::f32::consts::LOG2_E), rounding);
    let power = simd.sub_f32s(shifted, rounding);
    let r = simd.negate_mul_add_f32s(power, simd.splat_f32s(0.693_359_4), x);
    let r = simd.negate_mul_add_f32s(power, simd.splat_f32s(-2.121_944_4e-4), r);
    let mut series = simd.splat_f32s(1.0 / 720.0);
    for factor in [1.0 / 120.0, 1.0 / 24.0, 1.0 / 6.0, 0.5, 1.0, 1.0] {
        series = simd.mul_add_f32s(series, r, simd.splat_f32s(factor));
    }
    let exponent = simd.sub_u32s(simd.transmute_u32s_f32s(shifted), simd.splat_u32s(0x4b40_0000 - 127));
    let scale = simd.wrapping_dyn_shl_u32s(exponent, simd.splat_u32s(23));
    let result = simd.mul_f32s(series, simd.transmute_f32s_u32s(scale));
    simd.select_f32s(is_small, simd.splat_f32s(0.0), result)
}

/// Logits as probabilities, and whether they are such: not if a logit is no number.
#[inline(always)]
pub(crate) fn softmax<S: Simd>(simd: S, logits: &mut [f32]) -> bool {
    let lowest = simd.splat_f32s(f32::NEG_INFINITY);
    let mut highest = lowest;
    for from in (0..logits.len()).step_by(S::F32_LANES) {
        let is_logit = within(simd, logits.len(), from);
        highest = simd.max_f32s(highest, simd.select_f32s(is_logit, load(simd, logits, from), lowest));
    }
    let highest = simd.splat_f32s(simd.reduce_max_f32s(highest));
    let zero = simd.splat_f32s(0.0);
    let mut sums = zero;
    for from in (0..logits.len()).step_by(S::F32_LANES) {
        let term = exp_below_zero(simd, simd.sub_f32s(load(simd, logits, from), highest));
        let term = simd.select_f32s(within(simd, logits.len(), from), term, zero);
        sums = simd.add_f32s(sums, term);
        store(simd, logits, from, term);
    }
    let sum = simd.reduce_sum_f32s(sums);
    let inverse = simd.splat_f32s(1.0 / sum);
    for from in (0..logits.len()).step_by(S::F32_LANES) {
        store(simd, logits, from, simd.mul_f32s(load(simd, logits, from), inverse));
    }
    sum.is_finite()
}

/// [`softmax`] as an operation of its own.
pub(crate) struct Softmax<'a>(pub &'a mut [f32]);

impl WithSimd for Softmax<'_> {
    type Output = bool;

    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) -> bool {
        softmax(simd, self.0)
    }
}

/// The first of the largest of some scores, 0 if all are minus infinity.
#[inline(always)]
pub(crate) fn first_largest<S: Simd>(simd: S, scores: S::f32s, count: usize) -> usize {
    let best = simd.reduce_max_f32s(scores);
    // The processor foresees where this loop ends, and goes on there before it has compared anything.
    let mut lanes = [0.0; WIDEST];
    S::as_mut_simd_f32s(&mut lanes).0[0] = scores;
    for place in 0..count {
        if lanes[place] == best {
            return place;
        }
    }
    0
}

/// Finds the first of the largest scores, vector by vector.
pub(crate) struct First<S: Simd> {
    best: S::f32s,
    /// The places of the best, as numbers: exact up to 2^24.
    place: S::f32s,
    next: S::f32s,
}

impl<S: Simd> First<S> {
    #[inline(always)]
    pub fn new(simd: S) -> Self {
        let mut lanes = [0.0; WIDEST];
        for lane in 0..S::F32_LANES {
            lanes[lane] = lane as f32;
        }
        let next = S::as_simd_f32s(&lanes).0[0];
        Self { best: simd.splat_f32s(f32::NEG_INFINITY), place: next, next }
    }

    /// Takes in the scores of the next vector.
    #[inline(always)]
    pub fn take(&mut self, simd: S, scores: S::f32s) {
        let is_better = simd.greater_than_f32s(scores, self.best);
        self.best = simd.select_f32s(is_better, scores, self.best);
        self.place = simd.select_f32s(is_better, self.next, self.place);
        self.next = simd.add_f32s(self.next, simd.splat_f32s(S::F32_LANES as f32));
    }

    /// The place among so many scores, 0 if all are minus infinity.
    #[inline(always)]
    pub fn place(self, simd: S, count: usize) -> usize {
        if count <= S::F32_LANES {
            return first_largest(simd, self.best, count);
        }
        let best = simd.reduce_max_f32s(self.best);
        let is_best = simd.equal_f32s(self.best, simd.splat_f32s(best));
        let places = simd.select_f32s(is_best, self.place, simd.splat_f32s(f32::INFINITY));
        let place = simd.reduce_min_f32s(places) as usize;
        if place < count { place } else { 0 }
    }
}

#[cfg(test)]
mod tests {
    use pulp::{Arch, Simd, WithSimd};

    use super::{First, Softmax, exp_below_zero, load, store, to_f32s, within};

    /// `e^x` of all, the place of the largest, and the first of them from whole numbers.
    struct All<'a>(&'a mut [f32]);

    impl WithSimd for All<'_> {
        type Output = usize;

        #[inline(always)]
        fn with_simd<S: Simd>(self, simd: S) -> usize {
            let mut first = First::new(simd);
            let count = self.0.len();
            for from in (0..count).step_by(S::F32_LANES) {
                let value = load(simd, self.0, from);
                let lowest = simd.splat_f32s(f32::NEG_INFINITY);
                first.take(simd, simd.select_f32s(within(simd, count, from), value, lowest));
                store(simd, self.0, from, exp_below_zero(simd, value));
            }
            first.place(simd, count)
        }
    }

    struct Converted(u32);

    impl WithSimd for Converted {
        type Output = f32;

        #[inline(always)]
        fn with_simd<S: Simd>(self, simd: S) -> f32 {
            simd.reduce_max_f32s(to_f32s(simd, simd.splat_u32s(self.0)))
        }
    }

    #[test]
    fn the_exponential_is_the_libraries() {
        let values: Vec<f32> = (0..200_000).map(|index| -90.0 * index as f32 / 200_000.0).collect();
        let mut ours = values.clone();
        assert_eq!(Arch::new().dispatch(All(&mut ours)), 0);
        for (ours, x) in ours.into_iter().zip(values) {
            assert!((ours - x.exp()).abs() <= 4e-7 * x.exp() + 1.7e-38, "{x}: {ours} {}", x.exp());
        }
        let mut ends = [0.0, f32::NEG_INFINITY, f32::NAN];
        Arch::new().dispatch(All(&mut ends));
        assert!(ends[0] == 1.0 && ends[1] == 0.0 && ends[2].is_nan(), "{ends:?}");
    }

    #[test]
    fn the_first_of_equal_maxima_is_found_at_any_length() {
        for length in 1..100_usize {
            for place in 0..length {
                let mut values = vec![-2.0; length];
                values[place] = -1.0;
                values[length - 1] = -1.0;
                assert_eq!(Arch::new().dispatch(All(&mut values)), place, "{length}");
            }
            assert_eq!(Arch::new().dispatch(All(&mut vec![f32::NEG_INFINITY; length])), 0);
        }
    }

    #[test]
    fn whole_numbers_are_rounded_as_the_language_does() {
        let mut number = 1_u32;
        for _ in 0..10_000 {
            number = number.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            for number in [number, number >> 9, number >> 20] {
                assert_eq!(Arch::new().dispatch(Converted(number)), number as f32);
            }
        }
    }

    #[test]
    fn a_softmax_of_what_is_no_number_is_none() {
        let arch = Arch::new();
        for length in [1, 7, 16, 82] {
            let mut logits: Vec<f32> = (0..length).map(|index| (index as f32).sin()).collect();
            let sum: f32 = logits.iter().map(|logit| logit.exp()).sum();
            let expected: Vec<f32> = logits.iter().map(|logit| logit.exp() / sum).collect();
            let last = length - 1;
            let mut wrong = logits.clone();
            assert!(arch.dispatch(Softmax(&mut logits)));
            for (ours, expected) in logits.iter().zip(expected) {
                assert!((ours - expected).abs() < 1e-6, "{length}: {ours} {expected}");
            }
            for number in [f32::NAN, f32::INFINITY] {
                wrong[last] = number;
                assert!(!arch.dispatch(Softmax(&mut wrong.clone())), "{length}: {number}");
            }
            assert!(!arch.dispatch(Softmax(&mut vec![f32::NEG_INFINITY; length])));
        }
    }
}
