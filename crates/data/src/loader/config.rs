//! Settings of a loader.

use serde::{Deserialize, Serialize};

use crate::{Error, Result};

/// How a collection is cut into batches and who prepares them.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct LoaderConfig {
    /// Pictures per batch.
    pub batch_size: usize,
    /// Whether every epoch has its own random order; off, pictures come by index.
    pub shuffle: bool,
    /// Whether a last batch that is not full is left out.
    pub drop_last: bool,
    /// Threads that decode and augment besides the caller's; 0 and 1 both mean the caller's thread alone,
    /// without any hand-over.
    pub threads: usize,
    /// Batches prepared ahead, at least 1; without effect where `threads` is 0 or 1.
    pub prefetch: usize,
    /// Seed of order and views.
    pub seed: u64,
}

impl Default for LoaderConfig {
    fn default() -> Self {
        Self { batch_size: 256, shuffle: true, drop_last: true, threads: 0, prefetch: 2, seed: 0 }
    }
}

impl LoaderConfig {
    /// For evaluation: every picture once, by index.
    pub fn evaluation(batch_size: usize) -> Self {
        Self { batch_size, shuffle: false, drop_last: false, ..Self::default() }
    }

    /// Checks the settings for a collection of `len` pictures.
    pub(super) fn validate(&self, len: usize) -> Result<()> {
        let refuse = |field: &str, value: usize, expected: String| {
            Err(Error::Setting { field: field.into(), value: value.to_string(), expected })
        };
        if len == 0 {
            return refuse("dataset.len", len, "at least one picture".into());
        }
        if self.batch_size == 0 {
            return refuse("batch_size", self.batch_size, "at least 1".into());
        }
        if self.drop_last && self.batch_size > len {
            let expected = format!("at most the {len} pictures there are, or `drop_last = false`");
            return refuse("batch_size", self.batch_size, expected);
        }
        if self.threads > 1024 {
            return refuse("threads", self.threads, "at most 1024".into());
        }
        if self.prefetch == 0 {
            return refuse("prefetch", self.prefetch, "at least 1".into());
        }
        Ok(())
    }
}
