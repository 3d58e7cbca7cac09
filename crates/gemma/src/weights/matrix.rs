use super::Format;
use autodidact_kernels::StoredMatrix;
use rayon::prelude::*;
use std::ops::Range;

/// A matrix where it lies in its file.
#[derive(Clone, Copy, Debug)]
pub struct Matrix<'a> {
    /// How its numbers are laid out.
    pub format: Format,
    /// Outputs, or tokens of the table of embeddings.
    pub rows: usize,
    /// Inputs. A row is contiguous.
    pub columns: usize,
    /// All rows.
    pub bytes: &'a [u8],
}

impl<'a> Matrix<'a> {
    /// Bytes of a row.
    pub fn row_bytes(&self) -> usize {
        self.bytes.len() / self.rows
    }

    /// Bytes of some rows.
    ///
    /// # Panics
    /// If there are no such rows.
    pub fn bytes_of(&self, rows: Range<usize>) -> &'a [u8] {
        &self.bytes[rows.start * self.row_bytes()..rows.end * self.row_bytes()]
    }

    /// The matrix, to multiply with.
    pub fn stored(&self) -> StoredMatrix<'a> {
        StoredMatrix::new(self.format.into(), [self.rows, self.columns], self.bytes)
            .expect("the bytes are those of the matrix")
    }

    /// Reads a row.
    ///
    /// # Panics
    /// If there is no such row, or `out` has another length than it.
    pub fn read_row(&self, row: usize, out: &mut [f32]) {
        self.format.read(self.bytes_of(row..row + 1), out);
    }

    /// All numbers, row by row.
    pub fn to_f32(&self) -> Vec<f32> {
        let mut out = vec![0.0; self.rows * self.columns];
        out.par_chunks_mut(self.columns)
            .zip(self.bytes.par_chunks(self.row_bytes()))
            .for_each(|(out, bytes)| self.format.read(bytes, out));
        out
    }
}
