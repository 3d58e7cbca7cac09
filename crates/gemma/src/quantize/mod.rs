//! Checkpoints written anew, in other types of numbers and other files.
//!
//! [`to_gguf`] makes a GGUF file of any [`FileType`], [`to_safetensors`] a folder of Hugging Face. Both read any
//! [`Checkpoint`](crate::weights::Checkpoint) and hold a few megabytes of it at a time.
//!
//! What is not here: how numbers become blocks ([`autodidact_kernels::quantised`]), and weights of importance.

mod convert;
mod file_type;
mod mix;
mod progress;
#[cfg(test)]
mod tests;
mod to_gguf;
mod to_safetensors;

pub use file_type::FileType;
pub use progress::Progress;
pub use to_gguf::{Extras, Written, to_gguf};
pub use to_safetensors::to_safetensors;
