//! Games for tree search and self-play, behind one trait.
//!
//! [`Game`] is what a search needs to know: whose turn it is, the legal moves, what a move does. [`Observe`] adds what a
//! network sees, [`Notation`] what a person reads and types.

mod error;
mod game;
mod notation;
mod observe;

pub use error::{Error, Result};
pub use game::{Action, Game, Turn};
pub use notation::Notation;
pub use observe::Observe;
