//! What fresh listeners say of a language, and what further learning does to agents.
//!
//! | | asks |
//! |---|---|
//! | [`probe`], [`probe_parts`] | what does a frozen speaker leave unknown? A fresh listener learns until it gets no better |
//! | [`probe_language`] | the same of messages that are written down |
//! | [`ease_of_learning`] | how many steps does a fresh listener need until it understands a language? |
//! | [`overfitting`] | which agent goes on to overfit when the other one is held fixed? |
//!
//! A listener's loss is `L = L_info + L_adapt` (see [`crate::decomposition`]). A listener that has learnt all there is to learn has
//! `L_adapt` = 0, so its loss is `L_info`, and what the agents' own loss is above it is their `L_adapt` (Rita et al. 2022). That holds for
//! listeners that can be the Bayes listener. Recurrent ones have an independent softmax for each attribute: the best of
//! them loses `Σ_k H(x_k|m)`, which is more than `L_info = H(x|m)` where attributes depend on each other given the message. The probe
//! then converges to that number, the *factorised* one, and takes the difference for information loss. So every estimate comes
//! with both exact numbers. [`TabularListener`](crate::agents::TabularListener) can be the Bayes listener of small games.

mod config;
mod ease;
mod fit;
mod language;
mod overfitting;
mod parts;
mod speaker;

pub use config::ProbeConfig;
pub use ease::{Ease, EaseConfig, EasePoint, ease_of_learning};
pub use fit::{CurvePoint, Estimate};
pub use language::probe_language;
pub use overfitting::{LossPoint, Overfitting, OverfittingConfig, Side, overfitting};
pub use parts::{Part, PartProbe, probe_parts};
pub use speaker::{Probed, Verdict, probe};
