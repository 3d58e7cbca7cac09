//! Numbers in JSON that may not be finite: `"NaN"`, `"Infinity"`, `"-Infinity"` as text, all others as numbers.
//!
//! For use as `#[serde(with = "autodidact_experiment::metrics::number")]`.

use serde::de::{Error, Unexpected};
use serde::{Deserialize, Deserializer, Serializer};
use serde_json::Value;

/// Writes a number.
///
/// # Errors
/// Those of the serializer.
pub fn serialize<S: Serializer>(value: &f64, serializer: S) -> Result<S::Ok, S::Error> {
    if value.is_finite() { serializer.serialize_f64(*value) } else { serializer.serialize_str(name(*value)) }
}

/// Reads a number.
///
/// # Errors
/// If it is neither a number nor one of the three texts.
pub fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<f64, D::Error> {
    let value = Value::deserialize(deserializer)?;
    from_json(&value).ok_or_else(|| {
        D::Error::invalid_value(
            Unexpected::Other(&value.to_string()),
            &"a number, \"NaN\", \"Infinity\" or \"-Infinity\"",
        )
    })
}

/// The JSON value of a number.
pub fn to_json(value: f64) -> Value {
    if value.is_finite() { Value::from(value) } else { Value::from(name(value)) }
}

/// The number of a JSON value, if it is one.
pub fn from_json(value: &Value) -> Option<f64> {
    match value {
        Value::Number(number) => number.as_f64(),
        Value::String(text) => match text.as_str() {
            "NaN" => Some(f64::NAN),
            "Infinity" => Some(f64::INFINITY),
            "-Infinity" => Some(f64::NEG_INFINITY),
            _ => None,
        },
        _ => None,
    }
}

fn name(value: f64) -> &'static str {
    if value.is_nan() {
        "NaN"
    } else if value > 0.0 {
        "Infinity"
    } else {
        "-Infinity"
    }
}
