//! Checkpoints: named byte sections in one file that survives a kill and a full disk.
//!
//! A checkpoint is written beside its name, synced and renamed, so the previous one stays loadable whatever happens.
//! Every byte is under a checksum: a damaged file is an error, never a wrong load. What the sections mean
//! (parameters, optimizer, generators, counters) is the caller's; a checkpoint must hold all that is needed to
//! continue bit for bit.
//!
//! ```
//! use autodidact_experiment::checkpoint::{CheckpointBuilder, Checkpoints};
//!
//! # let folder = tempfile::tempdir()?;
//! let checkpoints = Checkpoints::new(folder.path());
//! let state = CheckpointBuilder::new().section("model", vec![1, 2, 3]).json("position", &(4, "epoch"))?;
//! checkpoints.save(120, &state)?;
//!
//! let latest = checkpoints.latest()?.expect("one was saved").checkpoint;
//! assert_eq!((latest.step(), latest.section("model")?), (120, [1, 2, 3].as_slice()));
//! assert_eq!(latest.json::<(u32, String)>("position")?, (4, "epoch".to_owned()));
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

mod folder;
mod format;

pub use folder::{Checkpoints, Latest};
pub use format::{Checkpoint, CheckpointBuilder, FORMAT_VERSION};
