//! Tests of the tokenizer.

mod chat;
mod common;
mod files;
mod gemma;
mod sentencepiece;
