//! Activations whose normalisation is left to what reads them.

use burn::tensor::{Tensor, activation};

use crate::norm::positions;
use crate::ops::{self, After, Normalisation, OnLoad};
use crate::{Conv2d, Mode, Norm};

/// An activation `[N, H, W, C]` with a normalisation, and a ReLU if `relu`, that are still to be made.
///
/// A convolution makes them where it reads, so that the result is never in memory; a residual join makes them in its own
/// pass.
#[derive(Debug)]
pub(crate) struct Pending {
    x: Tensor<4>,
    normalisation: Option<Normalisation>,
    relu: bool,
}

impl Pending {
    /// An activation as it is.
    pub fn none(x: Tensor<4>) -> Self {
        Self { x, normalisation: None, relu: false }
    }

    /// Convolves; the normalisation after it, and the ReLU if `relu`, are pending.
    pub fn convolve(self, conv: &Conv2d, norm: &Norm, mode: Mode, relu: bool) -> Self {
        let (x, statistics) = match self {
            Self { x, normalisation: Some(normalisation), relu } => {
                conv.forward_normalised(x, Some(OnLoad { normalisation, relu }), norm.over(mode))
            }
            plain => conv.forward_normalised(plain.settle(), None, norm.over(mode)),
        };
        let [batch, height, width, _] = x.dims();
        let normalisation = norm.normalisation(statistics, batch * height * width, mode);
        Self { x, normalisation, relu }
    }

    /// Makes what is pending.
    pub fn settle(self) -> Tensor<4> {
        let Self { x, normalisation, relu } = self;
        let shape = x.dims();
        match normalisation {
            Some(normalisation) => {
                let after = if relu { After::Relu } else { After::Nothing };
                ops::normalise(positions(x), normalisation, after).reshape(shape)
            }
            None if relu => activation::relu(x),
            None => x,
        }
    }

    /// `max(y + residual, 0)` with the normalised `y`, in one pass; a pending ReLU is not made.
    ///
    /// # Panics
    /// If the shapes differ.
    pub fn join(self, residual: Tensor<4>) -> Tensor<4> {
        let Self { x, normalisation, .. } = self;
        let shape = x.dims();
        assert_eq!(residual.dims(), shape, "join: shapes of the residual and x");
        match normalisation {
            Some(normalisation) => {
                let after = After::Join(positions(residual));
                ops::normalise(positions(x), normalisation, after).reshape(shape)
            }
            None => ops::add_relu(x, residual),
        }
    }
}
