//! Several runs side by side: where their configurations differ, and what their metrics came to.

use std::collections::BTreeMap;

use serde::Serialize;

use super::RunDirectory;
use super::list::last_metrics;
use crate::Result;
use crate::table::{Table, number};

/// Runs side by side; every row has one cell per run.
#[derive(Debug, Clone, Serialize)]
pub struct Comparison {
    /// The runs' folders.
    pub runs: Vec<String>,
    /// Configuration keys that are not the same everywhere, with each run's value.
    pub config: Vec<(String, Vec<Option<String>>)>,
    /// Metrics with each run's last value.
    pub metrics: Vec<(String, Vec<Option<f64>>)>,
}

/// Compares runs.
///
/// # Errors
/// [`crate::Error::Read`] if a configuration cannot be read.
pub fn compare(runs: &[RunDirectory]) -> Result<Comparison> {
    let mut config: BTreeMap<String, Vec<Option<String>>> = BTreeMap::new();
    let mut metrics: BTreeMap<String, Vec<Option<f64>>> = BTreeMap::new();
    for (index, run) in runs.iter().enumerate() {
        for (key, value) in flatten(&run.config()?) {
            config.entry(key).or_insert_with(|| vec![None; runs.len()])[index] = Some(value);
        }
        for (name, value) in last_metrics(run).1 {
            metrics.entry(name).or_insert_with(|| vec![None; runs.len()])[index] = Some(value);
        }
    }
    config.retain(|_, values| values.iter().any(|value| *value != values[0]));
    Ok(Comparison {
        runs: runs.iter().map(|run| run.path().display().to_string()).collect(),
        config: config.into_iter().collect(),
        metrics: metrics.into_iter().collect(),
    })
}

impl Comparison {
    /// One table: differing settings first, then metrics.
    pub fn table(&self) -> Table {
        let mut table = Table::new(std::iter::once("").chain(self.runs.iter().map(String::as_str)));
        for (key, values) in &self.config {
            let cells = values.iter().map(|value| value.clone().unwrap_or_default());
            table.push(std::iter::once(key.clone()).chain(cells).collect());
        }
        for (name, values) in &self.metrics {
            let cells = values.iter().map(|value| value.map_or_else(String::new, number));
            table.push(std::iter::once(name.clone()).chain(cells).collect());
        }
        table
    }
}

/// `section.key = value` of a TOML text; a text that is not TOML has no keys.
fn flatten(config: &str) -> Vec<(String, String)> {
    let mut flat = Vec::new();
    if let Ok(table) = config.parse::<toml::Table>() {
        flatten_table("", &table, &mut flat);
    }
    flat
}

fn flatten_table(prefix: &str, table: &toml::Table, flat: &mut Vec<(String, String)>) {
    for (key, value) in table {
        let name = if prefix.is_empty() { key.clone() } else { format!("{prefix}.{key}") };
        match value {
            toml::Value::Table(inner) => flatten_table(&name, inner, flat),
            other => flat.push((name, other.to_string())),
        }
    }
}
