//! Writing embeddings and encoders for other programs.
//!
//! [`export`] writes a folder that needs nothing of ours to be used:
//!
//! | file | content |
//! |---|---|
//! | `model.safetensors` | the encoder under torchvision's names, see [`torchvision`] |
//! | `model.onnx` | the encoder as a graph for any ONNX runtime, see [`onnx`] |
//! | `config.json` | what the two do not say: [`ExportConfig`] |
//!
//! Left out: projector, predictor and classifier, which serve training only.

mod config;
mod layers;
pub mod onnx;
mod protobuf;
pub mod torchvision;

use std::fs;
use std::io::{self, Write};
use std::path::{Path, PathBuf};

pub use config::{ExportConfig, ExportNorm, InputConfig};
pub(crate) use config::{architecture, network};
pub(crate) use layers::{Layer, layers};

use crate::{Error, Result, TrainedEncoder};

/// The weights' file name.
pub const WEIGHTS: &str = "model.safetensors";
/// The graph's file name.
pub const GRAPH: &str = "model.onnx";
/// The description's file name.
pub const CONFIG: &str = "config.json";

/// Writes the encoder into the new folder `folder`; see the module for the files. Returns their paths.
///
/// All files are written into a temporary neighbour that is renamed at the end: the folder is there whole or not at all.
///
/// # Errors
/// [`Error::ExportExists`] if something other than an empty folder is at `folder`, [`Error::ExportWrite`] if writing
/// fails.
pub fn export(trained: &TrainedEncoder, folder: &Path) -> Result<Vec<PathBuf>> {
    let refuse = |source| Error::ExportWrite { path: folder.to_owned(), source };
    let is_empty = |folder: &Path| fs::read_dir(folder).is_ok_and(|mut entries| entries.next().is_none());
    if fs::symlink_metadata(folder).is_ok() && !is_empty(folder) {
        return Err(Error::ExportExists { path: folder.to_owned() });
    }

    let config = ExportConfig::new(trained);
    let mut text = serde_json::to_string_pretty(&config).expect("a configuration is plain data");
    text.push('\n');
    let files = [
        (WEIGHTS, torchvision::encode(&trained.encoder)),
        (GRAPH, onnx::encode(&trained.encoder, &config)),
        (CONFIG, text.into_bytes()),
    ];

    let parent = folder.parent().filter(|parent| !parent.as_os_str().is_empty()).unwrap_or(Path::new("."));
    fs::create_dir_all(parent).map_err(refuse)?;
    let aside = tempfile::Builder::new().prefix(".export-").tempdir_in(parent).map_err(refuse)?;
    for (name, bytes) in &files {
        write_synced(&aside.path().join(name), bytes).map_err(refuse)?;
    }
    open_to_others(aside.path()).map_err(refuse)?;
    // An empty folder that is already there; not every system renames over one.
    let _ = fs::remove_dir(folder);
    fs::rename(aside.path(), folder).map_err(refuse)?;
    // What was renamed away needs no clean-up.
    let _ = aside.keep();
    Ok(files.iter().map(|(name, _)| folder.join(name)).collect())
}

fn write_synced(path: &Path, bytes: &[u8]) -> io::Result<()> {
    let mut file = fs::File::create(path)?;
    file.write_all(bytes)?;
    file.sync_all()
}

/// Temporary folders are their owner's alone; an export is an ordinary folder.
#[cfg(unix)]
fn open_to_others(folder: &Path) -> io::Result<()> {
    use std::os::unix::fs::PermissionsExt;
    fs::set_permissions(folder, fs::Permissions::from_mode(0o755))
}

#[cfg(not(unix))]
fn open_to_others(_folder: &Path) -> io::Result<()> {
    Ok(())
}
