//! Pairs of bfloat16: two numbers of eight bits of precision in the place of one `f32`.
//!
//! A lane of 32 bits holds the first number in its lower half and the second in its upper half, as the dot product
//! instructions of AVX-512 want them. Slices of pairs are slices of `f32` whose bits are only moved, never computed with.

use half::bf16;
use pulp::{Simd, WithSimd};

use crate::instructions::Instructions;
use crate::simd::{LANES_MAX, dispatch, vectors, vectors_mut};
use std::ops::Range;

/// Two vectors as one of pairs, rounded to the nearest, ties to even. NaN stays NaN.
#[inline(always)]
pub(crate) fn pair<S: Simd>(simd: S, first: S::f32s, second: S::f32s) -> S::f32s {
    let first = simd.wrapping_dyn_shr_u32s(rounded(simd, first), simd.splat_u32s(16));
    let second = simd.and_u32s(rounded(simd, second), simd.splat_u32s(0xffff_0000));
    simd.transmute_f32s_u32s(simd.or_u32s(first, second))
}

/// Both numbers of every pair.
#[inline(always)]
pub(crate) fn unpair<S: Simd>(simd: S, pairs: S::f32s) -> [S::f32s; 2] {
    let bits = simd.transmute_u32s_f32s(pairs);
    let first = simd.wrapping_dyn_shl_u32s(bits, simd.splat_u32s(16));
    let second = simd.and_u32s(bits, simd.splat_u32s(0xffff_0000));
    [simd.transmute_f32s_u32s(first), simd.transmute_f32s_u32s(second)]
}

/// Bits whose upper half is the number rounded to sixteen bits.
#[inline(always)]
fn rounded<S: Simd>(simd: S, value: S::f32s) -> S::u32s {
    let bits = simd.transmute_u32s_f32s(value);
    let odd = simd.and_u32s(simd.wrapping_dyn_shr_u32s(bits, simd.splat_u32s(16)), simd.splat_u32s(1));
    let nearest = simd.add_u32s(bits, simd.add_u32s(odd, simd.splat_u32s(0x7fff)));
    // The sum would carry the bits of some NaN over into those of infinity or zero.
    let nan = simd.or_u32s(bits, simd.splat_u32s(QUIET));
    simd.select_u32s(simd.equal_f32s(value, value), nearest, nan)
}

/// What [`rounded`] is, for one number.
fn rounded_scalar(value: f32) -> u32 {
    let bits = value.to_bits();
    if value.is_nan() { bits | QUIET } else { bits.wrapping_add(0x7fff + (bits >> 16 & 1)) }
}

/// The bit that every NaN may have, in the upper half.
const QUIET: u32 = 0x0040_0000;

/// Whether pairs are multiplied by an instruction.
pub(crate) fn has_dot() -> bool {
    Instructions::used() >= Instructions::Bf16
}

/// Numbers of two arrays as pairs, rounded to bfloat16.
///
/// # Panics
/// If the arrays' lengths differ.
pub(crate) fn pair_arrays(first: &[f32], second: &[f32], pairs: &mut [f32]) {
    assert!(first.len() == second.len() && first.len() == pairs.len(), "a number of each array in a pair");
    #[cfg(target_arch = "x86_64")]
    if has_dot() {
        return crate::dot::pair(first, second, pairs);
    }
    dispatch(PairArrays { first, second, pairs });
}

/// Numbers of two arrays as pairs.
///
/// # Panics
/// If the arrays' lengths differ.
pub(crate) fn zip(first: &[bf16], second: &[bf16], pairs: &mut [f32]) {
    assert!(first.len() == second.len() && first.len() == pairs.len(), "a number of each array in a pair");
    dispatch(Zip { first, second, pairs });
}

struct Zip<'a> {
    first: &'a [bf16],
    second: &'a [bf16],
    pairs: &'a mut [f32],
}

impl WithSimd for Zip<'_> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, _: S) {
        // Of a length that the compiler knows, so that a few channels are a vector as well.
        let (first, first_last) = self.first.as_chunks::<LANES_MAX>();
        let (second, second_last) = self.second.as_chunks::<LANES_MAX>();
        let (pairs, pairs_last) = self.pairs.as_chunks_mut::<LANES_MAX>();
        for at in 0..pairs.len() {
            pairs[at] = zip_line(&first[at], &second[at]);
        }
        for at in 0..pairs_last.len() {
            pairs_last[at] = zip_numbers(first_last[at], second_last[at]);
        }
    }
}

#[inline(always)]
fn zip_numbers(first: bf16, second: bf16) -> f32 {
    f32::from_bits(u32::from(first.to_bits()) | u32::from(second.to_bits()) << 16)
}

/// Numbers of two vectors as pairs.
#[inline(always)]
pub(crate) fn zip_line(first: &[bf16; LANES_MAX], second: &[bf16; LANES_MAX]) -> [f32; LANES_MAX] {
    let mut pairs = [0.0; LANES_MAX];
    for lane in 0..LANES_MAX {
        pairs[lane] = zip_numbers(first[lane], second[lane]);
    }
    pairs
}

/// Numbers of neighbouring pixels as pairs: those of the first with those of the second, of the third with those of the
/// fourth, and so on.
///
/// # Panics
/// If a pair of pixels ends after the numbers.
pub(crate) fn zip_pixels(numbers: &[bf16], channels: usize, range: Range<usize>, pairs: &mut [f32]) {
    dispatch(ZipPixels { numbers, channels, range, pairs });
}

struct ZipPixels<'a> {
    numbers: &'a [bf16],
    channels: usize,
    range: Range<usize>,
    pairs: &'a mut [f32],
}

impl WithSimd for ZipPixels<'_> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) {
        let Self { numbers, channels, range, pairs } = self;
        let two_pixels = numbers.chunks_exact(2 * channels);
        for (pixels, pairs) in two_pixels.zip(pairs.chunks_exact_mut(range.len())) {
            let (first, second) = pixels.split_at(channels);
            Zip { first: &first[range.clone()], second: &second[range.clone()], pairs }.with_simd(simd);
        }
    }
}

struct PairArrays<'a> {
    first: &'a [f32],
    second: &'a [f32],
    pairs: &'a mut [f32],
}

impl WithSimd for PairArrays<'_> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) {
        let Self { first, second, pairs } = self;
        let whole = pairs.len() / S::F32_LANES * S::F32_LANES;
        let vectors = vectors::<S>(first).iter().zip(vectors::<S>(second));
        for (pairs, (first, second)) in vectors_mut::<S>(pairs).iter_mut().zip(vectors) {
            *pairs = pair(simd, *first, *second);
        }
        for at in whole..pairs.len() {
            let (first, second) = (rounded_scalar(first[at]) >> 16, rounded_scalar(second[at]) & 0xffff_0000);
            pairs[at] = f32::from_bits(first | second);
        }
    }
}

/// Pairs of the lines of sixteen numbers, the first with the second and so on, rounded to bfloat16.
pub(crate) fn pair_lines(lines: &[f32], pairs: &mut [f32]) {
    dispatch(PairLines { lines, pairs });
}

struct PairLines<'a> {
    lines: &'a [f32],
    pairs: &'a mut [f32],
}

impl WithSimd for PairLines<'_> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) {
        let lines = self.lines.chunks_exact(2 * LANES_MAX);
        for (lines, pairs) in lines.zip(self.pairs.chunks_exact_mut(LANES_MAX)) {
            let (first, second) = lines.split_at(LANES_MAX);
            let (first, second) = (vectors::<S>(first), vectors::<S>(second));
            for (v, pairs) in vectors_mut::<S>(pairs).iter_mut().enumerate() {
                *pairs = pair(simd, first[v], second[v]);
            }
        }
    }
}

/// Every number rounded to bfloat16, in 32 bits.
#[inline(always)]
pub(crate) fn round_vector<S: Simd>(simd: S, values: S::f32s) -> S::f32s {
    simd.transmute_f32s_u32s(simd.and_u32s(rounded(simd, values), simd.splat_u32s(0xffff_0000)))
}

/// Rounds every number to bfloat16.
pub(crate) fn round(from: &[f32], to: &mut [f32]) {
    dispatch(Round { from, to });
}

struct Round<'a> {
    from: &'a [f32],
    to: &'a mut [f32],
}

impl WithSimd for Round<'_> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) {
        let (from, to) = (vectors::<S>(self.from), vectors_mut::<S>(self.to));
        for (from, to) in from.iter().zip(to) {
            *to = round_vector(simd, *from);
        }
        let whole = self.from.len() / S::F32_LANES * S::F32_LANES;
        for (from, to) in self.from[whole..].iter().zip(&mut self.to[whole..]) {
            *to = f32::from_bits(rounded_scalar(*from) & 0xffff_0000);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tests::noise;

    /// The numbers of pairs, by their bits.
    fn halves(pairs: &[f32]) -> Vec<[u32; 2]> {
        pairs.iter().map(|pair| [pair.to_bits() << 16, pair.to_bits() & 0xffff_0000]).collect()
    }

    #[test]
    fn numbers_are_rounded_to_the_nearest_and_ties_to_even() {
        let unit = 2.0f32.powi(-7);
        let cases = [
            (1.0, 1.0),
            (1.0 + 0.5 * unit, 1.0),
            (1.0 + 1.5 * unit, 1.0 + 2.0 * unit),
            (1.0 + 0.501 * unit, 1.0 + unit),
            (-1.0 - 0.499 * unit, -1.0),
            (3.0e38, f32::from_bits(0x7f62_0000)),
            (f32::MAX, f32::INFINITY),
            (f32::NEG_INFINITY, f32::NEG_INFINITY),
            (-0.0, -0.0),
        ];
        let from: Vec<f32> = cases.iter().map(|case| case.0).collect();
        let mut to = vec![f32::NAN; from.len()];
        round(&from, &mut to);
        for ((from, expected), got) in cases.iter().zip(&to) {
            assert_eq!(got.to_bits(), expected.to_bits(), "{from} becomes {got}, expected {expected}");
        }
    }

    #[test]
    fn every_nan_stays_one() {
        for bits in [0x7fc0_0000, 0x7fff_ffff, 0xffff_ffff, 0x7f80_0001, 0xff80_ffff] {
            // As a vector and as what is left behind one.
            let (from, mut to) = ([f32::from_bits(bits); 33], [0.0; 33]);
            round(&from, &mut to);
            assert!(to.iter().all(|x| x.is_nan()), "{bits:x}");
            let mut pairs = [0.0; LANES_MAX];
            pair_lines(&from[..2 * LANES_MAX], &mut pairs);
            let halves = halves(&pairs).into_iter().flatten();
            assert!(halves.into_iter().all(|bits| f32::from_bits(bits).is_nan()), "{bits:x}");
        }
    }

    #[test]
    fn lines_are_paired_with_the_next_line() {
        let lines = noise(1, 6 * LANES_MAX);
        let mut rounded = vec![0.0; lines.len()];
        round(&lines, &mut rounded);
        let mut pairs = vec![0.0; 3 * LANES_MAX];
        pair_lines(&lines, &mut pairs);
        for (at, got) in halves(&pairs).into_iter().enumerate() {
            let first = at / LANES_MAX * 2 * LANES_MAX + at % LANES_MAX;
            let expected = [rounded[first], rounded[first + LANES_MAX]].map(f32::to_bits);
            assert_eq!(got, expected, "pair {at}");
        }
    }

    #[test]
    fn arrays_are_paired_number_by_number() {
        for len in [0, 1, 15, 16, 17, 40] {
            let (mut first, second) = (noise(1, len), noise(2, len));
            if let Some(first) = first.first_mut() {
                *first = f32::NAN;
            }
            let mut rounded = [vec![0.0; len], vec![0.0; len]];
            round(&first, &mut rounded[0]);
            round(&second, &mut rounded[1]);
            let mut pairs = vec![0.0; len];
            pair_arrays(&first, &second, &mut pairs);
            let mut twin = vec![0.0; len];
            PairArrays { first: &first, second: &second, pairs: &mut twin }.with_simd(pulp::Scalar);
            for (at, (got, twin)) in halves(&pairs).into_iter().zip(halves(&twin)).enumerate() {
                let expected = [rounded[0][at], rounded[1][at]].map(f32::to_bits);
                // Which NaN it is does not matter.
                let is_nan =
                    |halves: [u32; 2]| f32::from_bits(halves[0]).is_nan() && halves[1] == expected[1];
                for halves in [got, twin] {
                    assert!(
                        halves == expected || (at == 0 && is_nan(halves)),
                        "{halves:x?} at {at} of {len}"
                    );
                }
            }
        }
    }

    #[test]
    fn numbers_that_are_rounded_already_are_paired_as_they_are() {
        for [channels, pixels] in [[1, 6], [3, 5], [16, 4], [21, 8]] {
            let numbers = noise(channels as u64, channels * pixels);
            let short: Vec<bf16> = numbers.iter().copied().map(bf16::from_f32).collect();
            for range in [0..channels, channels / 2..channels] {
                let expected: Vec<[u32; 2]> = (0..pixels / 2)
                    .flat_map(|pair| {
                        range.clone().map(move |channel| [2 * pair, 2 * pair + 1].map(|p| (p, channel)))
                    })
                    .map(|pair| {
                        pair.map(|(pixel, channel)| short[pixel * channels + channel].to_f32().to_bits())
                    })
                    .collect();
                let mut pairs = vec![0.0; expected.len()];
                zip_pixels(&short, channels, range, &mut pairs);
                assert_eq!(halves(&pairs), expected);
            }
            let (first, second) = short.split_at(short.len() / 2);
            let second = &second[..first.len()];
            let mut pairs = vec![0.0; first.len()];
            zip(first, second, &mut pairs);
            for ((pair, first), second) in halves(&pairs).iter().zip(first).zip(second) {
                assert_eq!(*pair, [first, second].map(|value| value.to_f32().to_bits()));
            }
        }
    }

    #[cfg(target_arch = "x86_64")]
    #[test]
    fn neighbours_are_paired_by_the_instruction() {
        if !has_dot() {
            eprintln!("skipped: this processor has no instructions for bfloat16");
            return;
        }
        for len in [2, 30, 32, 62, 96] {
            let numbers = noise(len as u64, len);
            let mut rounded = vec![0.0; len];
            round(&numbers, &mut rounded);
            let mut pairs = vec![0.0; len / 2];
            crate::dot::narrow(&numbers, &mut pairs);
            let expected: Vec<[u32; 2]> =
                rounded.chunks_exact(2).map(|pair| [pair[0].to_bits(), pair[1].to_bits()]).collect();
            assert_eq!(halves(&pairs), expected, "{len} numbers");
        }
    }
}
