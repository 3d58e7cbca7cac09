//! Curvature of any model, by differences of gradients.

use autodidact_nn::TensorMap;
use burn::tensor::DType;

use super::{Along, Curvature};
use crate::{Result, vector};

/// Curvature from `gradient(w)`, which returns the loss and its gradient.
///
/// With `c(h) = (g(w + h u) − g(w − h u))·u / 2h`, the curvature is `(4 c(h) − c(2h)) / 3` (Richardson), whose error is
/// estimated by `|c(h) − c(2h)| / 3` for the truncation and `ε ‖g‖ ‖u‖ / h` for the rounding. The step is
/// `h ‖u‖ = ε^⅓ ‖w‖`, with ε of the weights' type. It costs five gradients.
///
/// Differences see the kinks of ReLU that exact curvature does not.
#[derive(Debug)]
pub struct Differences<G> {
    gradient: G,
}

impl<G: FnMut(&TensorMap) -> Result<(f64, TensorMap)>> Differences<G> {
    /// Curvature of the loss whose value and gradient this is.
    pub fn new(gradient: G) -> Self {
        Self { gradient }
    }

    /// `Hv` by one central difference: two gradients.
    ///
    /// # Errors
    /// Those of the gradient.
    pub fn product(&mut self, w: &TensorMap, v: &TensorMap) -> Result<TensorMap> {
        let step = step(w, v);
        let (_, ahead) = (self.gradient)(&vector::moved(w, step, v))?;
        let (_, behind) = (self.gradient)(&vector::moved(w, -step, v))?;
        Ok(vector::scaled(&vector::moved(&ahead, -1.0, &behind), 0.5 / step))
    }

    /// `c(h)`.
    fn central(&mut self, w: &TensorMap, u: &TensorMap, step: f64) -> Result<f64> {
        let (_, ahead) = (self.gradient)(&vector::moved(w, step, u))?;
        let (_, behind) = (self.gradient)(&vector::moved(w, -step, u))?;
        Ok(vector::dot(&vector::moved(&ahead, -1.0, &behind), u) * 0.5 / step)
    }
}

impl<G: FnMut(&TensorMap) -> Result<(f64, TensorMap)>> Curvature for Differences<G> {
    fn along(&mut self, w: &TensorMap, u: &TensorMap) -> Result<Along> {
        let (value, gradient) = (self.gradient)(w)?;
        let step = step(w, u);
        let (near, far) = (self.central(w, u, step)?, self.central(w, u, 2.0 * step)?);
        let rounding = epsilon(w) * vector::length(&gradient) * vector::length(u) / step;
        let curvature = (4.0 * near - far) / 3.0;
        Ok(Along {
            value,
            slope: vector::dot(&gradient, u),
            curvature,
            error: (near - far).abs() / 3.0 + rounding,
        })
    }
}

/// `(g(w + h u) − g(w))·u / h` with `h ‖u‖ = √ε ‖w‖`, from the gradient at w and one more: cheap, and an error of the
/// order `√ε` of the curvature's own change over a step of the weights' size.
pub(crate) fn ahead(
    w: &TensorMap,
    gradient: &TensorMap,
    u: &TensorMap,
    mut at: impl FnMut(&TensorMap) -> Result<(f64, TensorMap)>,
) -> Result<f64> {
    // Weights that stand still have no say in how far the others go.
    let moving = vector::shared(w, u);
    let step = epsilon(&moving).sqrt() * size(&moving) / size(u);
    let (_, ahead) = at(&vector::moved(w, step, u))?;
    Ok((vector::dot(&ahead, u) - vector::dot(gradient, u)) / step)
}

/// The step that balances truncation (`h²`) and rounding (`ε / h`) of a central difference. Where weights or direction
/// are zero, their norm counts as 1.
fn step(w: &TensorMap, u: &TensorMap) -> f64 {
    // Weights that stand still have no say in how far the others go.
    let moving = vector::shared(w, u);
    epsilon(&moving).cbrt() * size(&moving) / size(u)
}

/// The length, 1 for what has none.
fn size(a: &TensorMap) -> f64 {
    Some(vector::length(a)).filter(|length| *length > 0.0).unwrap_or(1.0)
}

/// Distance from 1 to the next number of the weights' type; that of the roughest if they differ.
fn epsilon(w: &TensorMap) -> f64 {
    let of = |dtype| match dtype {
        DType::F64 => f64::EPSILON,
        DType::F16 => 2f64.powi(-10),
        DType::BF16 => 2f64.powi(-7),
        _ => f64::from(f32::EPSILON),
    };
    w.values().map(|tensor| of(tensor.values.dtype())).fold(f64::EPSILON, f64::max)
}
