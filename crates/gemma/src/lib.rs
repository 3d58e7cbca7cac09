//! Gemma 2: reads, tokenizes for, runs and quantises the open language models of Gemma Team (2024), arXiv 2408.00118.

mod error;
pub mod tokenizer;

pub use error::{Error, Result};
pub use tokenizer::Tokenizer;
