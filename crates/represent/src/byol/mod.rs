//! Bootstrap your own latent (Grill et al. 2020, arXiv 2006.07733).
//!
//! The online network predicts the target network's projection of another view of the same picture; only the
//! online network gets gradients, the target follows it as a moving average. There are no negative pairs.
//!
//! One step, for views `v`, `v′` of a batch:
//!
//! ```text
//! y = f(v)   z = g(y)   p = q(z)            online, θ, and the same for v′
//! z_ξ = g′(f′(v))   z′_ξ = g′(f′(v′))       target, ξ, no gradient
//! L = ‖n(p) − n(z′_ξ)‖² + ‖n(p′) − n(z_ξ)‖²
//! θ ← LARS(θ, ∇_θ L)
//! ξ ← τ ξ + (1 − τ) θ
//! ```
//!
//! Without batch statistics (Richemond et al. 2020, arXiv 2010.10241) is a matter of configuration:
//! [`crate::RepresentConfig::with_norm`].

mod independence;
mod loss;
mod network;
mod step;

pub use independence::{Independence, independence, independence_on};
pub use loss::{l2_normalize, regression_loss};
pub use network::{OnlineNetwork, OnlineOutput, TargetNetwork};
pub use step::Byol;
