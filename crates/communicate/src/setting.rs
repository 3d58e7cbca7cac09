//! Ranges of settings.

use crate::{Error, Result};

/// That a number lies between 1 and `most`.
pub fn count(name: &'static str, value: usize, most: usize) -> Result<()> {
    require((1..=most).contains(&value), name, value, format!("1 to {most}"))
}

/// That a number is finite and lies between two others.
pub fn between(name: &'static str, value: f64, [low, high]: [f64; 2]) -> Result<()> {
    require(value >= low && value <= high, name, value, format!("a number from {low} to {high}"))
}

/// That something holds of a setting.
pub fn require(
    is_right: bool,
    name: &'static str,
    value: impl std::fmt::Display,
    expected: impl Into<String>,
) -> Result<()> {
    if is_right {
        Ok(())
    } else {
        Err(Error::Setting { name, value: value.to_string(), expected: expected.into() })
    }
}
