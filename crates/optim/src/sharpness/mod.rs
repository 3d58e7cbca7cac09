//! Curvature tracking: the largest eigenvalues of the Hessian, where the edge of stability is, and what lies along a
//! direction.
//!
//! Everything takes the product `v ↦ Hv` as a closure, such as [`crate::Differences::product`].

mod edge;
mod lanczos;
mod power;
mod precondition;
mod tracker;
mod tridiagonal;

pub use edge::{Edge, alignment, loss_along};
pub use lanczos::{Extremes, SpectralDensity, lanczos_extremes, spectral_density};
pub use power::{Eigenpair, PowerIteration};
pub use precondition::preconditioned;
pub use tracker::{Reading, Tracker};
