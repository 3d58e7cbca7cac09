//! Files that appear whole or not at all.

use crate::{Error, Result};
use std::io::{self, BufWriter, Write};
use std::path::{Path, PathBuf};
use tempfile::NamedTempFile;

/// A file that is written beside its place, and takes it when it is finished. What is not finished is removed.
pub(crate) struct Aside {
    path: PathBuf,
    file: BufWriter<NamedTempFile>,
}

impl Aside {
    pub(crate) fn create(path: &Path) -> Result<Self> {
        let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
        let mut builder = tempfile::Builder::new();
        #[cfg(unix)]
        {
            use std::os::unix::fs::PermissionsExt;
            // Less the umask; the default would be readable by its owner alone.
            builder.permissions(std::fs::Permissions::from_mode(0o666));
        }
        let file = builder.prefix(".writing-").tempfile_in(folder).map_err(failed(path))?;
        Ok(Self { path: path.into(), file: BufWriter::with_capacity(1 << 20, file) })
    }

    pub(crate) fn write(&mut self, bytes: &[u8]) -> Result<()> {
        self.file.write_all(bytes).map_err(failed(&self.path))
    }

    /// Writes what is left to the disk, and moves the file to its place.
    pub(crate) fn finish(self) -> Result<()> {
        let Self { path, file } = self;
        let file = file.into_inner().map_err(|error| failed(&path)(error.into_error()))?;
        file.as_file().sync_all().map_err(failed(&path))?;
        file.persist(&path).map_err(|error| failed(&path)(error.error))?;
        Ok(())
    }
}

fn failed(path: &Path) -> impl FnOnce(io::Error) -> Error {
    let path = path.to_owned();
    |source| Error::Write { path, source }
}
