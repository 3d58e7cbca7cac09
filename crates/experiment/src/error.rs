//! What can go wrong around an experiment: one enum for the crate.

use std::path::PathBuf;

/// Result with this crate's [`Error`].
pub type Result<T> = std::result::Result<T, Error>;

/// What can go wrong around an experiment. Each message says what happened, what was expected and what to do.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// The operating system refused to read.
    #[error("cannot read `{path}`: {source}")]
    Read {
        /// The file or folder.
        path: PathBuf,
        /// The system's reason.
        source: std::io::Error,
    },

    /// The operating system refused to write.
    #[error("cannot write `{path}`: {source}")]
    Write {
        /// The file or folder.
        path: PathBuf,
        /// The system's reason.
        source: std::io::Error,
    },

    /// The disk filled up while writing. What was there before is untouched, and the partial file is removed.
    #[error(
        "no space left to write `{path}` ({needed} bytes needed); the previous version is intact\n\
         hint: free some space, or write elsewhere, and run again"
    )]
    DiskFull {
        /// The file that was not written.
        path: PathBuf,
        /// Its full size in bytes.
        needed: u64,
    },

    /// A file that should hold JSON of a known layout does not.
    #[error(
        "`{path}` is not the expected {expected}: {source}\nhint: it was edited or written by another version"
    )]
    Json {
        /// The file.
        path: PathBuf,
        /// What it should hold.
        expected: &'static str,
        /// Where the reader stopped.
        source: serde_json::Error,
    },

    /// A value cannot be written as JSON (for instance a map with keys that are not text).
    #[error("cannot write {what} as JSON: {source}")]
    NotSerializable {
        /// What was to be written.
        what: String,
        /// The reason.
        source: serde_json::Error,
    },

    /// A new run was asked for where something already is.
    #[error(
        "`{path}` already exists and is not empty; nothing is overwritten\n\
         hint: choose another `--out`; a stopped training is continued with `--resume`"
    )]
    RunExists {
        /// The folder.
        path: PathBuf,
    },

    /// Another process is training in the run's folder.
    #[error("the run `{path}` is in use by another process; wait for it, or stop it first")]
    RunInUse {
        /// The folder.
        path: PathBuf,
    },

    /// A folder is not a run directory.
    #[error(
        "`{path}` is not a run directory: it has no `{missing}`\nhint: `runs list` shows the runs under a folder"
    )]
    NotARun {
        /// The folder.
        path: PathBuf,
        /// The file that makes a folder a run.
        missing: &'static str,
    },

    /// A file is not a checkpoint at all.
    #[error("`{path}` is not a checkpoint: {reason}")]
    NotACheckpoint {
        /// The file.
        path: PathBuf,
        /// What gives it away.
        reason: String,
    },

    /// A checkpoint of another format version.
    #[error(
        "`{path}` has checkpoint format {found}, this version reads format {expected}\n\
         hint: continue with the version of autodidact that wrote it (see `environment.json` in the run), \
         or start a new run"
    )]
    CheckpointVersion {
        /// The file.
        path: PathBuf,
        /// The format version in the file.
        found: u32,
        /// The format version this crate reads.
        expected: u32,
    },

    /// A checkpoint ends too early.
    #[error(
        "`{path}` is cut short: {found} bytes, {expected} expected\n\
         hint: the copy or the disk is at fault"
    )]
    CheckpointTruncated {
        /// The file.
        path: PathBuf,
        /// Bytes there.
        found: u64,
        /// Bytes that should be there, as far as can be told.
        expected: u64,
    },

    /// A checkpoint's content is not what was written.
    #[error(
        "`{path}` is damaged: the checksum of its {part} does not match\n\
         hint: the copy or the disk is at fault"
    )]
    CheckpointChecksum {
        /// The file.
        path: PathBuf,
        /// The header, or which section.
        part: String,
    },

    /// There is no checkpoint of the step asked for.
    #[error("no checkpoint of step {step} in `{path}`; there are: {present}")]
    NoCheckpoint {
        /// The folder.
        path: PathBuf,
        /// The step asked for.
        step: u64,
        /// The steps there are, or `none`.
        present: String,
    },

    /// A checkpoint lacks a section.
    #[error(
        "the checkpoint of step {step} has no section `{name}`; it has: {present}\n\
         hint: it was written by another kind of run"
    )]
    MissingSection {
        /// The checkpoint's step.
        step: u64,
        /// The section asked for.
        name: String,
        /// The sections there are.
        present: String,
    },

    /// A checkpoint section does not hold what its reader expects.
    #[error("section `{name}` of the checkpoint of step {step} cannot be read: {source}")]
    Section {
        /// The checkpoint's step.
        step: u64,
        /// The section.
        name: String,
        /// Where the reader stopped.
        source: serde_json::Error,
    },

    /// A figure cannot be drawn.
    #[error("cannot draw the figure `{title}`: {reason}")]
    Figure {
        /// The figure's title.
        title: String,
        /// The reason.
        reason: String,
    },

    /// Signal handlers cannot be installed.
    #[error("cannot listen for Ctrl-C: {source}")]
    Interrupt {
        /// The system's reason.
        source: ctrlc::Error,
    },

    /// A name that cannot be part of a job's id, because ids are file names too.
    #[error(
        "the job id `{id}` cannot be used: {reason}\n\
         hint: an id is `paper/scale/arm/seed-N` of lower-case letters, digits, `-`, `_` and `.`"
    )]
    JobId {
        /// The id.
        id: String,
        /// What is wrong with it.
        reason: String,
    },

    /// No claim has a job of this id.
    #[error("there is no job `{id}` in this plan{}\nhint: `reproduce --list-jobs` prints them", did_you_mean(.nearest.as_deref()))]
    UnknownJob {
        /// The id asked for.
        id: String,
        /// The nearest id there is.
        nearest: Option<String>,
    },

    /// A job returned an error.
    #[error("job `{id}` failed: {source}")]
    Job {
        /// The job.
        id: String,
        /// What it said.
        source: Box<dyn std::error::Error + Send + Sync>,
    },

    /// The work was interrupted after a clean save.
    #[error("interrupted; what is finished is kept, and the same command continues")]
    Interrupted,

    /// A child process cannot be started.
    #[error("cannot start `{program}` for job `{id}`: {source}")]
    Spawn {
        /// The job.
        id: String,
        /// The program.
        program: String,
        /// The system's reason.
        source: std::io::Error,
    },
}

fn did_you_mean(nearest: Option<&str>) -> String {
    nearest.map_or_else(String::new, |nearest| format!(", did you mean `{nearest}`?"))
}
