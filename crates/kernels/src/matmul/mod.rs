//! Dense matrix products with a fused epilogue: `c = activation(scale · a·b + bias + residual)`.
//!
//! Both operands may be transposed, strided or repeated over a batch; the output is contiguous. As in every fast product,
//! the operands are copied, block by block, into [panels](pack) in the order in which a [kernel](tile) reads them, and a
//! tile of sums stays in registers while a block of the depth is walked. Three plans share the work:
//!
//! - [`tall`]: `b` is packed once, and each task computes some rows of the output. Where there are few columns, rows of
//!   `a` are [read where they are](rows).
//! - [`wide`], for up to [`WIDE_ROWS`] rows: `a` is packed once, and each task computes some columns of the output. With
//!   very few rows, what of `b` lies in memory as it would lie in a panel is read where it is.
//! - [`few`], for up to four rows: nothing is packed, and the reading of `b` sets the speed.
//!
//! A [`PackedMatrix`] is a `b` that was packed beforehand, for many small products.
//!
//! In bfloat16, two neighbouring numbers of the depth are packed as one [pair](crate::pairs), which `tile_registers` or
//! `pair_tile` multiply where the processor can; elsewhere the operands are rounded and go through the kernel for `f32`.
//!
//! What is not here: outputs that are not contiguous, a depth shared between tasks (a small output of a very long depth is
//! computed by few threads), and gradients, which are products themselves.

mod block;
mod columns;
mod epilogue;
mod few;
mod pack;
mod packed;
#[cfg(target_arch = "x86_64")]
mod pair_tile;
mod part;
mod rows;
mod shape;
mod tall;
mod tile;
#[cfg(target_arch = "x86_64")]
mod tile_registers;
#[cfg(test)]
mod twins;
mod unit;
mod wide;

pub use epilogue::{Activation, Epilogue};
pub use packed::PackedMatrix;
pub use shape::MatMul;

use crate::precision::Precision;
use crate::scratch::with_scratch;
use block::Block;
use epilogue::Finish;
use rayon::prelude::*;
use unit::Unit;

/// Rows of the output in a panel of `a`, and in a tile.
const ROWS: usize = 12;
/// Columns of the output in a panel of `b`, and in a tile.
const COLUMNS: usize = 32;
/// Multiplications and additions that are worth a task.
const TASK_FLOPS: usize = 1 << 20;
/// Rows up to which the wide plan is chosen.
const WIDE_ROWS: usize = 96;

/// `c = activation(scale · a·b + bias + residual)`; see [`MatMul`] and [`Epilogue`].
///
/// Products are of `f32` or of operands rounded to bfloat16 (to the nearest, ties to even), sums are of `f32`. NaN and
/// infinity go through as in plain loops; the bfloat16 instruction of AVX-512 takes numbers below 2⁻¹²⁶ for zero. The
/// result does not depend on the number of threads.
///
/// ```
/// use autodidact_kernels::{Activation, Epilogue, MatMul, Precision, matmul};
///
/// // A dense layer: weights `[outputs, inputs]`, a bias, ReLU.
/// let (x, weight, bias) = ([1.0, 2.0, 3.0, 4.0], [1.0, 0.0, 0.0, -1.0], [0.5, 1.0]);
/// let shape = MatMul::new(1, [2, 2, 2]).transpose_b();
/// let mut out = [0.0; 4];
/// let epilogue = Epilogue { bias: Some(&bias), activation: Activation::Relu, ..Epilogue::default() };
/// matmul(&shape, Precision::F32, &x, &weight, &epilogue, &mut out);
/// assert_eq!(out, [1.5, 0.0, 3.5, 0.0]);
/// ```
///
/// # Panics
/// If `a` or `b` is shorter than the shape's last element, or the length of `c`, a bias or a residual differs from what
/// the shape says.
pub fn matmul(
    shape: &MatMul,
    precision: Precision,
    a: &[f32],
    b: &[f32],
    epilogue: &Epilogue<'_>,
    c: &mut [f32],
) {
    shape.check(a.len(), b.len(), c.len());
    epilogue.check(shape);
    let _span = shape.span(precision);
    multiply(shape, Unit::new(precision, shape.k), a, b, epilogue, c);
}

/// The product in a given unit, whatever the precision that asked for it.
fn multiply(shape: &MatMul, unit: Unit, a: &[f32], b: &[f32], epilogue: &Epilogue<'_>, c: &mut [f32]) {
    let shape = shape.merged();
    if c.is_empty() {
        return;
    }
    if shape.n == 1 && shape.m > 1 {
        // A column is a row of the transposed product; its one bias becomes one for each column.
        let shape = shape.turned();
        let biases = epilogue.bias.map_or(0, |_| shape.n);
        return with_scratch(biases, |row| {
            let bias = epilogue.bias.map(|bias| {
                row.fill(bias[0]);
                &*row
            });
            items(&shape, unit, b, a, &Epilogue { bias, ..*epilogue }, c);
        });
    }
    items(&shape, unit, a, b, epilogue, c);
}

/// All products of the batch, small ones some in a task.
fn items(shape: &MatMul, unit: Unit, a: &[f32], b: &[f32], epilogue: &Epilogue<'_>, c: &mut [f32]) {
    let len = shape.m * shape.n;
    let together = TASK_FLOPS.div_ceil(shape.item_flops().max(len)).min(shape.batch);
    c.par_chunks_mut(together * len).enumerate().for_each(|(task, c)| {
        for (at, c) in c.chunks_exact_mut(len).enumerate() {
            let item = task * together + at;
            let wide = shape.m <= WIDE_ROWS;
            let block = Block {
                size: [shape.m, shape.k, shape.n],
                unit,
                a: shape.a_panels(item, a),
                b: shape.b_panels(item, b),
                depth: if wide { wide::DEPTH } else { tall::DEPTH },
                finish: Finish::new(epilogue, item * len..(item + 1) * len),
            };
            if few::suits(&block) {
                few::multiply(&block, c);
            } else if wide {
                wide::multiply(&block, c);
            } else {
                tall::multiply(&block, c);
            }
        }
    });
}
