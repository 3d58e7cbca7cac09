//! What happens to a normalised value before it is written: nothing, `ReLU`, or the join of a residual block.

use crate::add_relu;
use crate::element::Element;

/// What follows a normalisation in the same pass over memory.
#[derive(Clone, Copy, Debug)]
pub enum After<'a, E = f32> {
    /// The normalised value `y` is written.
    Nothing,
    /// `max(y, 0)` is; NaN passes.
    Relu,
    /// `max(y + residual, 0)` is, with a residual of the shape of `y`; NaN passes.
    Join(&'a [E]),
}

/// [`After`] on the way back.
#[derive(Debug)]
pub enum AfterGradient<'a, E = f32> {
    /// The gradient passes.
    Nothing,
    /// It passes where `y > 0`, recomputed from the input.
    Relu,
    /// It passes where the output was positive, and is then that of the residual as well.
    Join {
        /// What the forward pass wrote.
        out: &'a [E],
        /// Where the residual's gradient is written.
        grad_residual: &'a mut [E],
    },
}

impl<E: Element> After<'_, E> {
    /// `ReLU` if `relu`, else nothing.
    pub fn relu(relu: bool) -> Self {
        if relu { Self::Relu } else { Self::Nothing }
    }

    /// Tensors of the activation's size that are read for it.
    pub(crate) fn arrays(&self) -> usize {
        usize::from(matches!(self, Self::Join(_)))
    }

    /// What follows each chunk of an activation of `len` floats.
    ///
    /// # Panics
    /// If a residual has another length.
    pub(crate) fn split(self, len: usize, chunk: usize) -> Vec<Self> {
        match self {
            Self::Join(residual) => {
                assert!(residual.len() == len, "the residual has {} floats, expected {len}", residual.len());
                residual.chunks(chunk).map(Self::Join).collect()
            }
            same => vec![same; len.div_ceil(chunk)],
        }
    }
}

impl<E: Element> AfterGradient<'_, E> {
    /// `ReLU` if `relu`, else nothing.
    pub fn relu(relu: bool) -> Self {
        if relu { Self::Relu } else { Self::Nothing }
    }

    /// Tensors of the activation's size that are read and written for it.
    pub(crate) fn arrays(&self) -> usize {
        2 * usize::from(matches!(self, Self::Join { .. }))
    }

    /// What follows each chunk of an activation of `len` floats.
    ///
    /// # Panics
    /// If the output or the residual's gradient has another length.
    pub(crate) fn split(self, len: usize, chunk: usize) -> Vec<Self> {
        match self {
            Self::Join { out, grad_residual } => {
                for (name, got) in [("out", out.len()), ("grad_residual", grad_residual.len())] {
                    assert!(got == len, "{name} has {got} floats, expected {len}");
                }
                let chunks = out.chunks(chunk).zip(grad_residual.chunks_mut(chunk));
                chunks.map(|(out, grad_residual)| Self::Join { out, grad_residual }).collect()
            }
            Self::Nothing => (0..len.div_ceil(chunk)).map(|_| Self::Nothing).collect(),
            Self::Relu => (0..len.div_ceil(chunk)).map(|_| Self::Relu).collect(),
        }
    }

    /// Writes the residual's gradient, if there is one, and gives what [`Self::passed`] does.
    pub(crate) fn pass<'b>(&'b mut self, grad_out: &'b [E]) -> (&'b [E], bool) {
        if let Self::Join { out, grad_residual } = self {
            add_relu::backward(out, grad_out, grad_residual);
        }
        self.passed(grad_out)
    }

    /// The gradient that arrives at the normalised value, and whether the `ReLU` is still to be passed.
    pub(crate) fn passed<'b>(&'b self, grad_out: &'b [E]) -> (&'b [E], bool) {
        match self {
            Self::Nothing => (grad_out, false),
            Self::Relu => (grad_out, true),
            Self::Join { grad_residual, .. } => (grad_residual, false),
        }
    }
}
