//! Where the edge of stability is, and what lies along an update.

use autodidact_nn::TensorMap;

use crate::{Result, vector};

/// The rule whose edge of stability is asked for.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Edge {
    /// Gradient descent, and methods that precondition without momentum: `2 / η`.
    GradientDescent,
    /// `m ← g + β m`: `(2 + 2β) / η` (Cohen et al. 2021).
    HeavyBall {
        /// β.
        momentum: f64,
    },
    /// `m ← g + β m`, step `g + β m`: `(2 + 2β) / ((1 + 2β) η)` (Cohen et al. 2021).
    Nesterov {
        /// β.
        momentum: f64,
    },
    /// Adam, on the preconditioned sharpness: `(2 + 2β₁) / ((1 − β₁) η)`, 38/η at 0.9 (Cohen et al. 2022).
    Adam {
        /// β₁.
        beta1: f64,
    },
}

impl Edge {
    /// The sharpness above which a quadratic diverges at this learning rate.
    ///
    /// ```
    /// use autodidact_optim::sharpness::Edge;
    /// assert_eq!(Edge::GradientDescent.at(0.5), 4.0);
    /// assert!((Edge::Adam { beta1: 0.9 }.at(1.0) - 38.0).abs() < 1e-12);
    /// ```
    pub fn at(self, learning_rate: f64) -> f64 {
        let factor = match self {
            Self::GradientDescent => 2.0,
            Self::HeavyBall { momentum } => 2.0 + 2.0 * momentum,
            Self::Nesterov { momentum } => (2.0 + 2.0 * momentum) / (1.0 + 2.0 * momentum),
            Self::Adam { beta1 } => (2.0 + 2.0 * beta1) / (1.0 - beta1),
        };
        factor / learning_rate
    }
}

/// Cosine between an update and an eigenvector, without the sign, which an eigenvector has none of. 0 if one is zero.
pub fn alignment(update: &TensorMap, eigenvector: &TensorMap) -> f64 {
    let lengths = vector::length(update) * vector::length(eigenvector);
    if lengths > 0.0 { vector::dot(update, eigenvector).abs() / lengths } else { 0.0 }
}

/// `f(w + t u)` for each `t`.
///
/// # Errors
/// Those of the loss.
pub fn loss_along(
    w: &TensorMap,
    u: &TensorMap,
    steps: &[f64],
    mut loss: impl FnMut(&TensorMap) -> Result<f64>,
) -> Result<Vec<f64>> {
    steps.iter().map(|step| loss(&vector::moved(w, *step, u))).collect()
}
