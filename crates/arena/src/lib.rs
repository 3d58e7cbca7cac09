//! Games with the tree search: at a terminal, against each other, and through protocols.
//!
//! [`Setup`] names a game and its board and calls a [`Visitor`] with the position it begins from, whatever the game's type
//! is. [`Session`] is a game in progress whose search goes on from move to move; [`play`], [`contest`], [`gtp`] and [`uci`]
//! are made of it.
//!
//! ```
//! use autodidact_arena::{Limits, Playable, Recipe, Result, Session, Setup, Visitor};
//!
//! /// The name of the move that a short search plays.
//! struct Best;
//!
//! impl Visitor for Best {
//!     type Output = Result<String>;
//!
//!     fn visit<G: Playable>(self, start: G) -> Result<String> {
//!         let mut session = Session::new(start, Recipe::Uct, 1);
//!         let output = session.think(Limits::simulations(500))?;
//!         Ok(session.game().action_name(output.action))
//!     }
//! }
//!
//! // X completes the row.
//! let setup = Setup { position: Some("XX- OO- ---".to_owned()), ..Setup::new("tic-tac-toe".parse()?) };
//! assert_eq!(setup.visit(Best)??, "c1");
//! # Ok::<(), autodidact_arena::Error>(())
//! ```

#![doc = include_str!("../README.md")]

mod bench;
mod contest;
mod draw;
mod elo;
mod error;
pub mod exam;
pub mod gtp;
mod line;
mod name;
mod nearest;
mod opinion;
mod play;
mod playable;
mod playouts;
mod recipe;
mod session;
mod setup;
mod shared;
mod tree;
pub mod uci;

pub use bench::{Speed, bench, playouts_per_second};
pub use contest::{Contest, Contestant, Finished, Tally, contest};
pub use elo::Elo;
pub use error::{Error, Result};
pub use line::{draw_chance, play_moves};
pub use name::GameName;
pub use opinion::{Opinion, table};
pub use play::{Beginner, Ending, Match, play};
pub use playable::Playable;
pub use playouts::GoPlayouts;
pub use recipe::Recipe;
pub use session::{Limits, Session};
pub use setup::{Setup, Size, Visitor};
pub use shared::Shared;
pub use tree::NamedTree;
