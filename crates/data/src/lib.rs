//! Images from disk or drawn, augmentation, and seeded parallel loading. No tensor framework.

pub mod decode;
pub mod inspect;
pub mod procedural;
pub mod source;

pub mod augment;
mod area;
mod dataset;
mod error;
mod image;
pub mod loader;

pub use dataset::Dataset;
pub use error::{ClassFolderProblem, Error, Fault, Result};
pub use image::Image;
