//! Global search along one axis for functions that are as rough as a Brownian motion.
//!
//! A Brownian motion `W` on an interval is evaluated where one likes, and the search ends with a point `t` for which
//! `sup W − W(t) ≤ ε` with probability `1 − δ` at least. [`maximize`] and [`minimize`] take a closure; an [`Optimizer`] is
//! asked for points and told values, so that evaluations may be slow, run elsewhere, several at a time, or be continued
//! another day.
//!
//! ```
//! use autodidact_brownian::{BrownianPath, Settings, maximize};
//!
//! let path = BrownianPath::new(7);
//! let answer = maximize(|t| path.at(t), 0.0, 1.0, Settings::optimistic(0.01))?;
//! assert!(answer.evaluations < 3000);
//! println!("{} at {}: {}", answer.value, answer.x, answer.guarantee);
//! # Ok::<(), autodidact_brownian::Error>(())
//! ```
//!
//! The promise is about Brownian motions of a scale that is known or estimated on the way ([`Scale`]);
//! [`Optimizer::roughness`] tells what the values say of that. What is not here: more than one axis, and noise.

#![doc = include_str!("../README.md")]

mod answer;
mod bridge;
mod closure;
mod error;
mod fractional;
mod functions;
mod heap;
mod leaf;
mod optimizer;
mod path;
mod promise;
pub mod rivals;
mod roughness;
mod rule;
mod sampling;
mod scale;
mod settings;
mod state;
mod stop;

pub use answer::{Answer, Guarantee, Reason};
pub use bridge::Bridge;
pub use closure::{maximize, minimize};
pub use error::{Error, Result};
pub use fractional::FractionalPath;
pub use functions::{TestFunction, UnknownFunction};
pub use leaf::Leaf;
pub use optimizer::{Next, Optimizer, Query};
pub use path::BrownianPath;
pub use roughness::{Doubt, Hurst, Kurtosis, Roughness};
pub use rule::{Rule, width};
pub use sampling::Maximum;
pub use scale::{Estimate, Scale};
pub use settings::{Goal, Settings, Stop};
