//! Gemma 2: reads, tokenizes for, runs and quantises the open language models of Gemma Team (2024), arXiv 2408.00118.

mod aside;
mod config;
mod error;
pub mod generate;
pub mod gguf;
pub mod model;
mod perplexity;
pub mod quantize;
pub mod safetensors;
pub mod sampling;
pub mod tokenizer;
pub mod weights;

pub use config::Config;
pub use error::{Error, Result};
pub use perplexity::{Perplexity, perplexity};
pub use tokenizer::Tokenizer;
