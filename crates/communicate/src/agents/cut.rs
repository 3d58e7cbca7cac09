//! Slices of sums, cut into the arrays that they hold.

/// Cuts a slice into parts of these lengths.
pub(super) fn cut<const PARTS: usize>(lens: [usize; PARTS], mut all: &[f32]) -> [&[f32]; PARTS] {
    lens.map(|len| all.split_off(..len).expect("the parts make up the whole"))
}

/// Cuts a slice into parts of these lengths, to write.
pub(super) fn cut_mut<const PARTS: usize>(lens: [usize; PARTS], mut all: &mut [f32]) -> [&mut [f32]; PARTS] {
    lens.map(|len| all.split_off_mut(..len).expect("the parts make up the whole"))
}
