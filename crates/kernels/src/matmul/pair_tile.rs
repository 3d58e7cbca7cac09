//! The kernel for pairs of bfloat16, by the dot product instruction of AVX-512.

// Functions for instructions that a machine may lack are safe to call only from their like.
#![allow(unsafe_code)]

use super::part::{Part, Tile};
use super::{COLUMNS, ROWS};
use crate::dot::{dot, load, store};
use crate::simd::LANES_MAX;
use std::arch::x86_64::{_mm512_set1_ps, _mm512_setzero_ps};

/// Computes a part of pairs.
///
/// # Panics
/// If the machine has no such instruction.
pub(super) fn multiply(mut part: Part<'_>) {
    assert!(crate::pairs::has_dot(), "pairs are multiplied by an instruction of their own");
    let mut tile = [[0.0; COLUMNS]; ROWS];
    for row in (0..part.rows).step_by(ROWS) {
        for column in (0..part.columns).step_by(COLUMNS) {
            let (a, height) = part.rows_from(row);
            let (b, _) = part.columns_from(column);
            // SAFETY: the instructions were looked for above.
            unsafe {
                match height {
                    4 => sums::<4>(part.depth, a, b, part.b_line, &mut tile),
                    8 => sums::<8>(part.depth, a, b, part.b_line, &mut tile),
                    _ => sums::<ROWS>(part.depth, a, b, part.b_line, &mut tile),
                }
            }
            part.store_best(row, column, &tile);
        }
    }
}

/// The sums of `P` rows.
#[target_feature(enable = "avx512f,avx512bf16")]
fn sums<const P: usize>(depth: usize, a: &[f32], b: &[f32], b_line: usize, tile: &mut Tile) {
    let mut sums = [[_mm512_setzero_ps(); 2]; P];
    let (a, _) = a.as_chunks::<P>();
    for k in 0..depth {
        let line: &[f32; COLUMNS] = b[k * b_line..].first_chunk().expect("a panel is as deep as its block");
        let (halves, _) = line.as_chunks::<LANES_MAX>();
        let b = [load(&halves[0]), load(&halves[1])];
        let a = &a[k];
        for p in 0..P {
            let factor = _mm512_set1_ps(a[p]);
            sums[p][0] = dot(sums[p][0], factor, b[0]);
            sums[p][1] = dot(sums[p][1], factor, b[1]);
        }
    }
    for p in 0..P {
        let (halves, _) = tile[p].as_chunks_mut::<LANES_MAX>();
        store(&mut halves[0], sums[p][0]);
        store(&mut halves[1], sums[p][1]);
    }
}
