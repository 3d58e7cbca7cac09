//! Weights in blocks of few bits, as GGUF files hold them: to numbers and back.
//!
//! A row of a matrix is cut into blocks of 32 or 256 numbers along its inputs. A block holds integer codes of two to eight
//! bits and, in half precision, a scale and in some formats a minimum; those of 256 numbers have in addition a coarse scale
//! for each 16 or 32 of them. [`BlockFormat`] names the formats, [`dequantise`] reads them, [`quantise`] makes them.
//!
//! What is not here: products with such weights, files, and weights of importance in the search for the scales.

// The formats are named as everywhere else.
#![allow(non_camel_case_types)]

mod affine;
mod block;
mod codes;
mod format;
mod lanes;
mod q2_k;
mod q3_k;
mod q4_k;
mod q5_k;
mod q6_k;
mod scales_and_mins;
mod symmetric;
mod thirty_two;

pub use block::{dequantise, quantise};
pub use format::BlockFormat;
