//! The dot product of pairs of bfloat16 of AVX-512, and what it needs around it.

// Loads and stores take pointers, and vectors of bfloat16 are made of others by a change of type.
#![allow(unsafe_code)]

use crate::simd::LANES_MAX;
use half::bf16;
use std::arch::x86_64::{
    __m256bh, __m512, __m512bh, __m512i, _mm512_castps_si512, _mm512_castsi512_ps, _mm512_cvtne2ps_pbh,
    _mm512_cvtneps_pbh, _mm512_dpbf16_ps, _mm512_loadu_ps, _mm512_maskz_loadu_ps, _mm512_permutexvar_epi16,
    _mm512_storeu_ps,
};
use std::ops::Range;

/// Sixteen pairs, or as many floats.
pub(crate) type Line = [f32; LANES_MAX];

/// `sums + a.first · b.first + a.second · b.second`, lane by lane.
#[inline]
#[target_feature(enable = "avx512f,avx512bf16")]
pub(crate) fn dot(sums: __m512, a: __m512, b: __m512) -> __m512 {
    // SAFETY: both types are 64 bytes of which every pattern of bits is a value.
    let (a, b) =
        unsafe { (std::mem::transmute::<__m512, __m512bh>(a), std::mem::transmute::<__m512, __m512bh>(b)) };
    _mm512_dpbf16_ps(sums, a, b)
}

#[inline]
#[target_feature(enable = "avx512f")]
pub(crate) fn load(line: &Line) -> __m512 {
    // SAFETY: a line is 64 bytes, and the instruction asks for no alignment.
    unsafe { _mm512_loadu_ps(line.as_ptr()) }
}

/// At most sixteen numbers, and zeros behind them.
#[inline]
#[target_feature(enable = "avx512f")]
pub(crate) fn load_some(values: &[f32]) -> __m512 {
    let lanes = (1u32 << values.len().min(LANES_MAX)) - 1;
    // SAFETY: the instruction reads no more lanes than the slice has numbers.
    unsafe { _mm512_maskz_loadu_ps(lanes as u16, values.as_ptr()) }
}

#[inline]
#[target_feature(enable = "avx512f")]
pub(crate) fn store(line: &mut Line, values: __m512) {
    // SAFETY: as in `load`.
    unsafe { _mm512_storeu_ps(line.as_mut_ptr(), values) }
}

/// Neighbouring numbers as pairs, rounded to the nearest, ties to even.
///
/// # Panics
/// If there are not twice as many numbers as pairs, or the machine has no such instruction.
pub(crate) fn narrow(numbers: &[f32], pairs: &mut [f32]) {
    assert!(crate::pairs::has_dot(), "pairs are made by an instruction of their own");
    assert_eq!(numbers.len(), 2 * pairs.len(), "two numbers for each pair");
    // SAFETY: the instructions were looked for above.
    unsafe { narrow_lines(numbers, pairs) }
}

/// Pairs of 32 neighbouring numbers of each of some lines, which are `stride` floats apart; see [`narrow`].
///
/// # Panics
/// If there are more than sixteen lines, the last ends after the numbers, or the machine has no such instruction.
pub(crate) fn narrow_square(numbers: &[f32], stride: usize, lines: usize, pairs: &mut [Line; LANES_MAX]) {
    assert!(crate::pairs::has_dot(), "pairs are made by an instruction of their own");
    // SAFETY: the instructions were looked for above.
    unsafe { narrow_strided(numbers, stride, &mut pairs[..lines]) }
}

#[target_feature(enable = "avx512f,avx512bf16")]
fn narrow_strided(numbers: &[f32], stride: usize, pairs: &mut [Line]) {
    for i in 0..pairs.len() {
        let numbers: &[f32; 2 * LANES_MAX] =
            numbers[i * stride..].first_chunk().expect("every line has its numbers");
        let (halves, _) = numbers.as_chunks::<LANES_MAX>();
        let both = [_mm512_cvtneps_pbh(load(&halves[0])), _mm512_cvtneps_pbh(load(&halves[1]))];
        // SAFETY: both types are 64 bytes of which every pattern of bits is a value.
        pairs[i] = unsafe { std::mem::transmute::<[__m256bh; 2], Line>(both) };
    }
}

#[target_feature(enable = "avx512f,avx512bf16")]
fn narrow_lines(numbers: &[f32], pairs: &mut [f32]) {
    let (lines, last) = numbers.as_chunks::<LANES_MAX>();
    let (halves, last_pairs) = pairs.as_chunks_mut::<{ LANES_MAX / 2 }>();
    for (line, half) in lines.iter().zip(halves) {
        // SAFETY: both types are 32 bytes of which every pattern of bits is a value.
        *half =
            unsafe { std::mem::transmute::<__m256bh, [f32; LANES_MAX / 2]>(_mm512_cvtneps_pbh(load(line))) };
    }
    if last.is_empty() {
        return;
    }
    let mut line = [0.0; LANES_MAX];
    line[..last.len()].copy_from_slice(last);
    // SAFETY: as above.
    let half =
        unsafe { std::mem::transmute::<__m256bh, [f32; LANES_MAX / 2]>(_mm512_cvtneps_pbh(load(&line))) };
    last_pairs.copy_from_slice(&half[..last_pairs.len()]);
}

/// The nearest numbers in 16 bits, ties to even.
///
/// # Panics
/// If the lengths differ.
#[inline]
#[target_feature(enable = "avx512f,avx512bf16")]
pub(crate) fn narrow_to(from: &[f32], to: &mut [bf16]) {
    assert!(from.len() == to.len(), "a number for each number");
    let ((lines, last), (lines_to, last_to)) = (from.as_chunks::<LANES_MAX>(), to.as_chunks_mut());
    for at in 0..lines_to.len() {
        lines_to[at] = narrow_line(&lines[at]);
    }
    if !last.is_empty() {
        let mut line = [0.0; LANES_MAX];
        line[..last.len()].copy_from_slice(last);
        last_to.copy_from_slice(&narrow_line(&line)[..last.len()]);
    }
}

/// The same for two lines.
#[inline]
#[target_feature(enable = "avx512f,avx512bf16")]
pub(crate) fn narrow_two_lines(lines: &[f32; 2 * LANES_MAX]) -> [bf16; 2 * LANES_MAX] {
    let (lines, _) = lines.as_chunks();
    let both = _mm512_cvtne2ps_pbh(load(&lines[1]), load(&lines[0]));
    // SAFETY: both types are 64 bytes of which every pattern of bits is a value.
    unsafe { std::mem::transmute::<__m512bh, [bf16; 2 * LANES_MAX]>(both) }
}

#[inline]
#[target_feature(enable = "avx512f,avx512bf16")]
fn narrow_line(line: &Line) -> [bf16; LANES_MAX] {
    // SAFETY: both types are 32 bytes of which every pattern of bits is a value.
    unsafe { std::mem::transmute::<__m256bh, [bf16; LANES_MAX]>(_mm512_cvtneps_pbh(load(line))) }
}

/// Numbers of two arrays as pairs, rounded to the nearest, ties to even.
///
/// # Panics
/// If the arrays' lengths differ, or the machine has no such instruction.
pub(crate) fn pair(first: &[f32], second: &[f32], pairs: &mut [f32]) {
    assert!(crate::pairs::has_dot(), "pairs are made by an instruction of their own");
    assert!(first.len() == second.len() && first.len() == pairs.len(), "a number of each array in a pair");
    // SAFETY: the instructions were looked for above.
    unsafe { pair_lines(first, second, pairs) }
}

#[inline]
#[target_feature(enable = "avx512f,avx512bw,avx512bf16")]
fn pair_lines(first: &[f32], second: &[f32], pairs: &mut [f32]) {
    let (first_lines, first_last) = first.as_chunks::<LANES_MAX>();
    let (second_lines, second_last) = second.as_chunks::<LANES_MAX>();
    let (lines, last) = pairs.as_chunks_mut::<LANES_MAX>();
    for at in 0..lines.len() {
        store(&mut lines[at], paired(load(&first_lines[at]), load(&second_lines[at])));
    }
    if last.is_empty() {
        return;
    }
    let mut whole = [[0.0; LANES_MAX]; 2];
    whole[0][..last.len()].copy_from_slice(first_last);
    whole[1][..last.len()].copy_from_slice(second_last);
    let mut line = [0.0; LANES_MAX];
    store(&mut line, paired(load(&whole[0]), load(&whole[1])));
    last.copy_from_slice(&line[..last.len()]);
}

/// Numbers of neighbouring pixels as pairs: those of the first with those of the second, of the third with those of the
/// fourth, and so on.
///
/// # Panics
/// If a pair of pixels ends after the numbers, or the machine has no such instruction.
pub(crate) fn pair_pixels(numbers: &[f32], channels: usize, range: Range<usize>, pairs: &mut [f32]) {
    assert!(crate::pairs::has_dot(), "pairs are made by an instruction of their own");
    // SAFETY: the instructions were looked for above.
    unsafe { pair_all_pixels(numbers, channels, range, pairs) }
}

#[target_feature(enable = "avx512f,avx512bw,avx512bf16")]
fn pair_all_pixels(numbers: &[f32], channels: usize, range: Range<usize>, pairs: &mut [f32]) {
    let two_pixels = numbers.chunks_exact(2 * channels);
    for (pixels, pairs) in two_pixels.zip(pairs.chunks_exact_mut(range.len())) {
        pair_lines(&pixels[range.clone()], &pixels[channels..][range.clone()], pairs);
    }
}

/// The first numbers in the lower halves, the second in the upper.
#[inline]
#[target_feature(enable = "avx512f,avx512bw,avx512bf16")]
fn paired(first: __m512, second: __m512) -> __m512 {
    // The rounded numbers of both, one vector after the other, and the order that makes pairs of them.
    let order = load(&IN_PAIRS);
    // SAFETY: all types are 64 bytes of which every pattern of bits is a value.
    unsafe {
        let rounded = std::mem::transmute::<__m512bh, __m512i>(_mm512_cvtne2ps_pbh(second, first));
        _mm512_castsi512_ps(_mm512_permutexvar_epi16(_mm512_castps_si512(order), rounded))
    }
}

/// Sixteen pairs of sixteen bits: a number, and that which is sixteen behind it.
const IN_PAIRS: Line = {
    let mut order = [0.0; LANES_MAX];
    let mut lane = 0;
    while lane < LANES_MAX {
        order[lane] = f32::from_bits((lane | (LANES_MAX + lane) << 16) as u32);
        lane += 1;
    }
    order
};

/// Sums in flight in [`multiply_add`]: enough to hide the time that one takes.
const SUMS: usize = 12;

/// So many products per sum that stay in registers. Gives the operations made, and a sum so that they are made.
///
/// # Panics
/// If the machine has no such instruction.
pub(crate) fn multiply_add(products: usize) -> (u64, f32) {
    assert!(crate::pairs::has_dot(), "pairs are multiplied by an instruction of their own");
    // SAFETY: the instructions were looked for above.
    let total = unsafe { sums_of(products) };
    ((4 * products * SUMS * LANES_MAX) as u64, std::hint::black_box(total))
}

#[target_feature(enable = "avx512f,avx512bf16")]
fn sums_of(products: usize) -> f32 {
    // Every pair is a zero and a tiny number: the sums change little.
    let factor = load(&[f32::from_bits(1 << 16); LANES_MAX]);
    let mut sums = [load(&[1.0; LANES_MAX]); SUMS];
    for _ in 0..products {
        for sum in &mut sums {
            *sum = dot(*sum, *sum, factor);
        }
    }
    let mut total = 0.0;
    for sum in sums {
        let mut line = [0.0; LANES_MAX];
        store(&mut line, sum);
        total += line.iter().sum::<f32>();
    }
    total
}
