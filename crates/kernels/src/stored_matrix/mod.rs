//! Products with weights as files store them: of 32 or 16 bits, or in [blocks](crate::quantised) of fewer.
//!
//! Rows of the matrix are turned into `f32` piece by piece, in memory that stays in a cache. For a few rows of the other
//! operand, as when a text is written token by token, reading the matrix sets the speed: each row of it is multiplied as
//! soon as it is read. For more rows, [panels](panels) of it go through the [product](crate::matmul()) of dense matrices.
//!
//! What is not here: gradients, and copies in other layouts.

mod few;
mod format;
mod panels;

pub use format::Format;

use crate::check::check_len;
use crate::precision::Precision;
use crate::profile::{self, Work};
use rayon::prelude::*;
use std::ops::Range;

/// Rows of the other operand up to which the matrix is read row by row.
const FEW: usize = 4;

/// A matrix `[rows, columns]` in the bytes of a file, little endian and row by row.
#[derive(Clone, Copy, Debug)]
pub struct StoredMatrix<'a> {
    format: Format,
    rows: usize,
    columns: usize,
    bytes: &'a [u8],
}

impl<'a> StoredMatrix<'a> {
    /// A matrix of `[rows, columns]`, or `None` if the bytes are not those of such a matrix.
    pub fn new(format: Format, [rows, columns]: [usize; 2], bytes: &'a [u8]) -> Option<Self> {
        let expected = format.bytes(columns)?.checked_mul(rows)?;
        (bytes.len() == expected).then_some(Self { format, rows, columns, bytes })
    }

    /// What the numbers are stored as.
    pub fn format(&self) -> Format {
        self.format
    }

    /// The bytes of all rows.
    pub fn bytes(&self) -> &'a [u8] {
        self.bytes
    }

    /// Rows, which are the outputs of a layer.
    pub fn rows(&self) -> usize {
        self.rows
    }

    /// Columns, which are the inputs of a layer.
    pub fn columns(&self) -> usize {
        self.columns
    }

    /// A row as `f32`, exactly.
    ///
    /// # Panics
    /// If there is no such row, or `out` is not as long as one.
    pub fn row(&self, row: usize, out: &mut [f32]) {
        check_len("out", out.len(), &[self.columns]);
        assert!(row < self.rows, "row {row} of {}", self.rows);
        self.format.read(self.bytes_of(row..row + 1), out);
    }

    /// Bytes of some rows.
    ///
    /// # Panics
    /// If there are no such rows.
    pub fn bytes_of(&self, rows: Range<usize>) -> &'a [u8] {
        let len = self.row_bytes();
        &self.bytes[rows.start * len..rows.end * len]
    }

    /// Bytes of a row.
    pub fn row_bytes(&self) -> usize {
        self.bytes.len() / self.rows.max(1)
    }

    /// All numbers, row by row.
    pub fn to_f32(&self) -> Vec<f32> {
        let mut out = vec![0.0; self.rows * self.columns];
        if !out.is_empty() {
            out.par_chunks_mut(self.columns)
                .zip(self.bytes.par_chunks(self.row_bytes()))
                .for_each(|(out, bytes)| self.format.read(bytes, out));
        }
        out
    }

    /// `out = x · Wᵀ` for `x` of `[m, columns]` and `out` of `[m, rows]`.
    ///
    /// Weights are read exactly. With [`Precision::Bf16`], weights and `x` are rounded to bfloat16 where there are more than a few
    /// rows. Sums are of `f32`, and the result does not depend on the number of threads.
    ///
    /// ```
    /// use autodidact_kernels::{Precision, Format, StoredMatrix};
    ///
    /// // Two rows of bfloat16.
    /// let bytes = [0x80, 0x3f, 0x00, 0x40, 0x40, 0x40, 0x80, 0x40];
    /// let matrix = StoredMatrix::new(Format::BF16, [2, 2], &bytes).expect("four numbers");
    /// let mut out = [0.0; 2];
    /// matrix.multiply(Precision::F32, &[10.0, 1.0], &mut out);
    /// assert_eq!(out, [12.0, 34.0]);
    /// ```
    ///
    /// # Panics
    /// If a length is not what the shapes say.
    pub fn multiply(&self, precision: Precision, x: &[f32], out: &mut [f32]) {
        if self.rows == 0 || self.columns == 0 {
            return out.fill(0.0);
        }
        let m = out.len() / self.rows;
        check_len("out", out.len(), &[m, self.rows]);
        check_len("x", x.len(), &[m, self.columns]);
        if m == 0 {
            return;
        }
        let _span = profile::span("product with stored weights", || {
            let &Self { format, rows, columns, bytes } = self;
            let flops = 2 * (m * rows * columns) as u64;
            let bytes = (bytes.len() + 4 * (x.len() + out.len())) as u64;
            (format!("{m}×{columns}×{rows} {}", format.name()), Work { flops, bytes, precision })
        });
        if m <= FEW {
            few::multiply(self, x, out);
        } else {
            panels::multiply(self, precision, x, out);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::quantised::{BlockFormat, quantise};
    use crate::tests::{assert_close, noise};
    use half::{bf16, f16};

    fn store(format: Format, values: &[f32]) -> Vec<u8> {
        match format {
            Format::F32 => values.iter().flat_map(|value| value.to_le_bytes()).collect(),
            Format::F16 => values.iter().flat_map(|&value| f16::from_f32(value).to_le_bytes()).collect(),
            Format::BF16 => values.iter().flat_map(|&value| bf16::from_f32(value).to_le_bytes()).collect(),
            Format::Block(format) => {
                let mut bytes = vec![0; format.bytes(values.len()).expect("whole blocks")];
                quantise(format, values, &mut bytes);
                bytes
            }
        }
    }

    fn all() -> Vec<Format> {
        let blocks = BlockFormat::ALL.map(Format::Block);
        [Format::F32, Format::F16, Format::BF16].into_iter().chain(blocks).collect()
    }

    #[test]
    fn products_are_those_of_the_rows_for_any_format_and_place_in_memory() {
        for format in all() {
            for (m, columns, rows) in [(1, 256, 3), (3, 512, 70), (4, 256, 1), (5, 256, 5), (37, 512, 131)] {
                let mut bytes = store(format, &noise(1, rows * columns));
                // Numbers of four bytes that begin nowhere in particular.
                bytes.insert(0, 0);
                let matrix = StoredMatrix::new(format, [rows, columns], &bytes[1..]).expect("so many bytes");
                let x = noise(2, m * columns);
                let mut weights = vec![0.0; rows * columns];
                for (row, weights) in weights.chunks_exact_mut(columns).enumerate() {
                    matrix.row(row, weights);
                }
                let mut out = vec![f32::NAN; m * rows];
                matrix.multiply(Precision::F32, &x, &mut out);
                let expected: Vec<f64> = x
                    .chunks(columns)
                    .flat_map(|x| {
                        weights.chunks(columns).map(move |weights| {
                            weights.iter().zip(x).map(|(&w, &x)| f64::from(w) * f64::from(x)).sum()
                        })
                    })
                    .collect();
                assert_close(&format!("{format:?} {m}×{columns}×{rows}"), &out, &expected, 4e-5);
            }
        }
    }

    #[test]
    fn rows_are_what_was_stored() {
        let values = noise(3, 2 * 256);
        for format in all() {
            let bytes = store(format, &values);
            let matrix = StoredMatrix::new(format, [2, 256], &bytes).expect("so many bytes");
            let mut row = vec![0.0; 256];
            matrix.row(1, &mut row);
            let tolerance = match format {
                Format::F32 => 0.0,
                Format::F16 | Format::BF16 => 4e-3,
                Format::Block(_) => 0.4,
            };
            let expected: Vec<f64> = values[256..].iter().map(|&value| f64::from(value)).collect();
            assert_close(&format!("{format:?}"), &row, &expected, tolerance);
        }
    }

    #[test]
    fn bytes_of_another_matrix_make_none() {
        assert!(StoredMatrix::new(Format::F32, [2, 2], &[0; 15]).is_none());
        assert!(StoredMatrix::new(Format::Block(BlockFormat::Q4_K), [1, 128], &[0; 72]).is_none());
        assert!(StoredMatrix::new(Format::BF16, [usize::MAX, 2], &[]).is_none());
    }
}
