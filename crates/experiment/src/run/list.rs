//! The runs under a folder.

use std::path::{Path, PathBuf};

use serde::Serialize;
use serde_json::Value;

use super::RunDirectory;
use crate::metrics::{number, read_metrics};
use crate::table::Table;
use crate::{Result, file};

/// How deep runs are looked for: `runs/project/experiment/run`.
const DEPTH: usize = 4;

/// What a list says of one run.
#[derive(Debug, Clone, Serialize)]
pub struct RunEntry {
    /// Its path below the folder that was listed.
    pub name: String,
    /// Where it is.
    pub path: PathBuf,
    /// Start, in seconds since 1970 (UTC); none if the environment cannot be read.
    pub started: Option<u64>,
    /// Whether it has a summary.
    pub is_finished: bool,
    /// The last step that was logged.
    pub step: Option<u64>,
    /// The last value of each metric, by name.
    #[serde(serialize_with = "serialize_metrics")]
    pub last: Vec<(String, f64)>,
    /// The summary.
    pub summary: Option<Value>,
}

/// The runs under `root`, by name. A run with damaged files is listed with what can be read of it.
///
/// # Errors
/// [`crate::Error::Read`] if `root` cannot be read.
pub fn list_runs(root: &Path) -> Result<Vec<RunEntry>> {
    let mut found = Vec::new();
    visit(root, DEPTH, &mut found)?;
    let mut entries: Vec<RunEntry> = found.iter().map(|run| entry(root, run)).collect();
    entries.sort_by(|a, b| a.name.cmp(&b.name));
    Ok(entries)
}

/// The list as a table: name, start, state, step, and the last of each metric in `metrics`.
pub fn table(entries: &[RunEntry], metrics: &[&str]) -> Table {
    let mut table =
        Table::new(["run", "started", "state", "step"].into_iter().chain(metrics.iter().copied()));
    for entry in entries {
        let mut row = vec![
            entry.name.clone(),
            entry.started.map_or_else(String::new, crate::table::utc),
            if entry.is_finished { "finished" } else { "unfinished" }.to_owned(),
            entry.step.map_or_else(String::new, |step| step.to_string()),
        ];
        row.extend(metrics.iter().map(|name| {
            let value = entry.last.iter().find(|(key, _)| key == name);
            value.map_or_else(String::new, |(_, value)| crate::table::number(*value))
        }));
        table.push(row);
    }
    table
}

/// The last value of each metric of a run, by name.
pub(super) fn last_metrics(run: &RunDirectory) -> (Option<u64>, Vec<(String, f64)>) {
    let records = read_metrics(&run.metrics_path()).unwrap_or_default();
    let step = records.iter().map(|record| record.step).max();
    let mut last = std::collections::BTreeMap::new();
    for record in records {
        last.extend(record.values);
    }
    (step, last.into_iter().collect())
}

fn visit(folder: &Path, depth: usize, found: &mut Vec<RunDirectory>) -> Result<()> {
    if let Ok(run) = RunDirectory::open(folder) {
        found.push(run);
    } else if depth > 0 {
        for path in file::entries(folder)? {
            if path.is_dir() && !path.is_symlink() {
                visit(&path, depth - 1, found)?;
            }
        }
    }
    Ok(())
}

fn entry(root: &Path, run: &RunDirectory) -> RunEntry {
    let relative = run.path().strip_prefix(root).unwrap_or(run.path());
    let name = if relative.as_os_str().is_empty() { run.path() } else { relative };
    let (step, last) = last_metrics(run);
    let summary = run.summary().unwrap_or_default();
    RunEntry {
        name: name.display().to_string(),
        path: run.path().to_owned(),
        started: run.environment().ok().map(|environment| environment.started),
        is_finished: summary.is_some(),
        step,
        last,
        summary,
    }
}

fn serialize_metrics<S: serde::Serializer>(
    metrics: &[(String, f64)],
    serializer: S,
) -> std::result::Result<S::Ok, S::Error> {
    serializer.collect_map(metrics.iter().map(|(name, value)| (name, number::to_json(*value))))
}
