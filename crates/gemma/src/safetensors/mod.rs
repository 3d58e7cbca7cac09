//! Folders of Hugging Face: `config.json`, and weights in one or several `*.safetensors`.
//!
//! What is not here: what the tensors are for, and weights pickled by `PyTorch`.

mod folder;
#[cfg(test)]
mod tests;
mod writer;

pub use folder::Folder;
pub use writer::{TensorPlan, Writer};
