//! What surrounds a learning method: run directories, metrics, checkpoints, generators, progress, interrupts,
//! statistics, figures and the reproduction engine.
//!
//! The straight way through a run: [`run::RunDirectory`] is created, [`metrics::Metrics`] and
//! [`checkpoint::Checkpoints`] write into it, [`progress::Progress`] tells people on stderr, and
//! [`interrupt::requested`] ends the loop after a clean save. [`reproduction`] runs many such jobs and judges a claim.
//!
//! There is no tensor framework here and no training loop: a checkpoint is named byte sections, a metric is a name
//! and an `f64`.

pub mod checkpoint;
mod error;
pub mod figure;
pub mod file;
pub mod interrupt;
pub mod metrics;
pub mod progress;
pub mod proportion;
pub mod reproduction;
pub mod rng;
pub mod run;
pub mod settings;
pub mod sketch;
pub mod statistics;
pub mod table;

pub use error::{Error, Result};
