//! The lines of `metrics.jsonl`, written and read.

use std::path::Path;

use serde::Serialize;
use serde_json::{Map, Value};

use super::number;
use crate::{Error, Result, file};

/// What was logged for one step by one call.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct MetricRecord {
    /// The step.
    pub step: u64,
    /// Names and values, in the order logged.
    pub values: Vec<(String, f64)>,
}

impl MetricRecord {
    /// The value of a metric, if it was logged here.
    pub fn get(&self, name: &str) -> Option<f64> {
        self.values.iter().find(|(key, _)| key == name).map(|(_, value)| *value)
    }
}

/// Reads `metrics.jsonl`. A last line without its end, left by a kill, is skipped.
///
/// # Errors
/// [`Error::Read`] if the file cannot be read, [`Error::Json`] if a line is not a record.
pub fn read_metrics(path: &Path) -> Result<Vec<MetricRecord>> {
    let bytes = file::read(path)?;
    whole_lines(&bytes)
        .map(|line| {
            parse(line).map_err(|source| Error::Json {
                path: path.to_owned(),
                expected: "metrics file of one object with a `step` a line",
                source,
            })
        })
        .collect()
}

/// One line, with its end.
pub(super) fn line(step: u64, values: &[(&str, f64)]) -> String {
    let mut object = Map::new();
    object.insert("step".to_owned(), Value::from(step));
    for (name, value) in values {
        object.insert((*name).to_owned(), number::to_json(*value));
    }
    format!("{}\n", Value::Object(object))
}

/// The whole lines of steps up to and including `step`; a line that cannot be read is dropped with the later ones.
pub(super) fn up_to(bytes: &[u8], step: u64) -> Vec<u8> {
    let mut kept = Vec::new();
    for line in whole_lines(bytes) {
        if parse(line).is_ok_and(|record| record.step <= step) {
            kept.extend_from_slice(line);
            kept.push(b'\n');
        }
    }
    kept
}

fn whole_lines(bytes: &[u8]) -> impl Iterator<Item = &[u8]> {
    bytes.split_inclusive(|byte| *byte == b'\n').filter_map(|line| line.strip_suffix(b"\n"))
}

fn parse(line: &[u8]) -> serde_json::Result<MetricRecord> {
    use serde::de::Error as _;

    let object: Map<String, Value> = serde_json::from_slice(line)?;
    let mut step = None;
    let mut values = Vec::with_capacity(object.len());
    for (name, value) in object {
        if name == "step" {
            step = value.as_u64();
        } else if let Some(number) = number::from_json(&value) {
            values.push((name, number));
        } else {
            return Err(serde_json::Error::custom(format!("`{name}` is not a number: {value}")));
        }
    }
    let step = step.ok_or_else(|| serde_json::Error::custom("no whole number `step`"))?;
    Ok(MetricRecord { step, values })
}
