//! What the loops of all methods say of a run that is continued, and of its end.

use autodidact_experiment::run::RunDirectory;

use crate::{Error, Result};

/// That a checkpoint is of this run: what it learns and what is to be learnt are the same, and so are the settings.
pub fn check_same(run: &RunDirectory, [stored, given]: [&str; 2], has_same_settings: bool) -> Result<()> {
    let reason = if stored != given {
        format!("it learns {stored}, not {given}")
    } else if !has_same_settings {
        "its `config.toml` is another".to_owned()
    } else {
        return Ok(());
    };
    Err(Error::ForeignCheckpoint { path: run.path().to_owned(), reason })
}

/// A warning for a run that ended without an update.
pub fn nothing_learnt(warmup_positions: usize) -> String {
    format!(
        "warning: nothing was learnt, for there never were {warmup_positions} positions (`warmup_positions`)"
    )
}
