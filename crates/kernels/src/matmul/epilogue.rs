//! What is done to the sums of a product before they are stored, in the kernel's store.

use super::{COLUMNS, MatMul};
use crate::check::check_len;
use crate::gelu::gelu;
use crate::simd::{relu, vectors, vectors_mut};
use pulp::Simd;
use std::ops::Range;

/// The last function that is applied.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Activation {
    /// The sums as they are.
    #[default]
    None,
    /// `max(x, 0)`; NaN passes.
    Relu,
    /// `x / 2 · (1 + tanh(√(2/π) · (x + 0.044715 · x³)))`, the tanh form of GELU (`approximate="tanh"` in `PyTorch`), to
    /// within 10⁻⁶ of itself or of 1, whichever is larger. Of −∞ it makes NaN, as the formula does.
    GeluTanh,
}

/// `activation(scale · a·b + bias + residual)`, or with `accumulate`, `activation(scale · a·b + bias + residual + c)`.
///
/// By default nothing but the product is stored.
#[derive(Clone, Copy, Debug)]
pub struct Epilogue<'a> {
    /// Multiplies the sums.
    pub scale: f32,
    /// One summand for each of the `n` columns.
    pub bias: Option<&'a [f32]>,
    /// A summand of the output's shape.
    pub residual: Option<&'a [f32]>,
    /// The last function that is applied.
    pub activation: Activation,
    /// Whether what the output holds is another summand.
    pub accumulate: bool,
}

impl Default for Epilogue<'_> {
    fn default() -> Self {
        Self { scale: 1.0, bias: None, residual: None, activation: Activation::None, accumulate: false }
    }
}

impl Epilogue<'_> {
    pub(super) fn check(&self, shape: &MatMul) {
        if let Some(bias) = self.bias {
            check_len("bias", bias.len(), &[shape.n]);
        }
        if let Some(residual) = self.residual {
            check_len("residual", residual.len(), &[shape.batch, shape.m, shape.n]);
        }
    }
}

/// One line of a tile.
pub(super) type Line = [f32; COLUMNS];

/// An [`Epilogue`] for a part of the output, whose first element is the residual's first and whose first column is the
/// bias's first.
#[derive(Clone, Copy, Debug)]
pub(super) struct Finish<'a> {
    scale: f32,
    /// Whether to add what the output holds.
    add: bool,
    bias: Option<&'a [f32]>,
    residual: Option<&'a [f32]>,
    activation: Activation,
}

impl<'a> Finish<'a> {
    /// For the item of a batch that has this range of the output.
    pub fn new(epilogue: &Epilogue<'a>, item: Range<usize>) -> Self {
        let Epilogue { scale, bias, residual, activation, accumulate } = *epilogue;
        Self { scale, add: accumulate, bias, residual: residual.map(|values| &values[item]), activation }
    }

    /// Only stores the sums.
    pub fn plain() -> Self {
        Self::new(&Epilogue::default(), 0..0)
    }

    /// For one of several blocks of the depth: the first adds what is asked for, the others what the one before them
    /// stored, and the last does the rest. Scaling and adding blocks is the same as scaling and adding their sum.
    pub fn at_depth(self, first: bool, last: bool) -> Self {
        let add = self.add || !first;
        if last {
            Self { add, ..self }
        } else {
            Self { add, bias: None, residual: None, activation: Activation::None, ..self }
        }
    }

    /// For the part of the output that starts at this row and column, rows being `row_len` floats apart.
    pub fn part(self, row: usize, column: usize, row_len: usize) -> Self {
        let residual = self.residual.map(|values| &values[row * row_len + column..]);
        Self { bias: self.bias.map(|bias| &bias[column..]), residual, ..self }
    }

    /// Whether sums are only scaled, and perhaps added.
    fn is_plain(&self) -> bool {
        self.bias.is_none() && self.residual.is_none() && self.activation == Activation::None
    }

    /// Stores the first sums of some lines as the start of `out`, whose lines are `row_len` floats apart and which is the
    /// part's start.
    #[inline(always)]
    pub fn store<S: Simd>(&self, simd: S, lines: &[Line], width: usize, row_len: usize, out: &mut [f32]) {
        if width == COLUMNS && self.is_plain() {
            for row in 0..lines.len() {
                let out = out[row * row_len..].first_chunk_mut().expect("a whole line");
                self.scaled(simd, &lines[row], out);
            }
            return;
        }
        let bias = padded(self.bias, width);
        for row in 0..lines.len() {
            let at = row * row_len;
            let residual = match self.residual {
                Some(values) => padded(Some(&values[at..]), width),
                None => None,
            };
            let out = &mut out[at..at + width];
            if let Some(out) = out.first_chunk_mut() {
                self.line(simd, &lines[row], bias.as_ref(), residual.as_ref(), out);
            } else {
                let mut line = [0.0; COLUMNS];
                line[..width].copy_from_slice(out);
                self.line(simd, &lines[row], bias.as_ref(), residual.as_ref(), &mut line);
                out.copy_from_slice(&line[..width]);
            }
        }
    }

    /// A line without bias, residual and activation.
    #[inline(always)]
    fn scaled<S: Simd>(&self, simd: S, sums: &Line, out: &mut Line) {
        let scale = simd.splat_f32s(self.scale);
        let (sums, out) = (vectors::<S>(sums), vectors_mut::<S>(out));
        for v in 0..COLUMNS / S::F32_LANES {
            out[v] = if self.add {
                simd.mul_add_e_f32s(sums[v], scale, out[v])
            } else {
                simd.mul_f32s(sums[v], scale)
            };
        }
    }

    #[inline(always)]
    fn line<S: Simd>(
        &self,
        simd: S,
        sums: &Line,
        bias: Option<&Line>,
        residual: Option<&Line>,
        out: &mut Line,
    ) {
        self.scaled(simd, sums, out);
        let out = vectors_mut::<S>(out);
        for v in 0..COLUMNS / S::F32_LANES {
            let mut value = out[v];
            if let Some(bias) = bias {
                value = simd.add_f32s(value, vectors::<S>(bias)[v]);
            }
            if let Some(residual) = residual {
                value = simd.add_f32s(value, vectors::<S>(residual)[v]);
            }
            out[v] = match self.activation {
                Activation::None => value,
                Activation::Relu => relu(simd, value),
                Activation::GeluTanh => gelu(simd, value),
            };
        }
    }
}

/// The start of some values as a line, filled up with zeros if it is short.
#[inline(always)]
fn padded(values: Option<&[f32]>, width: usize) -> Option<Line> {
    let values = match values {
        Some(values) => &values[..width],
        None => return None,
    };
    if let Some(line) = values.first_chunk() {
        return Some(*line);
    }
    let mut line = [0.0; COLUMNS];
    line[..width].copy_from_slice(values);
    Some(line)
}
