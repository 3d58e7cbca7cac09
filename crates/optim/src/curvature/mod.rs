//! A loss and its first two derivatives along a direction.
//!
//! [`Exact`] pushes Taylor jets through networks that have them; [`Differences`] needs a gradient only and works for
//! any module.

mod differences;
mod exact;

use autodidact_nn::TensorMap;

pub use differences::Differences;
pub(crate) use differences::ahead;
pub use exact::Exact;

use crate::Result;

/// `t ↦ f(w + t u)` up to the second derivative at 0.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Along {
    /// `f(w)`.
    pub value: f64,
    /// `g·u`.
    pub slope: f64,
    /// `u·Hu`.
    pub curvature: f64,
    /// Estimated absolute error of the curvature; 0 where it is exact but for rounding.
    pub error: f64,
}

/// Something that knows a loss's curvature along a direction.
pub trait Curvature {
    /// The loss at the weights `w` along `u`; weights that `u` does not name stand still.
    ///
    /// # Errors
    /// If `w` or `u` does not fit the model.
    fn along(&mut self, w: &TensorMap, u: &TensorMap) -> Result<Along>;
}
