//! Metrics of a run: one JSON object a line, and `TensorBoard` events beside it.
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

use crate::progress::say;
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
            let path = self.path.display();
            say(&format!("warning: cannot log to `{path}`: {reason}; the run goes on without these metrics"));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn run() -> (tempfile::TempDir, RunDirectory) {
        let folder = tempfile::tempdir().unwrap();
        let run = RunDirectory::create(folder.path().join("run")).unwrap();
        (folder, run)
    }

    fn log(metrics: &mut Metrics, steps: std::ops::RangeInclusive<u64>) {
        for step in steps {
            metrics.log(step, &[("loss/total", 1.0 / step as f64), ("eval/top1", f64::NAN)]);
        }
    }

    #[test]
    fn lines_are_valid_json_with_the_step_first() {
        let (_folder, run) = run();
        let mut metrics = Metrics::create(&run).unwrap();
        metrics
            .log(3, &[("loss/total", 0.1), ("a", f64::NAN), ("b", f64::INFINITY), ("c", f64::NEG_INFINITY)]);
        let text = fs::read_to_string(run.metrics_path()).unwrap();
        assert_eq!(
            text,
            "{\"step\":3,\"loss/total\":0.1,\"a\":\"NaN\",\"b\":\"Infinity\",\"c\":\"-Infinity\"}\n"
        );
        let records = read_metrics(&run.metrics_path()).unwrap();
        assert_eq!((records[0].step, records[0].get("loss/total")), (3, Some(0.1)));
        assert!(records[0].get("a").unwrap().is_nan());
        assert_eq!(
            (records[0].get("b"), records[0].get("c")),
            (Some(f64::INFINITY), Some(f64::NEG_INFINITY))
        );
    }

    #[test]
    fn a_resumed_run_has_the_metrics_of_an_uninterrupted_one() {
        let (_first, straight) = run();
        log(&mut Metrics::create(&straight).unwrap(), 1..=10);

        let (_second, resumed) = run();
        log(&mut Metrics::create(&resumed).unwrap(), 1..=7);
        // A kill in the middle of a record.
        let mut lines = OpenOptions::new().append(true).open(resumed.metrics_path()).unwrap();
        lines.write_all(b"{\"step\":8,\"loss").unwrap();
        let mut events = OpenOptions::new().append(true).open(resumed.events_path()).unwrap();
        events.write_all(&[40, 0, 0]).unwrap();
        log(&mut Metrics::resume(&resumed, 5).unwrap(), 6..=10);

        assert_eq!(fs::read(straight.metrics_path()).unwrap(), fs::read(resumed.metrics_path()).unwrap());
        let scalars = |run: &RunDirectory| -> Vec<(u64, String, u32)> {
            let events = read_events(&fs::read(run.events_path()).unwrap());
            events.into_iter().map(|event| (event.step, event.tag, event.value.to_bits())).collect()
        };
        assert_eq!(scalars(&straight), scalars(&resumed));
    }

    #[test]
    fn resuming_from_nothing_starts_anew() {
        let (_folder, run) = run();
        log(&mut Metrics::resume(&run, 0).unwrap(), 1..=1);
        assert_eq!(read_metrics(&run.metrics_path()).unwrap().len(), 1);
        assert_eq!(read_events(&fs::read(run.events_path()).unwrap()).len(), 2);
    }

    #[test]
    fn an_unfinished_line_is_skipped_and_a_strange_one_is_an_error() {
        let (_folder, run) = run();
        fs::write(run.metrics_path(), "{\"step\":1,\"a\":2.0}\n{\"step\":2,\"a\"").unwrap();
        assert_eq!(read_metrics(&run.metrics_path()).unwrap().len(), 1);
        for strange in ["[]\n", "{\"a\":1}\n", "{\"step\":-1}\n", "{\"step\":1,\"a\":\"x\"}\n", "\u{7f}\n"] {
            fs::write(run.metrics_path(), strange).unwrap();
            let error = read_metrics(&run.metrics_path()).unwrap_err();
            assert!(matches!(error, Error::Json { .. }), "{strange}: {error}");
        }
    }

    #[cfg(target_os = "linux")]
    #[test]
    fn a_full_disk_does_not_stop_logging() {
        let full = OpenOptions::new().write(true).open("/dev/full").unwrap();
        let mut sink = Sink { path: "/dev/full".into(), file: full, has_failed: false };
        sink.write(b"line\n");
        sink.write(b"line\n");
        assert!(sink.has_failed);
    }

    proptest::proptest! {
        #[test]
        fn every_float_comes_back_bit_for_bit(value: f64, step: u64) {
            let line = read::line(step, &[("x", value)]);
            let (_folder, run) = run();
            fs::write(run.metrics_path(), line).unwrap();
            let records = read_metrics(&run.metrics_path()).unwrap();
            let found = records[0].get("x").unwrap();
            proptest::prop_assert!(found.to_bits() == value.to_bits() || (found.is_nan() && value.is_nan()));
            proptest::prop_assert_eq!(records[0].step, step);
        }
    }
}
