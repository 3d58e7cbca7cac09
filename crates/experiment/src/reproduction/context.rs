//! What a running job gets: a folder to continue from, the plan, and a way to tell how far it is.

use std::fs;
use std::path::Path;
use std::sync::Mutex;
use std::time::{Duration, Instant};

use serde::{Deserialize, Serialize};

use super::plan::Plan;
use crate::interrupt;
use crate::progress::{Display, Progress};

/// What a job may fail with: any error.
pub type JobError = Box<dyn std::error::Error + Send + Sync>;

/// What a job returns when it stopped because of [`interrupt::requested`], after a clean save. Somebody pressed Ctrl-C, or
/// the process that started this one is gone.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("interrupted after a clean save")]
pub struct Interrupted;

/// The environment variable that tells a child who its parent is.
pub(super) const PARENT: &str = "AUTODIDACT_PARENT";

/// How often the state of a job is written for its parent.
const INTERVAL: Duration = Duration::from_millis(500);

/// How far a job is, as it tells its parent through a file.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub(super) struct JobProgress {
    pub(super) step: u64,
    pub(super) total: u64,
    pub(super) metrics: Vec<(String, f64)>,
    /// Seconds of work so far, over all the times the job was continued.
    pub(super) seconds: f64,
}

/// What a running job gets.
#[derive(Debug)]
pub struct JobContext<'a> {
    /// A folder of the job's own, which survives a kill: checkpoints go here. It is empty when the job runs for the
    /// first time or its description has changed, and removed when the result is there.
    pub scratch: &'a Path,
    /// The plan.
    pub plan: &'a Plan,
    state: Mutex<State>,
}

#[derive(Debug)]
struct State {
    display: Display,
    progress: Option<Progress>,
    started: Instant,
    seconds_before: f64,
    written: Option<Instant>,
    label: String,
}

impl<'a> JobContext<'a> {
    /// A context for a job that is run outside the engine, for instance in a test. Nothing is shown.
    pub fn new(scratch: &'a Path, plan: &'a Plan) -> Self {
        Self::with_display(scratch, plan, "", Display::Quiet)
    }

    pub(super) fn with_display(scratch: &'a Path, plan: &'a Plan, label: &str, display: Display) -> Self {
        let seconds_before = read_progress(scratch).map_or(0.0, |progress| progress.seconds);
        let state = State {
            display,
            progress: None,
            started: Instant::now(),
            seconds_before,
            written: None,
            label: label.to_owned(),
        };
        Self { scratch, plan, state: Mutex::new(state) }
    }

    /// Tells how far the job is, with the one or two metrics that matter. Cheap enough for every step.
    pub fn progress(&self, step: u64, total: u64, metrics: &[(&str, f64)]) {
        let mut state = self.state.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        let State { display, progress, label, .. } = &mut *state;
        progress.get_or_insert_with(|| Progress::new(label, total, *display)).set(step, metrics);
        if state.written.is_none_or(|written| written.elapsed() >= INTERVAL) || step >= total {
            state.written = Some(Instant::now());
            let progress = JobProgress {
                step,
                total,
                metrics: metrics.iter().map(|(name, value)| ((*name).to_owned(), *value)).collect(),
                seconds: state.seconds(),
            };
            write_progress(self.scratch, &progress);
        }
    }

    /// Seconds of work so far, over all the times the job was continued.
    pub(super) fn seconds(&self) -> f64 {
        self.state.lock().unwrap_or_else(std::sync::PoisonError::into_inner).seconds()
    }

    /// Ends the display, and keeps the time spent for a continuation.
    pub(super) fn finish(&self) {
        let seconds = self.seconds();
        let state = self.state.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        if let Some(progress) = &state.progress {
            progress.finish();
        }
        let last = read_progress(self.scratch).unwrap_or_default();
        write_progress(self.scratch, &JobProgress { seconds, ..last });
    }
}

impl State {
    fn seconds(&self) -> f64 {
        self.seconds_before + self.started.elapsed().as_secs_f64()
    }
}

/// How far the job of a scratch folder is, as far as it told.
pub(super) fn read_progress(scratch: &Path) -> Option<JobProgress> {
    serde_json::from_slice(&fs::read(scratch.join("progress.json")).ok()?).ok()
}

/// Best effort: a job does not stop because it cannot tell how far it is.
fn write_progress(scratch: &Path, progress: &JobProgress) {
    let Ok(bytes) = serde_json::to_vec(progress) else { return };
    // Renamed so that no half is read, but not synced: it is of no use after a power cut.
    let partial = scratch.join("progress.json.partial");
    if fs::write(&partial, bytes).is_ok() {
        let _ = fs::rename(partial, scratch.join("progress.json"));
    }
}

/// Asks the work to save and stop once the process that started this one is gone. Does nothing in a process that has no
/// such parent.
pub(super) fn stop_when_orphaned() {
    if std::env::var_os(PARENT).is_none() {
        return;
    }
    std::thread::spawn(|| {
        while !is_orphan() {
            std::thread::sleep(INTERVAL);
        }
        interrupt::request();
    });
}

#[cfg(unix)]
fn is_orphan() -> bool {
    let parent = std::env::var(PARENT).ok().and_then(|text| text.parse::<u32>().ok());
    parent.is_some_and(|parent| std::os::unix::process::parent_id() != parent)
}

#[cfg(not(unix))]
fn is_orphan() -> bool {
    false
}
