//! The bytes of a checkpoint.
//!
//! | offset | content |
//! |---|---|
//! | 0 | `ADIDACT\n` |
//! | 8 | format version, u32 |
//! | 12 | header length h, u64 |
//! | 20 | CRC-32 of bytes 0–19 and the header, u32 |
//! | 24 | header: JSON with `step`, `crate_version` and `sections` (`name`, `length`, `crc32`) |
//! | 24 + h | the sections' bytes, one after another, to the end of the file |
//!
//! Numbers are little-endian. The header is read only after its checksum holds, so its lengths can be trusted.

use std::io::{self, Write};
use std::path::Path;

use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

use crate::{Error, Result};

/// The format this version writes and reads.
pub const FORMAT_VERSION: u32 = 1;

const MAGIC: [u8; 8] = *b"ADIDACT\n";
const PREFIX: usize = 24;

#[derive(Debug, Serialize, Deserialize)]
struct Header {
    step: u64,
    crate_version: String,
    sections: Vec<SectionHeader>,
}

#[derive(Debug, Serialize, Deserialize)]
struct SectionHeader {
    name: String,
    length: u64,
    crc32: u32,
}

/// The sections of a checkpoint to be saved.
#[derive(Debug, Clone, Default)]
pub struct CheckpointBuilder {
    sections: Vec<(String, Vec<u8>)>,
}

impl CheckpointBuilder {
    /// No sections yet.
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds a section of bytes; one of the same name is replaced.
    pub fn section(mut self, name: &str, bytes: Vec<u8>) -> Self {
        self.sections.retain(|(present, _)| present != name);
        self.sections.push((name.to_owned(), bytes));
        self
    }

    /// Adds a section that holds a value as JSON. Floats come back bit for bit if they are finite.
    ///
    /// # Errors
    /// [`Error::NotSerializable`] if the value cannot be JSON.
    pub fn json(self, name: &str, value: &impl Serialize) -> Result<Self> {
        let bytes = serde_json::to_vec(value)
            .map_err(|source| Error::NotSerializable { what: format!("section `{name}`"), source })?;
        Ok(self.section(name, bytes))
    }

    /// The start of the file: all but the sections' bytes.
    pub(super) fn head(&self, step: u64) -> Vec<u8> {
        let sections = self
            .sections
            .iter()
            .map(|(name, bytes)| SectionHeader {
                name: name.clone(),
                length: bytes.len() as u64,
                crc32: crc32fast::hash(bytes),
            })
            .collect();
        let header = Header { step, crate_version: env!("CARGO_PKG_VERSION").to_owned(), sections };
        let header = serde_json::to_vec(&header).expect("a header is plain data");

        let mut head = Vec::with_capacity(PREFIX + header.len());
        head.extend(MAGIC);
        head.extend(FORMAT_VERSION.to_le_bytes());
        head.extend((header.len() as u64).to_le_bytes());
        head.extend(header_checksum(&head, &header).to_le_bytes());
        head.extend(header);
        head
    }

    /// Bytes of all the sections.
    pub(super) fn sections_size(&self) -> u64 {
        self.sections.iter().map(|(_, bytes)| bytes.len() as u64).sum()
    }

    pub(super) fn write_sections(&self, writer: &mut dyn Write) -> io::Result<()> {
        self.sections.iter().try_for_each(|(_, bytes)| writer.write_all(bytes))
    }
}

/// A checkpoint that was read whole and found intact.
#[derive(Debug, Clone, PartialEq)]
pub struct Checkpoint {
    step: u64,
    crate_version: String,
    sections: Vec<(String, Vec<u8>)>,
}

impl Checkpoint {
    /// The step after which it was saved.
    pub fn step(&self) -> u64 {
        self.step
    }

    /// The version of this crate that wrote it.
    pub fn crate_version(&self) -> &str {
        &self.crate_version
    }

    /// The sections' names, in the order they were added.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.sections.iter().map(|(name, _)| name.as_str())
    }

    /// The bytes of a section.
    ///
    /// # Errors
    /// [`Error::MissingSection`] if there is none of this name.
    pub fn section(&self, name: &str) -> Result<&[u8]> {
        let found = self.sections.iter().find(|(present, _)| present == name);
        found.map(|(_, bytes)| bytes.as_slice()).ok_or_else(|| Error::MissingSection {
            step: self.step,
            name: name.to_owned(),
            present: self.names().map(|name| format!("`{name}`")).collect::<Vec<_>>().join(", "),
        })
    }

    /// The value of a section that holds JSON.
    ///
    /// # Errors
    /// [`Error::MissingSection`] if there is none of this name, [`Error::Section`] if it holds another kind of value.
    pub fn json<T: DeserializeOwned>(&self, name: &str) -> Result<T> {
        serde_json::from_slice(self.section(name)?).map_err(|source| Error::Section {
            step: self.step,
            name: name.to_owned(),
            source,
        })
    }

    /// Reads the content of the file `path`; the path is for messages only.
    pub(super) fn parse(path: &Path, bytes: &[u8]) -> Result<Self> {
        let truncated = |expected: u64| Error::CheckpointTruncated {
            path: path.to_owned(),
            found: bytes.len() as u64,
            expected,
        };
        let damaged = |part: String| Error::CheckpointChecksum { path: path.to_owned(), part };

        let is_ours = bytes.starts_with(&MAGIC) || (!bytes.is_empty() && MAGIC.starts_with(bytes));
        if !is_ours && !bytes.is_empty() {
            let reason = "it does not start as one".to_owned();
            return Err(Error::NotACheckpoint { path: path.to_owned(), reason });
        }
        let Some((prefix, rest)) = bytes.split_at_checked(PREFIX) else {
            return Err(truncated(PREFIX as u64));
        };
        let found = read_u32(&prefix[8..12]);
        if found != FORMAT_VERSION {
            return Err(Error::CheckpointVersion { path: path.to_owned(), found, expected: FORMAT_VERSION });
        }
        let header_length = read_u64(&prefix[12..20]);
        let header = usize::try_from(header_length).ok().and_then(|length| rest.split_at_checked(length));
        let Some((header, mut data)) = header else {
            return Err(truncated(header_length.saturating_add(PREFIX as u64)));
        };
        if read_u32(&prefix[20..24]) != header_checksum(&prefix[..20], header) {
            return Err(damaged("header".to_owned()));
        }
        let header: Header = serde_json::from_slice(header).map_err(|source| Error::Json {
            path: path.to_owned(),
            expected: "checkpoint header",
            source,
        })?;

        let lengths = header.sections.iter().map(|section| section.length);
        let expected = lengths.fold(0, u64::saturating_add);
        match (data.len() as u64).cmp(&expected) {
            std::cmp::Ordering::Less => {
                return Err(truncated(expected.saturating_add(PREFIX as u64 + header_length)));
            }
            std::cmp::Ordering::Greater => {
                let reason = format!("{} bytes follow its end", data.len() as u64 - expected);
                return Err(Error::NotACheckpoint { path: path.to_owned(), reason });
            }
            std::cmp::Ordering::Equal => {}
        }
        let mut sections = Vec::with_capacity(header.sections.len());
        for section in header.sections {
            let (bytes, rest) = data.split_at(section.length as usize);
            if crc32fast::hash(bytes) != section.crc32 {
                return Err(damaged(format!("section `{}`", section.name)));
            }
            sections.push((section.name, bytes.to_vec()));
            data = rest;
        }
        Ok(Self { step: header.step, crate_version: header.crate_version, sections })
    }
}

fn header_checksum(prefix: &[u8], header: &[u8]) -> u32 {
    let mut hasher = crc32fast::Hasher::new();
    hasher.update(prefix);
    hasher.update(header);
    hasher.finalize()
}

fn read_u32(bytes: &[u8]) -> u32 {
    u32::from_le_bytes(bytes.try_into().expect("four bytes were cut"))
}

fn read_u64(bytes: &[u8]) -> u64 {
    u64::from_le_bytes(bytes.try_into().expect("eight bytes were cut"))
}
