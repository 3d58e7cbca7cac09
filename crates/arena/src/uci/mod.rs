//! The Universal Chess Interface (S. Meyer-Kahlen 2006), for chess.

mod command;
mod engine;

pub use command::{Command, Go};
pub use engine::{Settings, serve};
