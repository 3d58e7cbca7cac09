//! The checked shape of a matrix product, and how its operands lie in memory.

use super::pack::View;
use crate::precision::Precision;
use crate::profile::{self, Span, Work};

/// Distances in memory between neighbours of a batch of matrices.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
struct Strides {
    batch: usize,
    row: usize,
    column: usize,
}

impl Strides {
    /// Floats from the first element of a batch of matrices to just after its last.
    fn extent(self, batch: usize, rows: usize, columns: usize) -> usize {
        if batch == 0 || rows == 0 || columns == 0 {
            return 0;
        }
        [(batch, self.batch), (rows, self.row), (columns, self.column)]
            .into_iter()
            .try_fold(1usize, |extent, (size, stride)| (size - 1).checked_mul(stride)?.checked_add(extent))
            .expect("an operand does not fit in the address space")
    }

    fn turned(self) -> Self {
        Self { batch: self.batch, row: self.column, column: self.row }
    }
}

/// The shape of a batch of matrix products.
///
/// `a` is `[batch, m, k]`, `b` is `[batch, k, n]` and `c` is `[batch, m, n]`, contiguous; for each item of the batch,
///
/// `c[i, j] = Σ_l a[i, l] · b[l, j]`.
///
/// Operands are contiguous too until they are said to be [transposed](Self::transpose_a) or to have other
/// [strides](Self::a_strides).
///
/// ```
/// use autodidact_kernels::{Epilogue, MatMul, Precision, matmul};
///
/// // Two products with the same right side.
/// let shape = MatMul::new(2, [1, 2, 2]).b_strides([0, 2, 1]);
/// let mut c = [0.0; 4];
/// let b = [1.0, 2.0, 3.0, 4.0];
/// matmul(&shape, Precision::F32, &[1.0, 0.0, 0.0, 1.0], &b, &Epilogue::default(), &mut c);
/// assert_eq!(c, [1.0, 2.0, 3.0, 4.0]);
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct MatMul {
    pub(super) batch: usize,
    pub(super) m: usize,
    pub(super) k: usize,
    pub(super) n: usize,
    a: Strides,
    b: Strides,
}

impl MatMul {
    /// Records a product in the profile.
    pub(super) fn span(&self, precision: Precision) -> Span {
        profile::span("matrix product", || {
            let &Self { batch, m, k, n, .. } = self;
            let shape =
                if batch == 1 { format!("{m}×{k}×{n}") } else { format!("{batch} of {m}×{k}×{n}") };
            let floats = batch * (m * k + k * n + m * n);
            (shape, Work { flops: 2 * (batch * m * k * n) as u64, precision, ..Work::on_floats(floats) })
        })
    }

    /// Contiguous matrices; `size` is `[m, k, n]`. Any size may be zero: a sum of no products is zero.
    pub fn new(batch: usize, size: [usize; 3]) -> Self {
        let [m, k, n] = size;
        Self {
            batch,
            m,
            k,
            n,
            a: Strides { batch: m * k, row: k, column: 1 },
            b: Strides { batch: k * n, row: n, column: 1 },
        }
    }

    /// The same with `a` stored as `[batch, k, m]`, contiguous.
    pub fn transpose_a(self) -> Self {
        self.a_strides([self.m * self.k, 1, self.m])
    }

    /// The same with `b` stored as `[batch, n, k]`, contiguous.
    pub fn transpose_b(self) -> Self {
        self.b_strides([self.k * self.n, 1, self.k])
    }

    /// The same with these distances between the matrices, rows and columns of `a`. A distance of zero repeats.
    pub fn a_strides(self, strides: [usize; 3]) -> Self {
        let [batch, row, column] = strides;
        Self { a: Strides { batch, row, column }, ..self }
    }

    /// The same with these distances between the matrices, rows and columns of `b`.
    pub fn b_strides(self, strides: [usize; 3]) -> Self {
        let [batch, row, column] = strides;
        Self { b: Strides { batch, row, column }, ..self }
    }

    /// Floats that `a` must have at least.
    pub fn a_len(&self) -> usize {
        self.a.extent(self.batch, self.m, self.k)
    }

    /// Floats that `b` must have at least.
    pub fn b_len(&self) -> usize {
        self.b.extent(self.batch, self.k, self.n)
    }

    /// Floats in the output, `batch · m · n`.
    pub fn output_len(&self) -> usize {
        self.batch * self.m * self.n
    }

    /// Columns of the output.
    pub fn columns(&self) -> usize {
        self.n
    }

    /// Multiplications and additions.
    pub fn flops(&self) -> u64 {
        2 * self.output_len() as u64 * self.k as u64
    }

    /// Multiplications and additions of one item of the batch.
    pub(super) fn item_flops(&self) -> usize {
        2 * self.m * self.k * self.n
    }

    pub(super) fn check(&self, a: usize, b: usize, c: usize) {
        for (name, got, least) in [("a", a, self.a_len()), ("b", b, self.b_len())] {
            assert!(got >= least, "{name} of {self:?} has {got} floats, expected at least {least}");
        }
        let expected = self.output_len();
        assert!(c == expected, "c of {self:?} has {c} floats, expected {expected}");
    }

    /// One product in the place of a batch of them that share `b`, where the rows of `a` go on from one to the next.
    pub(super) fn merged(self) -> Self {
        let goes_on = self.a.batch == self.m * self.a.row;
        if self.b.batch == 0 && goes_on { Self { batch: 1, m: self.batch * self.m, ..self } } else { self }
    }

    /// The product of the transposed operands, in the other order.
    pub(super) fn turned(self) -> Self {
        Self { m: self.n, n: self.m, a: self.b.turned(), b: self.a.turned(), ..self }
    }

    /// `a` of one item, to be packed in panels of rows.
    pub(super) fn a_panels<'a>(&self, item: usize, a: &'a [f32]) -> View<'a> {
        let start = (item * self.a.batch).min(a.len());
        View { values: &a[start..], across: self.a.row, along: self.a.column, depth: self.k }
    }

    /// `b` of one item, to be packed in panels of columns.
    pub(super) fn b_panels<'a>(&self, item: usize, b: &'a [f32]) -> View<'a> {
        let start = (item * self.b.batch).min(b.len());
        View { values: &b[start..], across: self.b.column, along: self.b.row, depth: self.k }
    }
}
