//! Images from disk or drawn, augmentation, and seeded parallel loading. No tensor framework.

mod dataset;
mod error;
mod image;

pub use dataset::Dataset;
pub use error::{Error, Result};
pub use image::Image;
