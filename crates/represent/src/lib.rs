#![doc = include_str!("../README.md")]

pub mod byol;
mod config;
mod curvature;
mod embed;
mod error;
pub mod evaluate;
pub mod export;
mod finetune;
pub mod import;
pub mod neighbours;
pub mod preset;
mod probe;
pub mod simclr;
pub mod supervised;
pub mod train;
mod trained;
mod update;
mod views;

/// The tensor library, for the types of this crate's interface.
pub use burn;
pub use config::{Method, MonitorConfig, OptimConfig, RepresentConfig, TargetConfig, ViewsConfig};
pub use curvature::{CurvatureReport, Look, curvature};
pub use embed::{Embeddings, embed};
pub use error::{Error, Result};
pub use finetune::{
    FinetuneConfig, Finetuned, Sweep, SweepScore, Swept, finetune, finetune_sweep, same_classes,
};
pub use import::{ImportError, Imported, import};
pub use neighbours::{Neighbour, NeighbourRow, nearest_rows, neighbours_picture};
pub use train::train;
pub use trained::TrainedEncoder;
