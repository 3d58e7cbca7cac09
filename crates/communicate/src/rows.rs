//! A table of equally long rows: what objects, messages and features are underneath.

use crate::{Error, Result};

/// Rows of `columns` values each, one after the other; at least one of each.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Rows<T> {
    columns: usize,
    values: Vec<T>,
}

impl<T: Copy> Rows<T> {
    /// Checks that `values` make up whole rows; `what` they are is for the error.
    pub fn new(values: Vec<T>, columns: usize, what: &'static str) -> Result<Self> {
        if columns == 0 || values.is_empty() {
            let rows = values.len().checked_div(columns).unwrap_or(0);
            return Err(Error::Empty { what, rows, columns });
        }
        if !values.len().is_multiple_of(columns) {
            return Err(Error::Fill { what, values: values.len(), columns });
        }
        Ok(Self { columns, values })
    }

    /// Checks that rows are equally long.
    pub fn from_rows(rows: &[impl AsRef<[T]>], what: &'static str) -> Result<Self> {
        let expected = rows.first().map_or(0, |row| row.as_ref().len());
        let mut values = Vec::with_capacity(rows.len() * expected);
        for (row, of_row) in rows.iter().map(AsRef::as_ref).enumerate() {
            if of_row.len() != expected {
                return Err(Error::Ragged { what, row, length: of_row.len(), expected });
            }
            values.extend_from_slice(of_row);
        }
        if expected == 0 {
            return Err(Error::Empty { what, rows: rows.len(), columns: 0 });
        }
        Self::new(values, expected, what)
    }

    pub fn count(&self) -> usize {
        self.values.len() / self.columns
    }

    pub fn columns(&self) -> usize {
        self.columns
    }

    pub fn row(&self, row: usize) -> &[T] {
        &self.values[row * self.columns..][..self.columns]
    }

    pub fn iter(&self) -> std::slice::ChunksExact<'_, T> {
        self.values.chunks_exact(self.columns)
    }

    pub fn column(&self, column: usize) -> impl ExactSizeIterator<Item = T> + '_ {
        self.iter().map(move |row| row[column])
    }

    pub fn values(&self) -> &[T] {
        &self.values
    }

    /// The rows of these numbers, in this order.
    pub fn select(&self, rows: &[usize]) -> Vec<T> {
        rows.iter().flat_map(|&row| self.row(row).iter().copied()).collect()
    }
}
