//! A matrix and how it is multiplied with.

use super::Arithmetic;
use autodidact_kernels::{PackedWeights, Precision, StoredMatrix};

#[derive(Debug)]
pub(super) enum Linear<'a> {
    /// Where it lies in its file.
    Stored(StoredMatrix<'a>, Precision),
    /// Copied, for integer products.
    Packed(PackedWeights),
}

impl<'a> Linear<'a> {
    pub fn new(matrix: StoredMatrix<'a>, arithmetic: Arithmetic) -> Self {
        match arithmetic {
            Arithmetic::F32 => Self::Stored(matrix, Precision::F32),
            Arithmetic::Bf16 => Self::Stored(matrix, Precision::Bf16),
            Arithmetic::Int8 => {
                PackedWeights::new(&matrix).map_or_else(|| Self::Stored(matrix, Precision::F32), Self::Packed)
            }
        }
    }

    /// `out = x · Wᵀ` for rows `x`.
    pub fn multiply(&self, x: &[f32], out: &mut [f32]) {
        match self {
            Self::Stored(matrix, precision) => matrix.multiply(*precision, x, out),
            Self::Packed(weights) => weights.multiply(x, out),
        }
    }
}
