//! The checkpoints of a run: saving, keeping the last few, finding the newest that is intact.

use std::path::{Path, PathBuf};

use super::format::{Checkpoint, CheckpointBuilder};
use crate::{Error, Result, file};

/// The checkpoints in one folder, named `step-000000000120.ckpt`.
#[derive(Debug, Clone)]
pub struct Checkpoints {
    folder: PathBuf,
    keep: usize,
}

/// The newest checkpoint that is intact.
#[derive(Debug)]
pub struct Latest {
    /// The checkpoint.
    pub checkpoint: Checkpoint,
    /// Why newer ones were passed over, newest first. Tell the user: steps are lost.
    pub skipped: Vec<Error>,
}

impl Checkpoints {
    /// The checkpoints in `folder`, which is created when one is saved. The last two are kept.
    pub fn new(folder: impl Into<PathBuf>) -> Self {
        Self { folder: folder.into(), keep: 2 }
    }

    /// Keeps the last `count` checkpoints; at least one.
    pub fn with_keep(mut self, count: usize) -> Self {
        self.keep = count.max(1);
        self
    }

    /// Where they lie.
    pub fn folder(&self) -> &Path {
        &self.folder
    }

    /// The file of a step.
    pub fn path(&self, step: u64) -> PathBuf {
        self.folder.join(format!("step-{step:012}.ckpt"))
    }

    /// Saves the state after `step`, then removes older ones beyond those kept. Checkpoints of later steps are left
    /// alone: somebody went back on purpose.
    ///
    /// # Errors
    /// [`Error::DiskFull`] or [`Error::Write`]; the previous checkpoints are then untouched and no partial file stays.
    pub fn save(&self, step: u64, state: &CheckpointBuilder) -> Result<PathBuf> {
        file::create_folder(&self.folder)?;
        let path = self.path(step);
        let head = state.head(step);
        let size = head.len() as u64 + state.sections_size();
        file::write_with(&path, size, |writer| {
            writer.write_all(&head)?;
            state.write_sections(writer)
        })?;
        self.remove_old(step);
        Ok(path)
    }

    /// The steps there are checkpoints of, ascending.
    ///
    /// # Errors
    /// [`Error::Read`] if the folder exists and cannot be read.
    pub fn steps(&self) -> Result<Vec<u64>> {
        if !self.folder.exists() {
            return Ok(Vec::new());
        }
        let mut steps: Vec<u64> =
            file::entries(&self.folder)?.iter().filter_map(|path| step_of(path)).collect();
        steps.sort_unstable();
        Ok(steps)
    }

    /// The newest checkpoint that is intact, or none if there are no checkpoints at all. Damaged newer ones are
    /// passed over and told in [`Latest::skipped`].
    ///
    /// # Errors
    /// [`Error::CheckpointVersion`] if the newest is of another format: going back behind it would lose work that
    /// is intact. The newest one's error if none is intact.
    pub fn latest(&self) -> Result<Option<Latest>> {
        let mut skipped = Vec::new();
        for step in self.steps()?.into_iter().rev() {
            match self.load(step) {
                Ok(checkpoint) => return Ok(Some(Latest { checkpoint, skipped })),
                Err(error @ Error::CheckpointVersion { .. }) => return Err(error),
                Err(error) => skipped.push(error),
            }
        }
        skipped.into_iter().next().map_or(Ok(None), Err)
    }

    /// The checkpoint of one step.
    ///
    /// # Errors
    /// [`Error::NoCheckpoint`] if there is none; [`Error::CheckpointVersion`], [`Error::CheckpointTruncated`],
    /// [`Error::CheckpointChecksum`] or [`Error::NotACheckpoint`] if the file is not whole.
    pub fn load(&self, step: u64) -> Result<Checkpoint> {
        let path = self.path(step);
        if !path.exists() {
            let present: Vec<String> = self.steps()?.iter().map(u64::to_string).collect();
            let present = if present.is_empty() { "none".to_owned() } else { present.join(", ") };
            return Err(Error::NoCheckpoint { path: self.folder.clone(), step, present });
        }
        let checkpoint = Checkpoint::parse(&path, &file::read(&path)?)?;
        if checkpoint.step() != step {
            let reason = format!("it is named for step {step} and holds step {}", checkpoint.step());
            return Err(Error::NotACheckpoint { path, reason });
        }
        Ok(checkpoint)
    }

    /// Best effort: an old checkpoint too many is no reason to stop.
    fn remove_old(&self, saved: u64) {
        let steps = self.steps().unwrap_or_default();
        for step in steps.iter().rev().filter(|step| **step <= saved).skip(self.keep) {
            let _ = std::fs::remove_file(self.path(*step));
        }
        // A killed save leaves its partial file behind.
        for path in file::entries(&self.folder).unwrap_or_default() {
            if file::is_temporary(&path) {
                let _ = std::fs::remove_file(path);
            }
        }
    }
}

fn step_of(path: &Path) -> Option<u64> {
    path.file_name()?.to_str()?.strip_prefix("step-")?.strip_suffix(".ckpt")?.parse().ok()
}
