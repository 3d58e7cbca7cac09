//! Plain loops, in the order of the vector kernels.

use super::SIDE_BY_SIDE;
use super::activations::TileBlock;
use super::layout::{HALVES, Layout, VECTOR};
use half::f16;

type Lanes<T> = [T; SIDE_BY_SIDE];

/// The products of a panel's rows with `M` rows of the other operand.
pub(super) fn sums<const M: usize>(layout: Layout, panel: &[u8], tile: &[TileBlock<M>]) -> [Lanes<f32>; M] {
    let mut sums = [[0.0; SIDE_BY_SIDE]; M];
    let groups = panel.chunks_exact(layout.group());
    for (group, x) in groups.zip(tile.chunks_exact(layout.blocks())) {
        let (head, blocks) = group.split_at(layout.head());
        for (block, x) in blocks.chunks_exact(layout.block()).zip(x) {
            for (i, sums) in sums.iter_mut().enumerate() {
                add(layout, head, block, x, i, sums);
            }
        }
    }
    sums
}

/// Adds the products of one block.
fn add<const M: usize>(
    layout: Layout,
    head: &[u8],
    block: &[u8],
    x: &TileBlock<M>,
    at: usize,
    sums: &mut Lanes<f32>,
) {
    let scale = x.scales[at];
    let [first, second] = x.sums.map(|sums| sums[at]);
    let (small, codes) = block.split_at(layout.block_head());
    for (lane, sum) in sums.iter_mut().enumerate() {
        let half = |from: &[u8]| f16::from_le_bytes([from[2 * lane], from[2 * lane + 1]]).to_f32();
        let d = half(head) * scale;
        match layout {
            Layout::Q8_0 => {
                let product = products(x, at, lane, codes, 0..8, |byte, _| byte);
                *sum = ((product - 128 * (first + second)) as f32).mul_add(d, *sum);
            }
            Layout::Q4_0 => {
                let product =
                    halves(x, at, lane, codes, |byte, _, high| if high { byte >> 4 } else { byte & 15 });
                *sum = ((product[0] + product[1] - 8 * (first + second)) as f32).mul_add(d, *sum);
            }
            Layout::Q4_K => {
                let product =
                    halves(x, at, lane, codes, |byte, _, high| if high { byte >> 4 } else { byte & 15 });
                let m = half(&head[HALVES..]) * scale;
                let [s, t] = [small[lane], small[SIDE_BY_SIDE + lane]].map(i32::from);
                *sum = (((product[0] + product[1]) * s) as f32).mul_add(d, *sum);
                *sum = (-((first + second) * t) as f32).mul_add(m, *sum);
            }
            Layout::Q6_K => {
                let pairs = &codes[4 * VECTOR..];
                let product = halves(x, at, lane, codes, |byte, place, high| {
                    let vector = place / VECTOR;
                    let pairs = pairs[vector / 2 * VECTOR + place % VECTOR] >> (vector % 2 * 4);
                    if high { byte >> 4 | (pairs >> 2 & 3) << 4 } else { byte & 15 | (pairs & 3) << 4 }
                });
                let [s, t] = [small[lane] as i8, small[SIDE_BY_SIDE + lane] as i8].map(i32::from);
                let both = (product[0] - 32 * first) * s + (product[1] - 32 * second) * t;
                *sum = (both as f32).mul_add(d, *sum);
            }
        }
    }
}

/// The sum of products of codes and words, vector by vector.
fn products<const M: usize>(
    x: &TileBlock<M>,
    at: usize,
    lane: usize,
    codes: &[u8],
    words: std::ops::Range<usize>,
    code: impl Fn(u8, usize) -> u8,
) -> i32 {
    words
        .enumerate()
        .map(|(vector, word)| {
            let place = vector * VECTOR + 4 * lane;
            let numbers = x.words[word][at].to_le_bytes();
            (0..4)
                .map(|byte| {
                    i32::from(code(codes[place + byte], place + byte)) * i32::from(numbers[byte] as i8)
                })
                .sum::<i32>()
        })
        .sum()
}

/// The same of both halves of a block, whose codes are in the low and in the high nibbles.
fn halves<const M: usize>(
    x: &TileBlock<M>,
    at: usize,
    lane: usize,
    codes: &[u8],
    code: impl Fn(u8, usize, bool) -> u8,
) -> [i32; 2] {
    [false, true].map(|high| {
        let words = if high { 4..8 } else { 0..4 };
        products(x, at, lane, codes, words, |byte, place| code(byte, place, high))
    })
}
