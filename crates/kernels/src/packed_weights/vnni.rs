//! The products with the dot product of bytes of AVX-512.

// Loads take pointers.
#![allow(unsafe_code)]

use super::SIDE_BY_SIDE;
use super::activations::TileBlock;
use super::layout::{HALVES, Layout, VECTOR};
use crate::instructions::Instructions;
use std::arch::x86_64::{
    __m128i, __m512, __m512i, _mm_loadu_epi8, _mm256_loadu_epi8, _mm512_add_epi32, _mm512_and_si512,
    _mm512_cvtepi8_epi32, _mm512_cvtepi32_ps, _mm512_cvtepu8_epi32, _mm512_cvtph_ps, _mm512_dpbusd_epi32,
    _mm512_fmadd_ps, _mm512_loadu_epi8, _mm512_mul_ps, _mm512_mullo_epi32, _mm512_or_si512, _mm512_set1_epi8,
    _mm512_set1_epi32, _mm512_set1_ps, _mm512_setzero_ps, _mm512_slli_epi16, _mm512_srli_epi16,
    _mm512_storeu_ps,
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

/// A vector of some bytes, at one of them.
#[inline]
#[target_feature(enable = "avx512f,avx512bw")]
fn vector(bytes: &[u8], at: usize) -> __m512i {
    let bytes: &[u8; VECTOR] = bytes[at..].first_chunk().expect("a vector");
    // SAFETY: these are 64 bytes, and the instruction asks for no alignment.
    unsafe { _mm512_loadu_epi8(bytes.as_ptr().cast()) }
}

/// Sixteen numbers of half precision.
#[inline]
#[target_feature(enable = "avx512f,avx512bw,avx512vl")]
fn halves(bytes: &[u8], at: usize) -> __m512 {
    let bytes: &[u8; HALVES] = bytes[at..].first_chunk().expect("a number for each row");
    // SAFETY: these are 32 bytes, and the instruction asks for no alignment.
    _mm512_cvtph_ps(unsafe { _mm256_loadu_epi8(bytes.as_ptr().cast()) })
}

/// Sixteen bytes.
#[inline]
#[target_feature(enable = "avx512f,avx512bw,avx512vl")]
fn bytes_at(bytes: &[u8], at: usize) -> __m128i {
    let bytes: &[u8; SIDE_BY_SIDE] = bytes[at..].first_chunk().expect("a byte for each row");
    // SAFETY: these are 16 bytes, and the instruction asks for no alignment.
    unsafe { _mm_loadu_epi8(bytes.as_ptr().cast()) }
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

/// Sums that take a level away from each code. Loops and no closures: these would not be compiled for the instructions.
#[inline]
#[target_feature(enable = "avx512f")]
fn start<const M: usize>(x: &TileBlock<M>, level: i32) -> [__m512i; M] {
    let mut sums = [_mm512_set1_epi32(0); M];
    for i in 0..M {
        sums[i] = _mm512_set1_epi32(-level * (x.sums[0][i] + x.sums[1][i]));
    }
    sums
}

/// The low and the high nibbles.
#[inline]
#[target_feature(enable = "avx512f,avx512bw")]
fn nibbles(bytes: __m512i) -> [__m512i; 2] {
    let mask = _mm512_set1_epi8(15);
    [_mm512_and_si512(bytes, mask), _mm512_and_si512(_mm512_srli_epi16::<4>(bytes), mask)]
}

#[target_feature(enable = "avx512f,avx512bw,avx512vl,avx512vnni")]
fn q8_0<const M: usize>(panel: &[u8], tile: &[TileBlock<M>]) -> [[f32; SIDE_BY_SIDE]; M] {
    let mut sums = [_mm512_setzero_ps(); M];
    for (group, x) in panel.as_chunks::<{ Layout::Q8_0.group() }>().0.iter().zip(tile) {
        let mut products = start(x, 128);
        for word in 0..8 {
            let codes = vector(group, HALVES + word * VECTOR);
            for i in 0..M {
                products[i] = _mm512_dpbusd_epi32(products[i], codes, _mm512_set1_epi32(x.words[word][i]));
            }
        }
        let scales = halves(group, 0);
        for i in 0..M {
            let scales = _mm512_mul_ps(scales, _mm512_set1_ps(x.scales[i]));
            sums[i] = _mm512_fmadd_ps(_mm512_cvtepi32_ps(products[i]), scales, sums[i]);
        }
    }
    stored(sums)
}

/// The sums of products of a block's nibbles, from those of `start`.
#[inline]
#[target_feature(enable = "avx512f,avx512bw,avx512vl,avx512vnni")]
fn four_bits<const M: usize>(
    codes: &[u8],
    from: usize,
    x: &TileBlock<M>,
    start: [__m512i; M],
) -> [__m512i; M] {
    let mut products = start;
    for word in 0..4 {
        let [low, high] = nibbles(vector(codes, from + word * VECTOR));
        for i in 0..M {
            products[i] = _mm512_dpbusd_epi32(products[i], low, _mm512_set1_epi32(x.words[word][i]));
            products[i] = _mm512_dpbusd_epi32(products[i], high, _mm512_set1_epi32(x.words[word + 4][i]));
        }
    }
    products
}

#[target_feature(enable = "avx512f,avx512bw,avx512vl,avx512vnni")]
fn q4_0<const M: usize>(panel: &[u8], tile: &[TileBlock<M>]) -> [[f32; SIDE_BY_SIDE]; M] {
    let mut sums = [_mm512_setzero_ps(); M];
    for (group, x) in panel.as_chunks::<{ Layout::Q4_0.group() }>().0.iter().zip(tile) {
        let start = start(x, 8);
        let (products, scales) = (four_bits(group, HALVES, x, start), halves(group, 0));
        for i in 0..M {
            let scales = _mm512_mul_ps(scales, _mm512_set1_ps(x.scales[i]));
            sums[i] = _mm512_fmadd_ps(_mm512_cvtepi32_ps(products[i]), scales, sums[i]);
        }
    }
    stored(sums)
}

#[target_feature(enable = "avx512f,avx512bw,avx512vl,avx512vnni")]
fn q4_k<const M: usize>(panel: &[u8], tile: &[TileBlock<M>]) -> [[f32; SIDE_BY_SIDE]; M] {
    let layout = Layout::Q4_K;
    let mut sums = [_mm512_setzero_ps(); M];
    for (group, x) in panel.as_chunks::<{ Layout::Q4_K.group() }>().0.iter().zip(tile.as_chunks::<8>().0) {
        let (d, m) = (halves(group, 0), halves(group, HALVES));
        for (block, x) in group[layout.head()..].as_chunks::<{ Layout::Q4_K.block() }>().0.iter().zip(x) {
            let start = [_mm512_set1_epi32(0); M];
            let scales = _mm512_cvtepu8_epi32(bytes_at(block, 0));
            let mins = _mm512_cvtepu8_epi32(bytes_at(block, SIDE_BY_SIDE));
            let products = four_bits(block, layout.block_head(), x, start);
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

#[target_feature(enable = "avx512f,avx512bw,avx512vl,avx512vnni")]
fn q6_k<const M: usize>(panel: &[u8], tile: &[TileBlock<M>]) -> [[f32; SIDE_BY_SIDE]; M] {
    let layout = Layout::Q6_K;
    let codes_at = layout.block_head();
    let pairs_at = codes_at + 4 * VECTOR;
    let pair = _mm512_set1_epi8(0x30);
    let mut sums = [_mm512_setzero_ps(); M];
    for (group, x) in panel.as_chunks::<{ Layout::Q6_K.group() }>().0.iter().zip(tile.as_chunks::<8>().0) {
        let d = halves(group, 0);
        for (block, x) in group[layout.head()..].as_chunks::<{ Layout::Q6_K.block() }>().0.iter().zip(x) {
            let [mut low_products, mut high_products] = [[_mm512_set1_epi32(0); M]; 2];
            for i in 0..M {
                low_products[i] = _mm512_set1_epi32(-32 * x.sums[0][i]);
                high_products[i] = _mm512_set1_epi32(-32 * x.sums[1][i]);
            }
            for word in 0..4 {
                let (codes, pairs) =
                    (vector(block, codes_at + word * VECTOR), vector(block, pairs_at + word / 2 * VECTOR));
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
            let first = _mm512_cvtepi8_epi32(bytes_at(block, 0));
            let second = _mm512_cvtepi8_epi32(bytes_at(block, SIDE_BY_SIDE));
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
