//! Learning systems that teach themselves.
//!
//! This crate gathers the toolkit under short names; each part also stands alone.
//!
//! ```
//! use autodidact::represent::preset;
//! let config = preset::named("cpu-small").unwrap();
//! assert_eq!(config.encoder.output_size(), 64);
//! ```

#[doc(inline)]
pub use autodidact_arena as arena;
#[doc(inline)]
pub use autodidact_brownian as brownian;
#[doc(inline)]
pub use autodidact_communicate as communicate;
#[doc(inline)]
pub use autodidact_data as data;
#[doc(inline)]
pub use autodidact_experiment as experiment;
#[doc(inline)]
pub use autodidact_games as games;
#[doc(inline)]
pub use autodidact_gemma as gemma;
#[doc(inline)]
pub use autodidact_mcts as mcts;
#[doc(inline)]
pub use autodidact_nn as nn;
#[doc(inline)]
pub use autodidact_optim as optim;
#[doc(inline)]
pub use autodidact_represent as represent;
#[doc(inline)]
pub use autodidact_reproduce as reproduce;
#[doc(inline)]
pub use autodidact_selfplay as selfplay;

/// Runs the README's Rust examples as tests.
#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct Readme;
