//! Metrics of a run: one JSON object a line, and TensorBoard events beside it.
//!
//! A line is `{"step":120,"loss/total":0.731}`: the step first, then the metrics as logged. No clock is in it, so two
//! equal runs have equal files; the events carry the time. What is not finite is written as the text `"NaN"`,
//! `"Infinity"` or `"-Infinity"`, which keeps the line valid JSON and is understood by `float()` in Python.
//!
//! Logging never stops a run: the first failure is told on stderr and logging goes on trying.
//! Trackers on the network are left out; both formats are read by what people already have.

mod event;
pub mod number;
mod read;

use std::fs::{self, File, OpenOptions};
use std::io::Write;
use std::path::{Path, PathBuf};
use std::time::{SystemTime, UNIX_EPOCH};

pub use event::{ScalarEvent, read_events};
pub use read::{MetricRecord, read_metrics};

use crate::run::RunDirectory;
use crate::{Error, Result, file};

/// Writes the metrics of a run.
#[derive(Debug)]
pub struct Metrics {
    lines: Sink,
    events: Sink,
}

impl Metrics {
    /// Starts the metrics of a new run; what the files held is gone.
    ///
    /// # Errors
    /// [`Error::Write`] if the files cannot be created.
    pub fn create(run: &RunDirectory) -> Result<Self> {
        let lines = Sink::create(&run.metrics_path())?;
        let mut events = Sink::create(&run.events_path())?;
        events.write(&event::file_version(now()));
        Ok(Self { lines, events })
    }

    /// Continues the metrics of a run from the checkpoint of `step`: everything logged for later steps is dropped, so
    /// that the files of a resumed run equal those of an uninterrupted one.
    ///
    /// # Errors
    /// [`Error::Read`], [`Error::Write`] or [`Error::DiskFull`] if the files cannot be read or rewritten.
    pub fn resume(run: &RunDirectory, step: u64) -> Result<Self> {
        let (lines, events) = (run.metrics_path(), run.events_path());
        if lines.exists() {
            file::write(&lines, &read::up_to(&file::read(&lines)?, step))?;
        }
        let kept = if events.exists() { event::up_to(&file::read(&events)?, step) } else { Vec::new() };
        if kept.is_empty() {
            file::write(&events, &event::file_version(now()))?;
        } else {
            file::write(&events, &kept)?;
        }
        Ok(Self { lines: Sink::append(&lines)?, events: Sink::append(&events)? })
    }

    /// Logs metrics of a step, for instance `&[("loss/total", 0.7), ("eval/top1", 61.2)]`.
    pub fn log(&mut self, step: u64, values: &[(&str, f64)]) {
        self.lines.write(read::line(step, values).as_bytes());
        self.events.write(&event::scalars(now(), step, values));
    }
}

fn now() -> f64 {
    SystemTime::now().duration_since(UNIX_EPOCH).map_or(0.0, |time| time.as_secs_f64())
}

/// A file that is appended to, whose failures are told once and forgiven.
#[derive(Debug)]
struct Sink {
    path: PathBuf,
    file: File,
    has_failed: bool,
}

impl Sink {
    fn create(path: &Path) -> Result<Self> {
        let file = File::create(path).map_err(|source| Error::Write { path: path.to_owned(), source })?;
        Ok(Self { path: path.to_owned(), file, has_failed: false })
    }

    fn append(path: &Path) -> Result<Self> {
        let file = OpenOptions::new()
            .create(true)
            .append(true)
            .open(path)
            .map_err(|source| Error::Write { path: path.to_owned(), source })?;
        Ok(Self { path: path.to_owned(), file, has_failed: false })
    }

    /// One write per record: a kill leaves whole records, but for at most the last one.
    fn write(&mut self, bytes: &[u8]) {
        let length = fs::metadata(&self.path).map(|metadata| metadata.len());
        let Err(reason) = self.file.write_all(bytes) else { return };
        // Half a record would spoil what follows.
        if let Ok(length) = length {
            let _ = self.file.set_len(length);
        }
        if !self.has_failed {
            self.has_failed = true;
            eprintln!(
                "warning: cannot log to `{}`: {reason}; the run goes on without these metrics",
                self.path.display()
            );
        }
    }
}
