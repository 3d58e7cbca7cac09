//! The parts of a block of 256 numbers side by side, so that one vector instruction serves all of them.
//!
//! Lane `j` belongs to part `j`. Each lane does what a loop over the numbers of its part would do, in the same order.

/// One number of every part.
pub(super) type Lanes<const PARTS: usize> = [f32; PARTS];

/// Number `i` of every part, for every `i`.
pub(super) type Parts<const PARTS: usize, const LEN: usize> = [Lanes<PARTS>; LEN];

/// `PARTS · LEN` is 256.
#[inline(always)]
pub(super) fn side_by_side<const PARTS: usize, const LEN: usize>(values: &[f32; 256]) -> Parts<PARTS, LEN> {
    std::array::from_fn(|i| std::array::from_fn(|part| values[part * LEN + i]))
}

/// Calls `code` with the index of each number in the block, and its code.
#[inline(always)]
pub(super) fn for_each<const PARTS: usize, const LEN: usize>(
    codes: &Parts<PARTS, LEN>,
    mut code: impl FnMut(usize, u8),
) {
    for part in 0..PARTS {
        for i in 0..LEN {
            code(part * LEN + i, codes[i][part] as u8);
        }
    }
}

/// The number of largest magnitude of every part, with its sign; the first of several.
#[inline(always)]
pub(super) fn largest<const PARTS: usize>(numbers: &[Lanes<PARTS>]) -> Lanes<PARTS> {
    let mut largest = [0.0_f32; PARTS];
    for numbers in numbers {
        for part in 0..PARTS {
            let x = numbers[part];
            largest[part] = if x.abs() > largest[part].abs() { x } else { largest[part] };
        }
    }
    largest
}
