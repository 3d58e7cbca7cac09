//! Runs all jobs as child processes of the same executable, some at a time.
//!
//! A child has its own threads, and a crash loses its own job only. Children run in process groups of their own, so
//! that Ctrl-C reaches them once, through the parent; one whose parent is gone saves and stops by itself.

use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::time::Duration;

use serde::Serialize;

use super::context::{PARENT, read_progress};
use super::engine::{JobState, Reproduction};
use super::job::Job;
use super::store::Stored;
use super::view::{RunningJob, View};
use crate::{Error, Result, file, interrupt};

const POLL: Duration = Duration::from_millis(100);
/// Lines of a failed job's log that are shown.
const TAIL: usize = 12;

/// What [`Reproduction::run_all`] came to. Finished jobs are kept whatever happened to others.
#[derive(Debug, Clone, Default, Serialize)]
pub struct RunOutcome {
    /// Jobs whose results were there before.
    pub kept: Vec<String>,
    /// Jobs that were finished now.
    pub finished: Vec<String>,
    /// Jobs that failed.
    pub failed: Vec<JobFailure>,
    /// Whether it was interrupted; the same command continues.
    pub is_interrupted: bool,
}

/// A job that failed.
#[derive(Debug, Clone, Serialize)]
pub struct JobFailure {
    /// The job.
    pub id: String,
    /// How its process ended.
    pub reason: String,
    /// Everything it printed.
    pub log: PathBuf,
    /// The last lines of that.
    pub tail: String,
}

struct Running {
    job: Job,
    child: Child,
}

impl Reproduction<'_> {
    /// Runs the jobs that have no result, `jobs_in_parallel` at a time, each in a child process that `spawn` gives
    /// the command for: the same executable, told to run that one job. What children print goes to `logs/<id>.log`.
    ///
    /// A child that exits with code 0 must have left a result. After an interrupt no job is started, and those that
    /// run are asked to save.
    ///
    /// # Errors
    /// [`Error::JobId`], [`Error::Read`] or [`Error::Write`] before anything is started. A job that fails is no
    /// error: it is in [`RunOutcome::failed`].
    pub fn run_all(&self, jobs_in_parallel: usize, spawn: &dyn Fn(&Job) -> Command) -> Result<RunOutcome> {
        let mut outcome = RunOutcome::default();
        let mut waiting = Vec::new();
        for status in self.status()? {
            match status.state {
                JobState::Done => outcome.kept.push(status.job.id),
                JobState::Stale | JobState::Missing => waiting.push(status.job),
            }
        }
        let mut view = View::new(self.display, waiting.len(), outcome.kept.len());
        let mut waiting = waiting.into_iter();
        let mut running: Vec<Running> = Vec::new();
        loop {
            if interrupt::requested() && !outcome.is_interrupted {
                outcome.is_interrupted = true;
                view.note("interrupted: running jobs save and stop");
                for job in &mut running {
                    ask_to_stop(&mut job.child);
                }
            }
            while !outcome.is_interrupted && running.len() < jobs_in_parallel.max(1) {
                let Some(job) = waiting.next() else { break };
                match self.start(&job, spawn) {
                    Ok(child) => {
                        view.started(&job.id);
                        running.push(Running { job, child });
                    }
                    Err(error) => {
                        let failure = self.failure(&job, error.to_string());
                        view.failed(&failure);
                        outcome.failed.push(failure);
                    }
                }
            }
            if running.is_empty() {
                break;
            }
            std::thread::sleep(POLL);
            let (ended, still) = split_ended(running);
            running = still;
            for (job, status) in ended {
                self.settle(&job, status, &mut outcome, &mut view);
            }
            view.update(running.iter().map(|running| self.observe(&running.job)));
        }
        view.end(&outcome);
        Ok(outcome)
    }

    fn start(&self, job: &Job, spawn: &dyn Fn(&Job) -> Command) -> Result<Child> {
        let log = self.store.log(job);
        file::create_folder(log.parent().unwrap_or(Path::new(".")))?;
        let fail = |source| Error::Write { path: log.clone(), source };
        let output = File::options().create(true).append(true).open(&log).map_err(fail)?;
        let errors = output.try_clone().map_err(fail)?;
        let mut command = spawn(job);
        command
            .stdin(Stdio::null())
            .stdout(output)
            .stderr(errors)
            .env(PARENT, std::process::id().to_string());
        detach(&mut command);
        command.spawn().map_err(|source| Error::Spawn {
            id: job.id.clone(),
            program: command.get_program().to_string_lossy().into_owned(),
            source,
        })
    }

    /// Books a child that has ended.
    fn settle(&self, job: &Job, status: ExitStatus, outcome: &mut RunOutcome, view: &mut View) {
        let has_result = matches!(self.store.load(job), Ok(Stored::Done(_)));
        if has_result {
            // Even if the process died after it wrote: the result is whole.
            view.finished(&job.id);
            outcome.finished.push(job.id.clone());
        } else if outcome.is_interrupted && status.code() == Some(interrupt::EXIT_CODE) {
            view.stopped(&job.id);
        } else {
            let reason = if status.success() {
                "its process ended without a result".to_owned()
            } else {
                format!("its process ended with {status}")
            };
            let failure = self.failure(job, reason);
            view.failed(&failure);
            outcome.failed.push(failure);
        }
    }

    fn failure(&self, job: &Job, reason: String) -> JobFailure {
        let log = self.store.log(job);
        let tail = tail(&fs::read(&log).unwrap_or_default());
        JobFailure { id: job.id.clone(), reason, log, tail }
    }

    fn observe(&self, job: &Job) -> RunningJob {
        RunningJob {
            id: job.id.clone(),
            progress: read_progress(&self.store.scratch(job)).unwrap_or_default(),
        }
    }
}

fn split_ended(running: Vec<Running>) -> (Vec<(Job, ExitStatus)>, Vec<Running>) {
    let (mut ended, mut still) = (Vec::new(), Vec::new());
    for mut process in running {
        match process.child.try_wait() {
            Ok(Some(status)) => ended.push((process.job, status)),
            // A process that cannot be waited for is asked again.
            Ok(None) | Err(_) => still.push(process),
        }
    }
    (ended, still)
}

fn tail(bytes: &[u8]) -> String {
    let text = String::from_utf8_lossy(bytes);
    let lines: Vec<&str> = text.lines().collect();
    lines[lines.len().saturating_sub(TAIL)..].join("\n")
}

#[cfg(unix)]
fn detach(command: &mut Command) {
    use std::os::unix::process::CommandExt;
    command.process_group(0);
}

#[cfg(not(unix))]
fn detach(_command: &mut Command) {}

#[cfg(unix)]
fn ask_to_stop(child: &mut Child) {
    // A child that has just ended is no failure.
    let _ =
        rustix::process::kill_process(rustix::process::Pid::from_child(child), rustix::process::Signal::INT);
}

#[cfg(not(unix))]
fn ask_to_stop(child: &mut Child) {
    let _ = child.kill();
}
