//! Residual networks, normalisation strategies, heads and the target network, on Burn.
//!
//! Shapes: pictures are `[N, 3, H, W]`, activations inside a network `[N, H, W, C]`, features
//! `[N, D]`. Weights have `PyTorch`'s layouts. Randomness comes from a generator that the caller passes.
//!
//! Left out: losses and training loops (the method crates), optimizers (`optim`), files.

#![doc = include_str!("../README.md")]

mod conv;
mod error;
mod initialise;
mod linear;
mod mlp;
mod mode;
mod norm;
pub mod ops;
mod pending;
mod precision;
mod resnet;
pub mod safetensors;
pub mod state;
mod target;
pub mod taylor;
mod transformer;
pub mod updates;
mod weight_standardisation;

pub use autodidact_kernels::{Instructions, Limits, profile};
pub use conv::Conv2d;
pub use error::{Error, Result};
pub use linear::Linear;
pub use mlp::{Mlp, MlpConfig};
pub use mode::Mode;
pub use norm::{Norm, NormConfig};
pub use precision::{Precision, PrecisionConfig, UnknownPrecision};
pub use resnet::{Block, ConvNorm, Depth, ResNet, ResNetConfig, Stem, StemKind, Tower, TowerConfig};
pub use state::{NamedTensor, TensorMap};
pub use target::{EmaSchedule, tau, update_target};
pub use transformer::{Transformer, TransformerBlock, TransformerConfig};
pub use weight_standardisation::standardise_weight;
