//! Emergent communication: Lewis games, without a tensor framework but for agents that see pictures (feature `images`).
//!
//! A *language* is a table of [`Objects`] and a table of [`Messages`], a message for each object ([`Language`]); both can come from
//! anywhere ([`files`] reads those of numpy). [`measures`] tells how such a language is built. [`game`] makes objects, splits and
//! messages; [`agents`] speak and listen, and [`training`] teaches them. [`decomposition`] takes the loss of a speaker and a listener apart.
//!
//! ```
//! use autodidact_communicate::{Language, Messages, Objects, measures};
//!
//! // Two attributes of two values; each symbol of a message names one of them.
//! let objects = Objects::from_rows(&[[0, 0], [0, 1], [1, 0], [1, 1]])?;
//! let messages = Messages::from_rows(&[[1, 3], [1, 4], [2, 3], [2, 4]])?;
//! let language = Language::new(objects, messages)?;
//! assert_eq!(measures::topographic_similarity(&language), Some(1.0));
//! assert_eq!(measures::posdis(&language), Some(1.0));
//! # Ok::<(), autodidact_communicate::Error>(())
//! ```

#![doc = include_str!("../README.md")]

pub mod agents;
pub mod decomposition;
pub mod files;
pub mod game;
pub mod images;
pub mod measures;
pub mod training;

mod error;
mod features;
mod language;
mod messages;
mod objects;
mod rows;
mod setting;

pub use error::{Error, Result};
pub use features::Features;
pub use language::Language;
pub use messages::{END, Messages};
pub use objects::Objects;
