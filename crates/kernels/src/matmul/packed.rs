//! A right side that is packed once for many products.

use super::epilogue::{Epilogue, Finish};
use super::pack::{View, packed_rows};
use super::part::Part;
use super::unit::Unit;
use super::{COLUMNS, MatMul};
use crate::check::check_len;
use crate::scratch::with_scratch;

/// Columns up to which rows are multiplied where they are.
const FEW_COLUMNS: usize = 4 * COLUMNS;

/// A matrix `b`, `[k, n]`, in the order in which products `a·b` read it, for many of them that are small: a recurrent network
/// multiplies with the same weights at every step.
///
/// Products are of `f32` and computed by the thread that asks for them: whoever has many shares them out.
///
/// ```
/// use autodidact_kernels::{Epilogue, PackedMatrix};
///
/// // Weights `[outputs, inputs]` of a dense layer: b is their transpose.
/// let weight = [1.0, 0.0, 0.0, -1.0, 2.0, 2.0];
/// let packed = PackedMatrix::transposed([2, 3], &weight);
/// let mut out = [0.0; 3];
/// packed.multiply(1, &[3.0, 4.0], &Epilogue { bias: Some(&[1.0; 3]), ..Epilogue::default() }, &mut out);
/// assert_eq!(out, [4.0, -3.0, 15.0]);
/// ```
#[derive(Clone, Debug)]
pub struct PackedMatrix {
    depth: usize,
    columns: usize,
    /// `[panel][depth][column]`.
    values: Vec<f32>,
}

impl PackedMatrix {
    /// Packs a contiguous matrix `[k, n]`; `size` is `[k, n]`.
    ///
    /// # Panics
    /// If it has another length.
    pub fn new(size: [usize; 2], b: &[f32]) -> Self {
        let [depth, columns] = size;
        check_len("b", b.len(), &size);
        Self::pack(columns, View { values: b, across: 1, along: columns, depth })
    }

    /// Packs a matrix that is stored as `[n, k]`, contiguous; `size` is `[k, n]`.
    ///
    /// # Panics
    /// If it has another length.
    pub fn transposed(size: [usize; 2], b: &[f32]) -> Self {
        let [depth, columns] = size;
        check_len("b", b.len(), &[columns, depth]);
        Self::pack(columns, View { values: b, across: depth, along: 1, depth })
    }

    fn pack(columns: usize, view: View<'_>) -> Self {
        let mut values = vec![0.0; columns.next_multiple_of(COLUMNS) * view.depth];
        if !values.is_empty() {
            view.pack_columns(Unit::Single, 0..columns, 0..view.depth, &mut values);
        }
        Self { depth: view.depth, columns, values }
    }

    /// k, the rows of the matrix.
    pub fn depth(&self) -> usize {
        self.depth
    }

    /// n, the columns of the matrix.
    pub fn columns(&self) -> usize {
        self.columns
    }

    /// `c = activation(scale · a·b + bias + residual)` with `a` `[rows, k]` and `c` `[rows, n]`, contiguous.
    ///
    /// # Panics
    /// If a slice has another length than its shape says.
    pub fn multiply(&self, rows: usize, a: &[f32], epilogue: &Epilogue<'_>, c: &mut [f32]) {
        let Self { depth, columns, .. } = *self;
        check_len("a", a.len(), &[rows, depth]);
        check_len("c", c.len(), &[rows, columns]);
        epilogue.check(&MatMul::new(1, [rows, depth, columns]));
        if c.is_empty() {
            return;
        }
        let finish = Finish::new(epilogue, 0..rows * columns);
        if depth > 0 && columns <= FEW_COLUMNS {
            return self.part(rows, (a, Some(depth)), finish, c).run(Unit::Single);
        }
        with_scratch(packed_rows(Unit::Single, rows) * depth, |packed| {
            let view = View { values: a, across: depth, along: 1, depth };
            view.pack_rows(Unit::Single, 0..rows, 0..depth, packed);
            self.part(rows, (packed, None), finish, c).run(Unit::Single);
        });
    }

    /// The whole product, of rows that are packed or so far apart.
    fn part<'a>(
        &'a self,
        rows: usize,
        (a, a_row): (&'a [f32], Option<usize>),
        finish: Finish<'a>,
        out: &'a mut [f32],
    ) -> Part<'a> {
        let Self { depth, columns, ref values } = *self;
        let (b_line, b_panel) = (COLUMNS, COLUMNS * depth);
        Part { rows, columns, depth, a, a_row, b: values, b_line, b_panel, out, row_len: columns, finish }
    }
}
