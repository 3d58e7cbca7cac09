#![doc = include_str!("../README.md")]

pub mod byol;
mod config;
mod embed;
mod error;
pub mod evaluate;
pub mod export;
pub mod preset;
mod probe;
pub mod simclr;
pub mod supervised;
pub mod train;
mod update;
mod views;

pub use config::{Method, RepresentConfig, TargetConfig, ViewsConfig};
pub use embed::{Embeddings, embed};
pub use error::{Error, Result};
pub use train::train;
