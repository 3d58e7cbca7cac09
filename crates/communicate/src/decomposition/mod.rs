//! The loss of a speaker and a listener as information loss and co-adaptation loss, exact for tables (Rita et al., "Emergent
//! Communication: Generalization and Overfitting in Lewis Games", 2022).
//!
//! A speaker says message m of object x with probability π(m|x), objects have probabilities p(x), a listener gives x the probability
//! ρ(x|m). The *Bayes listener* is `ρ*(x|m) = π(m|x) p(x) / Σ_x' π(m|x') p(x')`. Then
//!
//! ```text
//! L = −E log ρ(x|m)  =  H(X|M)  +  E_m KL( ρ*(·|m) ‖ ρ(·|m) )
//!                    =  L_info  +  L_adapt
//! ```
//!
//! in nats. [`Decomposition::new`] computes the three sums each for itself, of tables of all messages × objects. For agents that are
//! networks, [`bayes_scores`] gives log ρ* of messages that were said, and [`bayes_among`] that of a target among candidates.
//!
//! ```
//! use autodidact_communicate::decomposition::{Decomposition, Listener, Speaker, information_gradient};
//!
//! // Two objects, two messages; the listener is not the best for this speaker.
//! let speaker = Speaker::uniform_prior(vec![0.9, 0.1, 0.2, 0.8], 2)?;
//! let listener = Listener::new(vec![0.6, 0.4, 0.5, 0.5], 2)?;
//! let of = Decomposition::new(&speaker, &listener)?;
//! assert!((of.total - (of.information + of.adaptation)).abs() < 1e-12);
//! assert!(Decomposition::new(&speaker, &speaker.bayes_listener())?.adaptation < 1e-12);
//! // Adding a constant to the logits of an object changes nothing.
//! let gradient = information_gradient(&speaker);
//! assert!((gradient[0] + gradient[1]).abs() < 1e-12);
//! # Ok::<(), autodidact_communicate::Error>(())
//! ```
//!
//! A listener with an independent softmax for each attribute cannot be the Bayes listener where attributes depend on each other given the
//! message: [`FactorisedListener`] and [`conditional_total_correlation`].

mod factorised;
mod gradient;
mod listener;
mod loss;
mod scored;
mod speaker;
mod table;

pub use factorised::{FactorisedListener, conditional_total_correlation};
pub use gradient::{information_gradient, mixed_gradient, total_gradient};
pub use listener::Listener;
pub use loss::Decomposition;
pub use scored::{Scored, bayes_among, bayes_scores};
pub use speaker::Speaker;
