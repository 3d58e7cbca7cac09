//! Slices of blocks, whatever their format.

use super::BlockFormat;
use super::q2_k::Q2_K;
use super::q3_k::Q3_K;
use super::q4_k::Q4_K;
use super::q5_k::Q5_K;
use super::q6_k::Q6_K;
use super::thirty_two::{Q4_0, Q4_1, Q5_0, Q5_1, Q8_0};
use crate::simd::dispatch;
use bytemuck::Pod;
use pulp::{Simd, WithSimd};

/// Bytes of a block, of a type that has no alignment, and the `LEN` numbers that it stands for.
pub(super) trait Block<const LEN: usize>: Pod {
    fn dequantise(&self, out: &mut [f32; LEN]);

    fn quantise(values: &[f32; LEN]) -> Self;
}

/// The numbers that blocks stand for.
///
/// Exact: every number is what the arithmetic of its [format](BlockFormat) gives in `f32`, rounded after each operation in the
/// order in which the formula is written.
///
/// ```
/// use autodidact_kernels::quantised::{BlockFormat, dequantise, quantise};
///
/// let values: Vec<f32> = (0..32).map(|i| i as f32 - 16.0).collect();
/// let mut blocks = [0; 34];
/// quantise(BlockFormat::Q8_0, &values, &mut blocks);
/// let mut back = [0.0; 32];
/// dequantise(BlockFormat::Q8_0, &blocks, &mut back);
/// assert!(values.iter().zip(&back).all(|(value, back)| (value - back).abs() < 0.1));
/// ```
///
/// # Panics
/// If the bytes are not the blocks of as many numbers as `out` has.
///
/// The layouts are those of the GGML library, as its Python package `gguf` 0.19.0 reads them.
pub fn dequantise(format: BlockFormat, blocks: &[u8], out: &mut [f32]) {
    check(format, out.len(), blocks.len());
    match format {
        BlockFormat::Q8_0 => from_blocks::<32, Q8_0>(blocks, out),
        BlockFormat::Q4_0 => from_blocks::<32, Q4_0>(blocks, out),
        BlockFormat::Q4_1 => from_blocks::<32, Q4_1>(blocks, out),
        BlockFormat::Q5_0 => from_blocks::<32, Q5_0>(blocks, out),
        BlockFormat::Q5_1 => from_blocks::<32, Q5_1>(blocks, out),
        BlockFormat::Q2_K => from_blocks::<256, Q2_K>(blocks, out),
        BlockFormat::Q3_K => from_blocks::<256, Q3_K>(blocks, out),
        BlockFormat::Q4_K => from_blocks::<256, Q4_K>(blocks, out),
        BlockFormat::Q5_K => from_blocks::<256, Q5_K>(blocks, out),
        BlockFormat::Q6_K => from_blocks::<256, Q6_K>(blocks, out),
    }
}

/// Blocks that stand for numbers close to `values`: to the byte those that llama.cpp makes without weights of importance.
///
/// In blocks of 32, `d` follows from the largest magnitude and `m` from the smallest number. In blocks of 256 a search tries
/// several scales for each part, solves least squares for each of them, and keeps the one of least error. The result is the
/// same on every machine.
///
/// Values must be finite and at most 65,504 in magnitude, which is what half precision holds; others make blocks without
/// meaning, but no panic.
///
/// # Panics
/// If the bytes are not the blocks of as many numbers as `values` has.
///
/// The methods are those of `ggml-quants` in GGML; there is no paper.
pub fn quantise(format: BlockFormat, values: &[f32], blocks: &mut [u8]) {
    check(format, values.len(), blocks.len());
    match format {
        BlockFormat::Q8_0 => to_blocks::<32, Q8_0>(values, blocks),
        BlockFormat::Q4_0 => to_blocks::<32, Q4_0>(values, blocks),
        BlockFormat::Q4_1 => to_blocks::<32, Q4_1>(values, blocks),
        BlockFormat::Q5_0 => to_blocks::<32, Q5_0>(values, blocks),
        BlockFormat::Q5_1 => to_blocks::<32, Q5_1>(values, blocks),
        BlockFormat::Q2_K => to_blocks::<256, Q2_K>(values, blocks),
        BlockFormat::Q3_K => to_blocks::<256, Q3_K>(values, blocks),
        BlockFormat::Q4_K => to_blocks::<256, Q4_K>(values, blocks),
        BlockFormat::Q5_K => to_blocks::<256, Q5_K>(values, blocks),
        BlockFormat::Q6_K => to_blocks::<256, Q6_K>(values, blocks),
    }
}

#[track_caller]
fn check(format: BlockFormat, values: usize, bytes: usize) {
    assert!(
        format.bytes(values) == Some(bytes),
        "{bytes} bytes are not the blocks of {values} numbers in {format}"
    );
}

fn from_blocks<const LEN: usize, B: Block<LEN>>(blocks: &[u8], out: &mut [f32]) {
    dispatch(FromBlocks::<LEN, B> { blocks: bytemuck::cast_slice(blocks), out });
}

fn to_blocks<const LEN: usize, B: Block<LEN>>(values: &[f32], blocks: &mut [u8]) {
    dispatch(ToBlocks::<LEN, B> { values, blocks: bytemuck::cast_slice_mut(blocks) });
}

struct FromBlocks<'a, const LEN: usize, B> {
    blocks: &'a [B],
    out: &'a mut [f32],
}

impl<const LEN: usize, B: Block<LEN>> WithSimd for FromBlocks<'_, LEN, B> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, _: S) {
        for (block, out) in self.blocks.iter().zip(self.out.as_chunks_mut().0) {
            block.dequantise(out);
        }
    }
}

struct ToBlocks<'a, const LEN: usize, B> {
    values: &'a [f32],
    blocks: &'a mut [B],
}

impl<const LEN: usize, B: Block<LEN>> WithSimd for ToBlocks<'_, LEN, B> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, _: S) {
        for (block, values) in self.blocks.iter_mut().zip(self.values.as_chunks().0) {
            *block = B::quantise(values);
        }
    }
}
