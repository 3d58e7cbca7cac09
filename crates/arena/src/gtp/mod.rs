//! The Go Text Protocol, version 2 (G. Farnebäck 2002, <https://www.lysator.liu.se/~gunnar/gtp/gtp2-spec-draft2/gtp2-spec.html>),
//! for Go, and with the same commands for Hex.

mod clock;
mod command;
mod engine;

pub use command::Command;
pub use engine::{GtpGame, Settings, serve};
