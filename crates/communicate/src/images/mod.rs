//! Pictures as objects: read into rows of pixels, and seen through an encoder that learns with its agent.
//!
//! The encoder needs crate `nn`, and is there with the feature `images`; reading is always there.

#[cfg(feature = "images")]
mod encoder;
mod read;

#[cfg(feature = "images")]
pub use encoder::ImageEncoder;
pub use read::{read, standardised};

/// Colours of a pixel.
pub(crate) const CHANNELS: usize = 3;
