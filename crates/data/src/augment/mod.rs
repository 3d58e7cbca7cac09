//! Random views of a picture: crop, flip, colour jitter, greyscale, blur, solarise, normalise.
//!
//! The pipeline is that of BYOL (Grill et al. 2020, appendix B and table 6), as published and as in the
//! authors' code; where torchvision defines an operation differently, its definition is an option. An
//! [`AugmentConfig`] says what to do, an [`Augment`] is a checked configuration, [`Augment::sample`] draws
//! every random quantity of one view into a [`Draw`], and [`Augment::apply`] turns a picture and a draw into
//! `[3, size, size]` floats. Nothing is random in `apply`, so a view can be stored, replayed and compared.
//!
//! Random numbers come from a [`Stream`] that is a pure function of `(seed, epoch, index, view)`: results do
//! not depend on the number of threads or on the order in which pictures are visited.
//!
//! ```
//! use autodidact_data::{Image, augment::{Augment, AugmentConfig, Scratch, Stream}};
//! let augment = Augment::new(AugmentConfig::byol_view1(32))?;
//! let image = Image::new(40, 48, vec![128; 40 * 48 * 3]);
//! let draw = augment.sample(&mut Stream::new(1, 0, 0, 0), image.width(), image.height());
//! let mut view = vec![0.0; augment.len()]; // [3, 32, 32]
//! augment.apply(&image, &draw, &mut Scratch::new(), &mut view);
//! # Ok::<(), autodidact_data::Error>(())
//! ```
//!
//! Left out: affine warps, cutout, mixing of pictures, and anything on video.

// Vectors wider than the build's baseline are had by compiling a loop once per instruction set (`pulp`) and choosing
// at run time; that reaches into a function only if it is inlined without fail.
#![allow(clippy::inline_always, clippy::needless_range_loop)]

mod blur;
mod color;
mod config;
mod draw;
mod pipeline;
mod preset;
mod resize;
mod stream;

pub use config::{
    AugmentConfig, Blur, ColorJitter, Crop, CropRule, Filter, JitterStyle, Normalize, Resample, Solarize,
};
pub use draw::{ColorOperation, Draw, JitterDraw, Region};
pub use pipeline::{Augment, Scratch};
pub use stream::Stream;
