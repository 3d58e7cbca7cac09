use std::io;
use std::path::PathBuf;

use thiserror::Error;

/// What this crate's functions return.
pub type Result<T, E = Error> = std::result::Result<T, E>;

/// What can go wrong with a model, its files or a request.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum Error {
    /// A file cannot be read.
    #[error("cannot read `{}`: {source}", path.display())]
    Read {
        /// The file.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// A file cannot be written.
    #[error("cannot write `{}`: {source}", path.display())]
    Write {
        /// The file.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// A file is not what its name or its header promises.
    #[error("`{}` is not a {expected}: {found}", path.display())]
    Malformed {
        /// The file.
        path: PathBuf,
        /// What it should be, as in "GGUF file".
        expected: &'static str,
        /// What is wrong, and where.
        found: String,
    },
    /// Sizes or constants that make no model.
    #[error("`{name}` is {value}, expected {expected}")]
    Config {
        /// The field.
        name: &'static str,
        /// What it is.
        value: String,
        /// What it may be.
        expected: &'static str,
    },
}
