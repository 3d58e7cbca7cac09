//! One run in full: what it was, and what its metrics did.

use std::collections::BTreeMap;

use serde::Serialize;
use serde_json::Value;

use super::{Environment, RunDirectory};
use crate::Result;
use crate::metrics::{number, read_metrics};
use crate::table::{self, Table};

/// All that a run directory tells.
#[derive(Debug, Clone, Serialize)]
pub struct RunDetails {
    /// The command line.
    pub command: String,
    /// The resolved configuration, as text.
    pub config: String,
    /// What it ran on.
    pub environment: Environment,
    /// The final results, if it is finished.
    pub summary: Option<Value>,
    /// Steps there are checkpoints of.
    pub checkpoints: Vec<u64>,
    /// Each metric, by name.
    pub metrics: Vec<MetricSummary>,
}

/// What a metric did over a run. Values that are not numbers count for `last` alone.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct MetricSummary {
    /// Its name.
    pub name: String,
    /// How often it was logged.
    pub count: usize,
    /// Smallest value.
    #[serde(with = "number")]
    pub min: f64,
    /// Largest value.
    #[serde(with = "number")]
    pub max: f64,
    /// Last value.
    #[serde(with = "number")]
    pub last: f64,
    /// Step of the last value.
    pub last_step: u64,
}

/// Reads a run.
///
/// # Errors
/// [`crate::Error::Read`] or [`crate::Error::Json`] if one of its files cannot be read. A run that has not logged yet
/// has no metrics.
pub fn show(run: &RunDirectory) -> Result<RunDetails> {
    let path = run.metrics_path();
    let records = if path.exists() { read_metrics(&path)? } else { Vec::new() };
    let mut metrics: BTreeMap<String, MetricSummary> = BTreeMap::new();
    for record in records {
        for (name, value) in record.values {
            let summary = metrics.entry(name.clone()).or_insert_with(|| MetricSummary {
                name,
                count: 0,
                min: f64::NAN,
                max: f64::NAN,
                last: value,
                last_step: record.step,
            });
            summary.count += 1;
            // `f64::min` and `f64::max` pass over NaN.
            summary.min = summary.min.min(value);
            summary.max = summary.max.max(value);
            (summary.last, summary.last_step) = (value, record.step);
        }
    }
    Ok(RunDetails {
        command: run.command()?,
        config: run.config()?,
        environment: run.environment()?,
        summary: run.summary()?,
        checkpoints: run.checkpoints().steps()?,
        metrics: metrics.into_values().collect(),
    })
}

impl RunDetails {
    /// The metrics as a table.
    pub fn metrics_table(&self) -> Table {
        let mut table = Table::new(["metric", "logged", "min", "max", "last", "at step"]);
        for metric in &self.metrics {
            let numbers = [metric.min, metric.max, metric.last].map(table::number);
            let mut row = vec![metric.name.clone(), metric.count.to_string()];
            row.extend(numbers);
            row.push(metric.last_step.to_string());
            table.push(row);
        }
        table
    }
}
