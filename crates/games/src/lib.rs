//! Games for tree search and self-play, behind one trait.
//!
//! [`Game`] is what a search needs to know: whose turn it is, the legal moves, what a move does. [`Observe`] adds what a
//! network sees, [`Notation`] what a person reads and types.
//!
//! For two: [`TicTacToe`], [`ConnectFour`] with a perfect [`Solver`](connect_four::Solver), [`Othello`] with a perfect
//! [`Endgame`](othello::Endgame), [`Hex`], [`Go`], [`Chess`]. For one: [`Game2048`], in which chance has its turns, and
//! [`CartPole`], whose moves are forces.
//!
//! ```
//! use autodidact_games::{ConnectFour, Game, Notation, Turn};
//!
//! let mut game = ConnectFour::default();
//! for name in ["4", "3", "4", "3", "4", "3"] {
//!     game.try_play(game.parse_action(name)?)?;
//! }
//! assert_eq!(game.turn(), Turn::First);
//! assert_eq!(game.play(3), 1.0);
//! # Ok::<(), autodidact_games::Error>(())
//! ```

#![doc = include_str!("../README.md")]

mod balance;
mod bits;
pub mod cart_pole;
mod chess;
pub mod connect_four;
mod error;
mod game;
mod game2048;
pub mod go;
mod hex;
mod notation;
mod observe;
pub mod othello;
mod square;
mod symmetry;
mod tic_tac_toe;

pub use balance::Balance;
pub use cart_pole::CartPole;
pub use chess::Chess;
pub use connect_four::ConnectFour;
pub use error::{Error, Result};
pub use game::{Action, Game, Turn};
pub use game2048::Game2048;
pub use go::Go;
pub use hex::Hex;
pub use notation::Notation;
pub use observe::Observe;
pub use othello::Othello;
pub use tic_tac_toe::TicTacToe;
