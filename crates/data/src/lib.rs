//! Images from disk or drawn, augmentation, and seeded parallel loading. No tensor framework.
//!
//! A [`Dataset`] comes from [`source::open`] or is drawn ([`procedural`]); [`augment`] makes views of its pictures and
//! [`loader`] batches them. [`inspect`] looks a dataset over before training. [`arrays`] writes and reads files of numbers that other
//! programs share.

pub mod arrays;
pub mod augment;
pub mod decode;
pub mod inspect;
pub mod loader;
pub mod procedural;
pub mod source;

mod area;
mod dataset;
mod error;
mod fingerprint;
mod image;

pub use dataset::Dataset;
pub use error::{ClassFolderProblem, Error, Fault, Result};
pub use fingerprint::fingerprint;
pub use image::Image;
