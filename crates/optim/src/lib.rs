#![doc = include_str!("../README.md")]

mod config;
mod curvature;
mod error;
mod gradients;
mod optimizer;
mod rule;
mod schedule;
pub mod sharpness;
pub mod simplified;
mod tuned;
pub mod tuner;
mod vector;

pub use config::{OptimizerConfig, TrustRatio};
pub use curvature::{Along, Curvature, Differences, Exact};
pub use error::{Error, Result};
pub use gradients::{GradientAccumulator, clip_by_global_norm, global_norm};
pub use optimizer::{Optimizer, ParameterGroup};
pub use schedule::{Decay, Schedule, WarmupCosine};
pub use tuned::{Tuned, TunedStep};
pub use tuner::{Chosen, Landscape, Point, Tuner, TunerConfig};
