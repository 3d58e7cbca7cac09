//! Writing embeddings and encoders for other programs.

pub mod arrays;
