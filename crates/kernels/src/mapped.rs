//! Files whose bytes are read where the system keeps them: nothing is copied, and pages come in when they are touched.
//!
//! What is not here: writing, and what the bytes mean.

// Mapped memory is unsafe: another program may change it.
#![allow(unsafe_code)]

use memmap2::Mmap;
use std::fs::File;
use std::io;
use std::path::Path;

/// A file in memory, read only.
///
/// The file must not be changed or shortened while it is mapped: bytes would change under their reader, and one who reads past
/// the new end is killed by the system. A file that is replaced by renaming another over it stays as it was.
///
/// ```
/// # fn main() -> std::io::Result<()> {
/// # let path = std::env::temp_dir().join(format!("mapped-{}", std::process::id()));
/// std::fs::write(&path, [1, 2, 3])?;
/// assert_eq!(autodidact_kernels::MappedFile::open(&path)?.bytes(), [1, 2, 3]);
/// # std::fs::remove_file(&path)
/// # }
/// ```
#[derive(Debug)]
pub struct MappedFile(Mmap);

impl MappedFile {
    /// Maps a whole file.
    ///
    /// # Errors
    /// If it cannot be opened or mapped.
    pub fn open(path: &Path) -> io::Result<Self> {
        let file = File::open(path)?;
        if !file.metadata()?.is_file() {
            return Err(io::Error::new(io::ErrorKind::InvalidInput, "not a file"));
        }
        // SAFETY: the map is private and read only. That nobody changes the file meanwhile is the user's part, as the
        // documentation says; no type of ours but bytes is read from it without a check.
        unsafe { Mmap::map(&file) }.map(Self)
    }

    /// The bytes of the file.
    pub fn bytes(&self) -> &[u8] {
        &self.0
    }
}
