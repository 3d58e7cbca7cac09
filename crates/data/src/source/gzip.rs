//! Files that may or may not be compressed with gzip, told apart by content.

use std::fs::File;
use std::io::{BufReader, Read};
use std::path::Path;

use flate2::bufread::MultiGzDecoder;

use crate::{Error, Result};

/// Largest uncompressed size of a collection that is held in memory; a small gzip file can claim any.
pub(super) const MAX_BYTES: u64 = 1 << 32;

/// Whether content starts like a gzip file.
pub(super) fn is_gzip(bytes: &[u8]) -> bool {
    bytes.starts_with(&[0x1f, 0x8b])
}

/// The first bytes as they stand in the file.
pub(super) fn peek_raw(path: &Path) -> Result<Vec<u8>> {
    let mut bytes = Vec::new();
    File::open(path).and_then(|file| file.take(16).read_to_end(&mut bytes)).map_err(Error::read(path))?;
    Ok(bytes)
}

/// Opens a file for reading, uncompressed.
fn open(path: &Path) -> Result<Box<dyn Read>> {
    let compressed = is_gzip(&peek_raw(path)?);
    let file = BufReader::new(File::open(path).map_err(Error::read(path))?);
    Ok(if compressed { Box::new(MultiGzDecoder::new(file)) } else { Box::new(file) })
}

/// The whole content, uncompressed, at most `limit` bytes of it.
pub(super) fn read(path: &Path, limit: u64) -> Result<Vec<u8>> {
    let mut bytes = Vec::new();
    open(path)?.take(limit.saturating_add(1)).read_to_end(&mut bytes).map_err(Error::read(path))?;
    if bytes.len() as u64 > limit {
        let what = format!("`{}` uncompressed", path.display());
        return Err(Error::TooLarge { what, needed: bytes.len() as u64, limit });
    }
    Ok(bytes)
}

/// The first `count` bytes, uncompressed; fewer if the file is shorter or damaged.
pub(super) fn peek(path: &Path, count: u64) -> Result<Vec<u8>> {
    let mut bytes = Vec::new();
    // What a damaged stream yields before its error is enough to tell a format; the reader proper reports the damage.
    let _ = open(path)?.take(count).read_to_end(&mut bytes);
    Ok(bytes)
}
