//! Ranges of settings.

use crate::{Error, Result};

/// No bound.
pub const ANY: f64 = f64::MAX;

/// That a number lies between 1 and `most`, which `expected` says in words.
pub fn count(field: &'static str, value: usize, most: usize, expected: &'static str) -> Result<()> {
    let is_right = (1..=most).contains(&value);
    if is_right { Ok(()) } else { Err(Error::Setting { field, value: value.to_string(), expected }) }
}

/// That a number lies between two others, which `expected` says in words.
pub fn between(field: &'static str, value: f64, [low, high]: [f64; 2], expected: &'static str) -> Result<()> {
    let is_right = (low..=high).contains(&value);
    if is_right { Ok(()) } else { Err(Error::Setting { field, value: value.to_string(), expected }) }
}
