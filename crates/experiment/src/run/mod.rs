//! Run directories that explain themselves.
//!
//! | file | content |
//! |---|---|
//! | `config.toml` | the resolved configuration; can be fed back |
//! | `command.txt` | the command line |
//! | `environment.json` | versions, processor, threads, start time: [`Environment`] |
//! | `metrics.jsonl`, `events.out.tfevents.*` | see [`crate::metrics`] |
//! | `checkpoints/` | see [`crate::checkpoint`] |
//! | `figures/` | SVG and PNG |
//! | `.lock` | held by the process that trains, see [`RunDirectory::lock`] |
//! | `summary.json` | final results; its presence means that the run is finished |
//!
//! What the configuration means is the caller's: here it is text.

mod compare;
mod environment;
mod list;
mod show;

use std::fs::{self, File, TryLockError};
use std::io::ErrorKind;
use std::path::{Path, PathBuf};

use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::Value;

pub use compare::{Comparison, compare};
pub use environment::{Environment, command_line, quote};
pub use list::{RunEntry, list_runs, table};
pub use show::{MetricSummary, RunDetails, show};

use crate::checkpoint::Checkpoints;
use crate::{Error, Result, file};

const CONFIG: &str = "config.toml";
const COMMAND: &str = "command.txt";
const ENVIRONMENT: &str = "environment.json";
const SUMMARY: &str = "summary.json";
const LOCK: &str = ".lock";

/// A folder that holds one run.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RunDirectory {
    path: PathBuf,
}

impl RunDirectory {
    /// Whether [`RunDirectory::create`] would take `path`: it must not exist or must be empty, since nothing is
    /// overwritten.
    ///
    /// # Errors
    /// [`Error::RunExists`] if something is there.
    pub fn check_free(path: &Path) -> Result<()> {
        if path.exists() && !(path.is_dir() && file::entries(path)?.is_empty()) {
            return Err(Error::RunExists { path: path.to_owned() });
        }
        Ok(())
    }

    /// A new run in `path`, which must not exist or must be empty: nothing is overwritten. Of two processes that make the
    /// same new folder, one gets it.
    ///
    /// # Errors
    /// [`Error::RunExists`] if something is there, [`Error::Write`] if the folder cannot be made.
    pub fn create(path: impl Into<PathBuf>) -> Result<Self> {
        let path = path.into();
        Self::check_free(&path)?;
        if !path.exists() {
            if let Some(parent) = path.parent() {
                file::create_folder(parent)?;
            }
            fs::create_dir(&path).map_err(|source| match source.kind() {
                ErrorKind::AlreadyExists => Error::RunExists { path: path.clone() },
                _ => Error::Write { path: path.clone(), source },
            })?;
        }
        Ok(Self { path })
    }

    /// The run that is in `path`.
    ///
    /// # Errors
    /// [`Error::NotARun`] if there is no `config.toml`.
    pub fn open(path: impl Into<PathBuf>) -> Result<Self> {
        let path = path.into();
        if path.join(CONFIG).is_file() {
            Ok(Self { path })
        } else {
            Err(Error::NotARun { path, missing: CONFIG })
        }
    }

    /// Where it is.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Keeps other processes from training in this folder until the returned file is dropped or the process ends,
    /// however it ends.
    ///
    /// # Errors
    /// [`Error::RunInUse`] if another one does, [`Error::Write`] if the lock's file cannot be made.
    pub fn lock(&self) -> Result<File> {
        let path = self.path.join(LOCK);
        let lock = File::create(&path).map_err(|source| Error::Write { path, source })?;
        match lock.try_lock() {
            // Not every network file system has locks.
            Ok(()) | Err(TryLockError::Error(_)) => Ok(lock),
            Err(TryLockError::WouldBlock) => Err(Error::RunInUse { path: self.path.clone() }),
        }
    }

    /// Writes what explains the run: its resolved configuration, its command line (see [`command_line`]) and where
    /// it runs.
    ///
    /// # Errors
    /// [`Error::Write`] or [`Error::DiskFull`].
    pub fn describe(&self, config: &str, command: &str, environment: &Environment) -> Result<()> {
        file::write(&self.path.join(COMMAND), format!("{command}\n").as_bytes())?;
        self.write_json(ENVIRONMENT, environment)?;
        // Last, because it is what makes the folder a run.
        file::write(&self.path.join(CONFIG), config.as_bytes())
    }

    /// The configuration as written.
    ///
    /// # Errors
    /// [`Error::Read`].
    pub fn config(&self) -> Result<String> {
        self.read_text(CONFIG)
    }

    /// The command line as written.
    ///
    /// # Errors
    /// [`Error::Read`].
    pub fn command(&self) -> Result<String> {
        Ok(self.read_text(COMMAND)?.trim_end().to_owned())
    }

    /// Where it ran.
    ///
    /// # Errors
    /// [`Error::Read`] or [`Error::Json`].
    pub fn environment(&self) -> Result<Environment> {
        let path = self.path.join(ENVIRONMENT);
        serde_json::from_slice(&file::read(&path)?).map_err(|source| Error::Json {
            path,
            expected: "description of an environment",
            source,
        })
    }

    /// Writes something more that explains the run, as the file `name` beside its configuration.
    ///
    /// # Errors
    /// [`Error::NotSerializable`], [`Error::Write`] or [`Error::DiskFull`].
    pub fn write_json(&self, name: &str, value: &impl Serialize) -> Result<()> {
        let mut text = serde_json::to_string_pretty(value)
            .map_err(|source| Error::NotSerializable { what: format!("`{name}`"), source })?;
        text.push('\n');
        file::write(&self.path.join(name), text.as_bytes())
    }

    /// What [`RunDirectory::write_json`] wrote, or none if the run has no such file.
    ///
    /// # Errors
    /// [`Error::Read`] or [`Error::Json`].
    pub fn read_json<T: DeserializeOwned>(&self, name: &str, expected: &'static str) -> Result<Option<T>> {
        let path = self.path.join(name);
        if !path.exists() {
            return Ok(None);
        }
        let parsed = serde_json::from_slice(&file::read(&path)?);
        parsed.map(Some).map_err(|source| Error::Json { path, expected, source })
    }

    /// Writes the final results, which marks the run finished.
    ///
    /// # Errors
    /// [`Error::NotSerializable`], [`Error::Write`] or [`Error::DiskFull`].
    pub fn write_summary(&self, summary: &impl Serialize) -> Result<()> {
        self.write_json(SUMMARY, summary)
    }

    /// The final results, or none if the run is not finished.
    ///
    /// # Errors
    /// [`Error::Read`] or [`Error::Json`].
    pub fn summary(&self) -> Result<Option<Value>> {
        self.read_json(SUMMARY, "summary")
    }

    /// The file of the metrics.
    pub fn metrics_path(&self) -> PathBuf {
        self.path.join("metrics.jsonl")
    }

    /// The file of the `TensorBoard` events.
    pub fn events_path(&self) -> PathBuf {
        self.path.join("events.out.tfevents.0.autodidact")
    }

    /// The checkpoints.
    pub fn checkpoints(&self) -> Checkpoints {
        Checkpoints::new(self.path.join("checkpoints"))
    }

    /// The folder of the figures, made if it is not there.
    ///
    /// # Errors
    /// [`Error::Write`].
    pub fn figures(&self) -> Result<PathBuf> {
        let path = self.path.join("figures");
        file::create_folder(&path)?;
        Ok(path)
    }

    fn read_text(&self, name: &str) -> Result<String> {
        let path = self.path.join(name);
        fs::read_to_string(&path).map_err(|source| Error::Read { path, source })
    }
}
