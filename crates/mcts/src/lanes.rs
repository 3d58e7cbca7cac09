//! Reductions over slices in independent lanes, which the compiler turns into vector instructions.
//!
//! Everything here is meant to be inlined into an operation that [`pulp::Arch::dispatch`] runs, so that it is compiled for the
//! instructions that the machine has. Iterator adapters and closures are not always inlined there and are then compiled for others: loops
//! run over indices. What is worth more words is in vectors of the machine's own size ([`crate::vectors`]).

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
    let (chunks, rest) = values.as_chunks::<LANES>();
    let (mut sum, mut before, mut from) = (0.0, 0.0, 0);
    for chunk in chunks {
        sum += sum_of_lanes(*chunk);
        // Without a branch, which nobody could foresee.
        before = if sum > level { before } else { sum };
        from += usize::from(sum <= level);
    }
    let mut place = from * LANES;
    for &value in chunks.get(from).map_or(rest, |chunk| &chunk[..]) {
        before += value;
        place += usize::from(before <= level);
    }
    if values.get(place).is_some_and(|value| *value > 0.0) {
        return place;
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
    let mut sum = if chunks.is_empty() { 0.0 } else { sum_of_lanes(sums) };
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

#[cfg(test)]
mod tests {
    use super::{draw, first_maximum, total};

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
                for level in [sum, sum + 0.5 * value] {
                    assert_eq!(draw(&values, level), place);
                }
            }
            sum += value;
        }
        assert_eq!(sum, total(&values));
        assert_eq!(draw(&values, sum + 1.0), 49);
        assert_eq!(draw(&[0.0, 3.0, 0.0], 3.0), 1, "an action of no probability is never drawn");
    }
}
