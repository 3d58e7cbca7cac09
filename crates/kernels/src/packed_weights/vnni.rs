//! The products with the dot product of bytes of AVX-512.

// Loads take pointers.
#![allow(unsafe_code)]

use super::SIDE_BY_SIDE;
use super::activations::TileBlock;
use super::layout::{HALVES, Layout, VECTOR};
use crate::instructions::Instructions;
use std::arch::x86_64::{
    __m128i, __m256i, __m512, __m512i, _mm_loadu_si128, _mm256_loadu_si256, _mm512_add_epi32,
    _mm512_and_si512, _mm512_cvtepi8_epi32, _mm512_cvtepi32_ps, _mm512_cvtepu8_epi32, _mm512_cvtph_ps,
    _mm512_dpbusd_epi32, _mm512_fmadd_ps, _mm512_loadu_si512, _mm512_mul_ps, _mm512_mullo_epi32,
    _mm512_or_si512, _mm512_set1_epi8, _mm512_set1_epi32, _mm512_set1_ps, _mm512_setzero_ps,
    _mm512_slli_epi16, _mm512_srli_epi16, _mm512_storeu_ps,
};
use std::sync::LazyLock;

/// Whether the machine has the instructions, and its user allows them.
pub(super) fn is_there() -> bool {
    static IS_THERE: LazyLock<bool> = LazyLock::new(|| {
        Instructions::used() >= Instructions::Avx512 && std::is_x86_feature_detected!("avx512vnni")
    });
    *IS_THERE
}

/// The products of a panel's rows with `M` rows of the other operand.
///
/// # Panics
/// If the instructions are not [there](is_there), the panel is none, or rows are not those of as many columns.
pub(super) fn sums<const M: usize>(
    layout: Layout,
    panel: &[u8],
    tile: &[TileBlock<M>],
) -> [[f32; SIDE_BY_SIDE]; M] {
    assert!(is_there(), "the dot product of bytes is an instruction of its own");
    assert_eq!(panel.len() * layout.blocks(), tile.len() * layout.group(), "a block for each of the panel's");
    // SAFETY: the instructions were looked for above.
    unsafe {
        match layout {
            Layout::Q8_0 => q8_0(panel, tile),
            Layout::Q4_0 => q4_0(panel, tile),
            Layout::Q4_K => q4_k(panel, tile),
            Layout::Q6_K => q6_k(panel, tile),
        }
    }
}

/// A vector of a slice, at some byte.
///
/// # Safety
/// The slice has 64 bytes from there on.
#[inline]
#[target_feature(enable = "avx512f")]
unsafe fn vector(bytes: &[u8], at: usize) -> __m512i {
    debug_assert!(at + VECTOR <= bytes.len());
    // SAFETY: as the caller says.
    unsafe { _mm512_loadu_si512(bytes.as_ptr().add(at).cast::<__m512i>()) }
}

/// Sixteen numbers of half precision.
///
/// # Safety
/// The slice has 32 bytes from there on.
#[inline]
#[target_feature(enable = "avx512f")]
unsafe fn halves(bytes: &[u8], at: usize) -> __m512 {
    debug_assert!(at + HALVES <= bytes.len());
    // SAFETY: as the caller says.
    _mm512_cvtph_ps(unsafe { _mm256_loadu_si256(bytes.as_ptr().add(at).cast::<__m256i>()) })
}

/// Sixteen bytes.
///
/// # Safety
/// The slice has 16 bytes from there on.
#[inline]
#[target_feature(enable = "avx512f")]
unsafe fn bytes_at(bytes: &[u8], at: usize) -> __m128i {
    debug_assert!(at + SIDE_BY_SIDE <= bytes.len());
    // SAFETY: as the caller says.
    unsafe { _mm_loadu_si128(bytes.as_ptr().add(at).cast::<__m128i>()) }
}

#[inline]
#[target_feature(enable = "avx512f")]
fn stored<const M: usize>(sums: [__m512; M]) -> [[f32; SIDE_BY_SIDE]; M] {
    let mut out = [[0.0; SIDE_BY_SIDE]; M];
    for i in 0..M {
        // SAFETY: sixteen numbers have room there.
        unsafe { _mm512_storeu_ps(out[i].as_mut_ptr(), sums[i]) };
    }
    out
}

/// The low and the high nibbles.
#[inline]
#[target_feature(enable = "avx512f,avx512bw")]
fn nibbles(bytes: __m512i) -> [__m512i; 2] {
    let mask = _mm512_set1_epi8(15);
    [_mm512_and_si512(bytes, mask), _mm512_and_si512(_mm512_srli_epi16::<4>(bytes), mask)]
}

#[target_feature(enable = "avx512f,avx512bw,avx512vnni")]
fn q8_0<const M: usize>(panel: &[u8], tile: &[TileBlock<M>]) -> [[f32; SIDE_BY_SIDE]; M] {
    let mut sums = [_mm512_setzero_ps(); M];
    for (group, x) in panel.chunks_exact(Layout::Q8_0.group()).zip(tile) {
        let mut products: [__m512i; M] =
            std::array::from_fn(|i| _mm512_set1_epi32(-128 * (x.sums[0][i] + x.sums[1][i])));
        for word in 0..8 {
            // SAFETY: a group has eight vectors behind its scales.
            let codes = unsafe { vector(group, HALVES + word * VECTOR) };
            for i in 0..M {
                products[i] = _mm512_dpbusd_epi32(products[i], codes, _mm512_set1_epi32(x.words[word][i]));
            }
        }
        // SAFETY: a group begins with scales.
        let scales = unsafe { halves(group, 0) };
        for i in 0..M {
            let scales = _mm512_mul_ps(scales, _mm512_set1_ps(x.scales[i]));
            sums[i] = _mm512_fmadd_ps(_mm512_cvtepi32_ps(products[i]), scales, sums[i]);
        }
    }
    stored(sums)
}

/// The sums of products of a block's nibbles, from those of `start`.
///
/// # Safety
/// There are four vectors from `from` on.
#[inline]
#[target_feature(enable = "avx512f,avx512bw,avx512vnni")]
unsafe fn four_bits<const M: usize>(
    codes: &[u8],
    from: usize,
    x: &TileBlock<M>,
    start: [__m512i; M],
) -> [__m512i; M] {
    let mut products = start;
    for word in 0..4 {
        // SAFETY: as the caller says.
        let [low, high] = nibbles(unsafe { vector(codes, from + word * VECTOR) });
        for i in 0..M {
            products[i] = _mm512_dpbusd_epi32(products[i], low, _mm512_set1_epi32(x.words[word][i]));
            products[i] = _mm512_dpbusd_epi32(products[i], high, _mm512_set1_epi32(x.words[word + 4][i]));
        }
    }
    products
}

#[target_feature(enable = "avx512f,avx512bw,avx512vnni")]
fn q4_0<const M: usize>(panel: &[u8], tile: &[TileBlock<M>]) -> [[f32; SIDE_BY_SIDE]; M] {
    let mut sums = [_mm512_setzero_ps(); M];
    for (group, x) in panel.chunks_exact(Layout::Q4_0.group()).zip(tile) {
        let start = std::array::from_fn(|i| _mm512_set1_epi32(-8 * (x.sums[0][i] + x.sums[1][i])));
        // SAFETY: a group has four vectors behind its scales.
        let (products, scales) = unsafe { (four_bits(group, HALVES, x, start), halves(group, 0)) };
        for i in 0..M {
            let scales = _mm512_mul_ps(scales, _mm512_set1_ps(x.scales[i]));
            sums[i] = _mm512_fmadd_ps(_mm512_cvtepi32_ps(products[i]), scales, sums[i]);
        }
    }
    stored(sums)
}

#[target_feature(enable = "avx512f,avx512bw,avx512vnni")]
fn q4_k<const M: usize>(panel: &[u8], tile: &[TileBlock<M>]) -> [[f32; SIDE_BY_SIDE]; M] {
    let layout = Layout::Q4_K;
    let mut sums = [_mm512_setzero_ps(); M];
    for (group, x) in panel.chunks_exact(layout.group()).zip(tile.chunks_exact(layout.blocks())) {
        // SAFETY: a group begins with scales and minima.
        let (d, m) = unsafe { (halves(group, 0), halves(group, HALVES)) };
        for (block, x) in group[layout.head()..].chunks_exact(layout.block()).zip(x) {
            let start = [_mm512_set1_epi32(0); M];
            // SAFETY: a block begins with small scales and minima, and has four vectors behind them.
            let (scales, mins, products) = unsafe {
                let scales = _mm512_cvtepu8_epi32(bytes_at(block, 0));
                let mins = _mm512_cvtepu8_epi32(bytes_at(block, SIDE_BY_SIDE));
                (scales, mins, four_bits(block, layout.block_head(), x, start))
            };
            for i in 0..M {
                let scale = _mm512_set1_ps(x.scales[i]);
                let products = _mm512_cvtepi32_ps(_mm512_mullo_epi32(products[i], scales));
                sums[i] = _mm512_fmadd_ps(products, _mm512_mul_ps(d, scale), sums[i]);
                let mins = _mm512_mullo_epi32(mins, _mm512_set1_epi32(-(x.sums[0][i] + x.sums[1][i])));
                sums[i] = _mm512_fmadd_ps(_mm512_cvtepi32_ps(mins), _mm512_mul_ps(m, scale), sums[i]);
            }
        }
    }
    stored(sums)
}

#[target_feature(enable = "avx512f,avx512bw,avx512vnni")]
fn q6_k<const M: usize>(panel: &[u8], tile: &[TileBlock<M>]) -> [[f32; SIDE_BY_SIDE]; M] {
    let layout = Layout::Q6_K;
    let codes_at = layout.block_head();
    let pairs_at = codes_at + 4 * VECTOR;
    let pair = _mm512_set1_epi8(0x30);
    let mut sums = [_mm512_setzero_ps(); M];
    for (group, x) in panel.chunks_exact(layout.group()).zip(tile.chunks_exact(layout.blocks())) {
        // SAFETY: a group begins with scales.
        let d = unsafe { halves(group, 0) };
        for (block, x) in group[layout.head()..].chunks_exact(layout.block()).zip(x) {
            let mut low_products: [__m512i; M] =
                std::array::from_fn(|i| _mm512_set1_epi32(-32 * x.sums[0][i]));
            let mut high_products: [__m512i; M] =
                std::array::from_fn(|i| _mm512_set1_epi32(-32 * x.sums[1][i]));
            for word in 0..4 {
                // SAFETY: a block has six vectors behind its small scales.
                let (codes, pairs) = unsafe {
                    (vector(block, codes_at + word * VECTOR), vector(block, pairs_at + word / 2 * VECTOR))
                };
                // The pairs of the low codes to bits 4 and 5, and those of the high ones.
                let [of_low, of_high] = if word % 2 == 0 {
                    [_mm512_slli_epi16::<4>(pairs), _mm512_slli_epi16::<2>(pairs)]
                } else {
                    [pairs, _mm512_srli_epi16::<2>(pairs)]
                };
                let [low, high] = nibbles(codes);
                let low = _mm512_or_si512(low, _mm512_and_si512(of_low, pair));
                let high = _mm512_or_si512(high, _mm512_and_si512(of_high, pair));
                for i in 0..M {
                    low_products[i] =
                        _mm512_dpbusd_epi32(low_products[i], low, _mm512_set1_epi32(x.words[word][i]));
                    high_products[i] =
                        _mm512_dpbusd_epi32(high_products[i], high, _mm512_set1_epi32(x.words[word + 4][i]));
                }
            }
            // SAFETY: a block begins with small scales of both halves.
            let (first, second) = unsafe {
                let of = |at| _mm512_cvtepi8_epi32(bytes_at(block, at));
                (of(0), of(SIDE_BY_SIDE))
            };
            for i in 0..M {
                let both = _mm512_add_epi32(
                    _mm512_mullo_epi32(low_products[i], first),
                    _mm512_mullo_epi32(high_products[i], second),
                );
                let scales = _mm512_mul_ps(d, _mm512_set1_ps(x.scales[i]));
                sums[i] = _mm512_fmadd_ps(_mm512_cvtepi32_ps(both), scales, sums[i]);
            }
        }
    }
    stored(sums)
}
