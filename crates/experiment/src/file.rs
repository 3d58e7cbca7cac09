//! Writing a file so that a kill, a crash or a full disk leaves either the old content or the new, never a mixture.

use std::fs::{self, File};
use std::io::{self, BufWriter, Write};
use std::path::{Path, PathBuf};

use crate::{Error, Result};

/// Writes `bytes` to `path`: into a temporary neighbour, synced, renamed over `path`, and the folder synced.
///
/// # Errors
/// [`Error::DiskFull`] or [`Error::Write`]; what was at `path` before is then untouched.
pub fn write(path: &Path, bytes: &[u8]) -> Result<()> {
    write_with(path, bytes.len() as u64, |file| file.write_all(bytes))
}

/// As [`write`], for content that is produced piece by piece; `size` is its length in bytes, for the error message.
pub(crate) fn write_with(
    path: &Path,
    size: u64,
    fill: impl FnOnce(&mut dyn Write) -> io::Result<()>,
) -> Result<()> {
    let temporary = temporary_name(path);
    let written = fill_and_sync(&temporary, fill)
        .and_then(|()| fs::rename(&temporary, path))
        .and_then(|()| sync_folder(path));
    written.map_err(|source| {
        // The partial file is of no use, and on a full disk its space is needed.
        let _ = fs::remove_file(&temporary);
        if source.kind() == io::ErrorKind::StorageFull {
            Error::DiskFull { path: path.to_owned(), needed: size }
        } else {
            Error::Write { path: path.to_owned(), source }
        }
    })
}

/// Whether a file is the temporary neighbour of an unfinished [`write`].
pub(crate) fn is_temporary(path: &Path) -> bool {
    path.extension().is_some_and(|extension| extension == "partial")
}

/// Creates a folder and its parents.
///
/// # Errors
/// [`Error::Write`].
pub fn create_folder(path: &Path) -> Result<()> {
    fs::create_dir_all(path).map_err(|source| Error::Write { path: path.to_owned(), source })
}

/// Reads a whole file.
///
/// # Errors
/// [`Error::Read`].
pub fn read(path: &Path) -> Result<Vec<u8>> {
    fs::read(path).map_err(|source| Error::Read { path: path.to_owned(), source })
}

/// The entries of a folder, sorted by name so that no result depends on the file system's order.
pub(crate) fn entries(path: &Path) -> Result<Vec<PathBuf>> {
    let fail = |source| Error::Read { path: path.to_owned(), source };
    let mut entries = Vec::new();
    for entry in fs::read_dir(path).map_err(fail)? {
        entries.push(entry.map_err(fail)?.path());
    }
    entries.sort();
    Ok(entries)
}

fn temporary_name(path: &Path) -> PathBuf {
    // The process id keeps two processes that write the same file from mixing their bytes.
    let mut name = path.file_name().unwrap_or_default().to_owned();
    name.push(format!(".{}.partial", std::process::id()));
    path.with_file_name(name)
}

fn fill_and_sync(temporary: &Path, fill: impl FnOnce(&mut dyn Write) -> io::Result<()>) -> io::Result<()> {
    let mut writer = BufWriter::new(File::create(temporary)?);
    fill(&mut writer)?;
    writer.into_inner().map_err(io::IntoInnerError::into_error)?.sync_all()
}

#[cfg(unix)]
fn sync_folder(path: &Path) -> io::Result<()> {
    // Without this a power cut can undo the rename.
    match path.parent() {
        Some(folder) if !folder.as_os_str().is_empty() => File::open(folder)?.sync_all(),
        _ => File::open(".")?.sync_all(),
    }
}

#[cfg(not(unix))]
fn sync_folder(_path: &Path) -> io::Result<()> {
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn full(writer: &mut dyn Write) -> io::Result<()> {
        writer.write_all(&vec![7; 100_000])?;
        Err(io::ErrorKind::StorageFull.into())
    }

    #[test]
    fn a_failed_write_leaves_the_old_content_and_no_partial_file() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("state");
        write(&path, b"old").unwrap();
        let error = write_with(&path, 200_000, full).unwrap_err();
        assert!(matches!(error, Error::DiskFull { needed: 200_000, .. }), "{error}");
        let error = write_with(&path, 1, |_| Err(io::ErrorKind::PermissionDenied.into())).unwrap_err();
        assert!(matches!(error, Error::Write { .. }), "{error}");
        assert_eq!(read(&path).unwrap(), b"old");
        assert_eq!(entries(folder.path()).unwrap(), [path]);
    }

    #[test]
    fn content_is_replaced_whole() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("state");
        write(&path, b"a longer text").unwrap();
        write(&path, b"short").unwrap();
        assert_eq!(read(&path).unwrap(), b"short");
    }
}
