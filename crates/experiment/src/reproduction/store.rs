//! Results and scratch folders on disk.
//!
//! Below the output folder: `results/<id>.json`, `scratch/<id>/`, `logs/<id>.log`.

use std::fs::{self, File, TryLockError};
use std::path::{Path, PathBuf};
use std::time::Duration;

use super::job::{Job, JobResult};
use crate::progress::say;
use crate::{Error, Result, file, interrupt};

/// The layout of result files.
pub(super) const RESULT_VERSION: u32 = 1;

#[derive(Debug, Clone)]
pub(super) struct Store {
    root: PathBuf,
}

/// What is known of a job's result.
#[derive(Debug, Clone)]
pub(super) enum Stored {
    Done(Box<JobResult>),
    Stale,
    Missing,
}

impl Store {
    pub(super) fn new(root: PathBuf) -> Self {
        Self { root }
    }

    pub(super) fn root(&self) -> &Path {
        &self.root
    }

    pub(super) fn log(&self, job: &Job) -> PathBuf {
        self.root.join("logs").join(format!("{}.log", job.id))
    }

    pub(super) fn scratch(&self, job: &Job) -> PathBuf {
        self.root.join("scratch").join(&job.id)
    }

    pub(super) fn result_path(&self, job: &Job) -> PathBuf {
        self.root.join("results").join(format!("{}.json", job.id))
    }

    /// The result of a job if it is of this very description. One that cannot be read counts as stale: the job is
    /// run again, and its file is written over only by the new result.
    pub(super) fn load(&self, job: &Job) -> Result<Stored> {
        let path = self.result_path(job);
        if !path.exists() {
            return Ok(Stored::Missing);
        }
        let Ok(result) = serde_json::from_slice::<JobResult>(&file::read(&path)?) else {
            return Ok(Stored::Stale);
        };
        if result.version == RESULT_VERSION && result.hash == job.hash() {
            Ok(Stored::Done(Box::new(result)))
        } else {
            Ok(Stored::Stale)
        }
    }

    pub(super) fn save(&self, result: &JobResult) -> Result<()> {
        let path = self.result_path(&result.job);
        file::create_folder(path.parent().unwrap_or(&self.root))?;
        let mut text = serde_json::to_string_pretty(result).map_err(|source| Error::NotSerializable {
            what: format!("the result of `{}`", result.job.id),
            source,
        })?;
        text.push('\n');
        file::write(&path, text.as_bytes())
    }

    /// The job's scratch folder, emptied if it was left by a job of another description.
    pub(super) fn open_scratch(&self, job: &Job) -> Result<PathBuf> {
        let scratch = self.scratch(job);
        let owner = scratch.join("job.sha256");
        let hash = job.hash();
        if fs::read_to_string(&owner).ok().as_deref() != Some(hash.as_str()) {
            remove_folder(&scratch)?;
            file::create_folder(&scratch)?;
            file::write(&owner, hash.as_bytes())?;
        }
        Ok(scratch)
    }

    pub(super) fn remove_scratch(&self, job: &Job) -> Result<()> {
        remove_folder(&self.scratch(job))
    }

    /// Waits until no other process runs this job. The lock ends with the file, also if the process is killed.
    pub(super) fn lock(&self, job: &Job) -> Result<File> {
        let path = self.root.join("scratch").join(format!("{}.lock", job.id));
        file::create_folder(path.parent().unwrap_or(&self.root))?;
        let fail = |source| Error::Write { path: path.clone(), source };
        let lock = File::create(&path).map_err(fail)?;
        let mut has_told = false;
        loop {
            match lock.try_lock() {
                // Not every network file system has locks; then the rename of the result must do.
                Ok(()) | Err(TryLockError::Error(_)) => return Ok(lock),
                Err(TryLockError::WouldBlock) if interrupt::requested() => return Err(Error::Interrupted),
                Err(TryLockError::WouldBlock) => {
                    if !has_told {
                        say(&format!("job `{}` is being run by another process; waiting for it", job.id));
                        has_told = true;
                    }
                    std::thread::sleep(Duration::from_millis(200));
                }
            }
        }
    }
}

fn remove_folder(path: &Path) -> Result<()> {
    match fs::remove_dir_all(path) {
        Err(source) if source.kind() != std::io::ErrorKind::NotFound => {
            Err(Error::Write { path: path.to_owned(), source })
        }
        _ => Ok(()),
    }
}
