//! Gemma 2: reads, tokenizes for, runs and quantises the open language models of Gemma Team (2024), arXiv 2408.00118.

mod aside;
mod config;
mod error;
pub mod gguf;
pub mod quantize;
pub mod safetensors;
pub mod weights;
pub mod tokenizer;

pub use config::Config;
pub use error::{Error, Result};
pub use tokenizer::Tokenizer;
