//! Checkpoints: the weights of a model with its sizes, whatever files they come from.
//!
//! What is not here: how the files are laid out ([`gguf`](crate::gguf), [`safetensors`](crate::safetensors)), and the arithmetic of
//! the model.

mod checkpoint;
mod gguf_config;
mod json_config;
mod names;
mod summary;
#[cfg(test)]
mod tests;
mod tokenizer_arrays;

pub use autodidact_kernels::{Format, StoredMatrix};
pub use checkpoint::Checkpoint;
pub(crate) use gguf_config::{is_as_inferred, to_metadata};
pub(crate) use json_config::to_json;
pub use names::{LayerPart, TensorName};
pub use summary::{FormatBytes, Memory, Size, Summary};
