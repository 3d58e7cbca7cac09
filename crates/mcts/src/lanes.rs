//! Reductions over slices in independent lanes, which the compiler turns into vector instructions.
//!
//! Everything here is meant to be inlined into a closure that [`pulp::Arch::dispatch`] runs, so that it is compiled for the
//! instructions that the machine has. Iterator adapters and closures are not always inlined there and are then compiled for others: loops
//! run over indices.

use pulp::{Arch, Simd, WithSimd};

use crate::real::Real;

/// Numbers that are worked on side by side.
pub(crate) const LANES: usize = 16;

/// The first place of the largest value.
#[inline(always)]
pub(crate) fn first_maximum(values: &[f32]) -> Option<usize> {
    position(values, highest(values))
}

/// The largest value, minus infinity without any.
#[inline(always)]
pub(crate) fn highest(values: &[f32]) -> f32 {
    let (chunks, rest) = values.as_chunks::<LANES>();
    let mut best = [f32::NEG_INFINITY; LANES];
    for chunk in chunks {
        for lane in 0..LANES {
            best[lane] = maximum(best[lane], chunk[lane]);
        }
    }
    let mut highest = highest_lane(best);
    for &value in rest {
        highest = maximum(highest, value);
    }
    highest
}

/// The first place of a value.
#[inline(always)]
fn position(values: &[f32], wanted: f32) -> Option<usize> {
    let (chunks, rest) = values.as_chunks::<LANES>();
    for index in 0..chunks.len() {
        let mut found = 0_u32;
        for lane in 0..LANES {
            found |= u32::from(chunks[index][lane] == wanted) << lane;
        }
        if found != 0 {
            return Some(index * LANES + found.trailing_zeros() as usize);
        }
    }
    for index in 0..rest.len() {
        if rest[index] == wanted {
            return Some(chunks.len() * LANES + index);
        }
    }
    None
}

/// The place at which the running sum of values, none below zero, exceeds `level`; the last value above zero if rounding
/// leaves the sum short of it.
#[inline(always)]
pub(crate) fn draw(values: &[f32], level: f32) -> usize {
    let (chunks, _) = values.as_chunks::<LANES>();
    let mut sum = 0.0;
    let mut from = 0;
    for chunk in chunks {
        let next = sum + sum_of_lanes(*chunk);
        if next > level {
            break;
        }
        sum = next;
        from += LANES;
    }
    for place in from..values.len() {
        sum += values[place];
        if sum > level {
            return place;
        }
    }
    values.iter().rposition(|value| *value > 0.0).unwrap_or(0)
}

/// The sum, lane by lane.
#[inline(always)]
pub(crate) fn total(values: &[f32]) -> f32 {
    let (chunks, rest) = values.as_chunks::<LANES>();
    let mut sums = [0.0; LANES];
    for chunk in chunks {
        for lane in 0..LANES {
            sums[lane] += chunk[lane];
        }
    }
    let mut sum = sum_of_lanes(sums);
    for &value in rest {
        sum += value;
    }
    sum
}

/// The sum of all lanes, by halves: one after the other they would wait for each other.
#[inline(always)]
pub(crate) fn sum_of_lanes<T: Real>(mut lanes: [T; LANES]) -> T {
    let mut half = LANES / 2;
    while half > 0 {
        for lane in 0..half {
            let other = lanes[lane + half];
            lanes[lane] += other;
        }
        half /= 2;
    }
    lanes[0]
}

/// The largest of all lanes, by halves.
#[inline(always)]
pub(crate) fn highest_lane<T: Real>(mut lanes: [T; LANES]) -> T {
    let mut half = LANES / 2;
    while half > 0 {
        for lane in 0..half {
            lanes[lane] = if lanes[lane + half] > lanes[lane] { lanes[lane + half] } else { lanes[lane] };
        }
        half /= 2;
    }
    lanes[0]
}

/// The smallest of all lanes.
#[inline(always)]
pub(crate) fn lowest_lane(mut lanes: [f32; LANES]) -> f32 {
    for lane in &mut lanes {
        *lane = -*lane;
    }
    -highest_lane(lanes)
}

/// The larger of two numbers, which are no NaN.
#[inline(always)]
pub(crate) fn maximum(a: f32, b: f32) -> f32 {
    if b > a { b } else { a }
}

/// The smaller of two numbers, which are no NaN.
#[inline(always)]
pub(crate) fn minimum(a: f32, b: f32) -> f32 {
    if b < a { b } else { a }
}

/// `e^x` for x at most 0, to a few units of the last place; 0 below -87.
///
/// Cody and Waite's reduction to |r| ≤ ln 2 / 2 and the first terms of the series, without a branch.
#[inline(always)]
pub(crate) fn exp_below_zero(x: f32) -> f32 {
    const LN_2_HIGH: f32 = 0.693_359_4;
    const LN_2_LOW: f32 = -2.121_944_4e-4;
    let x = if x < -87.0 { -87.0 } else { x };
    // Adding and taking away 1.5 · 2^23 rounds to a whole number.
    let shifted = x * std::f32::consts::LOG2_E + 12_582_912.0;
    let power = shifted - 12_582_912.0;
    let r = (x - power * LN_2_HIGH) - power * LN_2_LOW;
    let series = 1.0 / 720.0;
    let series = series * r + 1.0 / 120.0;
    let series = series * r + 1.0 / 24.0;
    let series = series * r + 1.0 / 6.0;
    let series = series * r + 0.5;
    let series = series * r + 1.0;
    let series = series * r + 1.0;
    let scale =
        f32::from_bits(((shifted.to_bits() as i32).wrapping_sub(0x4b40_0000).wrapping_add(127) as u32) << 23);
    if x <= -87.0 { 0.0 } else { series * scale }
}

/// Logits as probabilities.
pub(crate) fn softmax(arch: Arch, logits: &mut [f32]) {
    arch.dispatch(Softmax(logits));
}

struct Softmax<'a>(&'a mut [f32]);

impl WithSimd for Softmax<'_> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, _: S) {
        let Self(logits) = self;
        let highest = highest(logits);
        for place in 0..logits.len() {
            logits[place] = exp_below_zero(logits[place] - highest);
        }
        let inverse = 1.0 / total(logits);
        for place in 0..logits.len() {
            logits[place] *= inverse;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{draw, exp_below_zero, first_maximum, total};

    #[test]
    fn the_first_of_equal_maxima_is_found_at_any_length() {
        for length in 1..100_usize {
            for place in 0..length {
                let mut values = vec![-1.0; length];
                values[place] = 2.0;
                values[length - 1] = 2.0;
                assert_eq!(first_maximum(&values), Some(place), "{length}");
            }
        }
        assert_eq!(first_maximum(&[]), None);
        assert_eq!(first_maximum(&[f32::NEG_INFINITY; 20]), Some(0));
    }

    #[test]
    fn a_draw_is_where_the_running_sum_passes_the_level() {
        let values: Vec<f32> = (0..50).map(|index| if index % 3 == 0 { 0.0 } else { index as f32 }).collect();
        let mut sum = 0.0;
        for (place, value) in values.iter().enumerate() {
            if *value > 0.0 {
                assert_eq!(draw(&values, sum), place);
                assert_eq!(draw(&values, sum + 0.5 * value), place);
            }
            sum += value;
        }
        assert_eq!(sum, total(&values));
        assert_eq!(draw(&values, sum + 1.0), 49);
        assert_eq!(draw(&[0.0, 3.0, 0.0], 3.0), 1, "an action of no probability is never drawn");
    }

    #[test]
    fn the_exponential_is_the_libraries() {
        for index in 0..200_000 {
            let x = -90.0 * index as f32 / 200_000.0;
            let (ours, theirs) = (exp_below_zero(x), x.exp());
            assert!((ours - theirs).abs() <= 4e-7 * theirs + 1.7e-38, "{x}: {ours} {theirs}");
        }
        assert_eq!(exp_below_zero(0.0), 1.0);
        assert_eq!(exp_below_zero(f32::NEG_INFINITY), 0.0);
    }
}
