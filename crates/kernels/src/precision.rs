//! How many bits the operands of products have.

use crate::pairs;
use crate::scratch::with_scratch;

/// Element type of what a convolution or a matrix product multiplies; its sums have 32 bits always.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Precision {
    /// 32 bits.
    #[default]
    F32,
    /// Operands, or what is multiplied in their place, rounded to bfloat16: 8 bits of precision, the exponents of `f32`.
    Bf16,
}

impl Precision {
    /// Gives `work` the operands in this precision: themselves, or copies that are rounded.
    pub(crate) fn operands<R>(self, a: &[f32], b: &[f32], work: impl FnOnce(&[f32], &[f32]) -> R) -> R {
        match self {
            Self::F32 => work(a, b),
            Self::Bf16 => with_scratch(a.len(), |rounded_a| {
                pairs::round(a, rounded_a);
                with_scratch(b.len(), |rounded_b| {
                    pairs::round(b, rounded_b);
                    work(rounded_a, rounded_b)
                })
            }),
        }
    }
}
