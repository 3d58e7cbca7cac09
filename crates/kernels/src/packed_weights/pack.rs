//! Blocks of a file into panels.

use super::layout::{HALVES, Layout, VECTOR};
use super::{BLOCK, SIDE_BY_SIDE};
use rayon::prelude::*;

/// Packs all rows. The last panel is filled up with rows of zeros.
pub(super) fn pack(layout: Layout, rows: usize, columns: usize, bytes: &[u8]) -> Vec<u8> {
    let groups = columns / (BLOCK * layout.blocks());
    let panel = groups * layout.group();
    let row_bytes = bytes.len() / rows.max(1);
    let mut packed = vec![0; rows.div_ceil(SIDE_BY_SIDE) * panel];
    packed.par_chunks_mut(panel.max(1)).zip(bytes.par_chunks((SIDE_BY_SIDE * row_bytes).max(1))).for_each(
        |(panel, rows)| {
            for (lane, row) in rows.chunks_exact(row_bytes).enumerate() {
                let blocks = row.chunks_exact(layout.format().block_bytes());
                for (block, group) in blocks.zip(panel.chunks_exact_mut(layout.group())) {
                    match layout {
                        Layout::Q8_0 => q8_0(lane, block, group),
                        Layout::Q4_0 => q4_0(lane, block, group),
                        Layout::Q4_K => q4_k(lane, block, group),
                        Layout::Q6_K => q6_k(lane, block, group),
                    }
                }
            }
        },
    );
    packed
}

/// A half-precision number of a row.
fn half(lane: usize, from: &[u8], to: &mut [u8]) {
    to[2 * lane..2 * lane + 2].copy_from_slice(&from[..2]);
}

/// Where four bytes of a row begin in a vector.
fn place(lane: usize, vector: usize) -> usize {
    vector * VECTOR + 4 * lane
}

fn q8_0(lane: usize, block: &[u8], group: &mut [u8]) {
    let (scale, codes) = block.split_at(2);
    half(lane, scale, group);
    for (vector, codes) in codes.as_chunks::<4>().0.iter().enumerate() {
        // Adding 128 turns the highest bit.
        let at = HALVES + place(lane, vector);
        group[at..at + 4].copy_from_slice(&codes.map(|code| code ^ 0x80));
    }
}

fn q4_0(lane: usize, block: &[u8], group: &mut [u8]) {
    let (scale, codes) = block.split_at(2);
    half(lane, scale, group);
    // The nibbles of a byte are sixteen columns apart already.
    for (vector, codes) in codes.as_chunks::<4>().0.iter().enumerate() {
        let at = HALVES + place(lane, vector);
        group[at..at + 4].copy_from_slice(codes);
    }
}

fn q4_k(lane: usize, block: &[u8], group: &mut [u8]) {
    let (d, rest) = block.split_at(2);
    let (m, rest) = rest.split_at(2);
    let (small, codes) = rest.split_at(12);
    half(lane, d, group);
    half(lane, m, &mut group[HALVES..]);
    let layout = Layout::Q4_K;
    for (part, to) in group[layout.head()..].chunks_exact_mut(layout.block()).enumerate() {
        let [scale, min] = if part < 4 {
            [small[part] & 63, small[part + 4] & 63]
        } else {
            [small[part + 4] & 15 | small[part - 4] >> 6 << 4, small[part + 4] >> 4 | small[part] >> 6 << 4]
        };
        to[lane] = scale;
        to[SIDE_BY_SIDE + lane] = min;
        let shift = part % 2 * 4;
        let code = |column: usize| codes[part / 2 * BLOCK + column] >> shift & 15;
        nibbles(lane, code, &mut to[layout.block_head()..]);
    }
}

fn q6_k(lane: usize, block: &[u8], group: &mut [u8]) {
    let (low, rest) = block.split_at(128);
    let (high, rest) = rest.split_at(64);
    let (scales, d) = rest.split_at(16);
    half(lane, d, group);
    let layout = Layout::Q6_K;
    for (part, to) in group[layout.head()..].chunks_exact_mut(layout.block()).enumerate() {
        to[lane] = scales[2 * part];
        to[SIDE_BY_SIDE + lane] = scales[2 * part + 1];
        let code = |column: usize| {
            let index = part * BLOCK + column;
            let (half, quarter) = (index / 128, index % 128 / 32);
            let low = low[half * 64 + index % 64] >> (quarter / 2 * 4) & 15;
            let high = high[half * 32 + index % 32] >> (quarter * 2) & 3;
            (low, high)
        };
        let to = &mut to[layout.block_head()..];
        nibbles(lane, |column| code(column).0, to);
        for vector in 0..4 {
            for byte in 0..4 {
                let column = 4 * vector + byte;
                let pairs = code(column).1 | code(column + BLOCK / 2).1 << 2;
                to[4 * VECTOR + place(lane, vector / 2) + byte] |= pairs << (vector % 2 * 4);
            }
        }
    }
}

/// The codes of a block's columns, two in a byte.
fn nibbles(lane: usize, code: impl Fn(usize) -> u8, to: &mut [u8]) {
    for vector in 0..4 {
        for byte in 0..4 {
            let column = 4 * vector + byte;
            to[place(lane, vector) + byte] = code(column) | code(column + BLOCK / 2) << 4;
        }
    }
}
