//! Pictures in tar archives, one archive or many shards, gzipped or not.
//!
//! Uncompressed archives are indexed once and read from disk on demand; gzipped ones are held in memory, since
//! they cannot be read from the middle. Nothing is ever unpacked to disk.

use std::collections::BTreeMap;
use std::fs::File;
use std::io::{Cursor, Read, Seek, SeekFrom};
use std::path::{Path, PathBuf};

use super::layout::{self, Classes, Labels};
use super::{Options, gzip};
use crate::decode::{self, Limits};
use crate::{Dataset, Error, Image, Result};

/// Pictures in tar archives, in archive order.
///
/// Two layouts are read, and told apart by whether there is any `.cls` member:
/// - folders as on disk (`train/cat/1.jpg`; a folder around everything is passed over);
/// - pairs `key.jpg` and `key.cls`, where the latter is the label as decimal text.
#[derive(Debug)]
pub struct Tar {
    shards: Vec<Shard>,
    members: Vec<Member>,
    classes: Classes,
    limits: Limits,
}

#[derive(Debug)]
struct Shard {
    name: String,
    store: Store,
}

#[derive(Debug)]
enum Store {
    File(PathBuf),
    Memory(Vec<u8>),
}

#[derive(Debug)]
struct Member {
    /// As in the archive.
    path: String,
    shard: usize,
    offset: u64,
    len: u64,
}

/// What one pass over the archives finds.
#[derive(Default)]
struct Index {
    members: Vec<Member>,
    /// Text of the `.cls` members by shard and key.
    labels: BTreeMap<(usize, String), String>,
    other_files: usize,
}

/// Longest `.cls` member that can be a label.
const MAX_LABEL_BYTES: u64 = 64;
/// Labels are at most this, so that one damaged number does not name a billion classes.
const MAX_LABEL: usize = 1 << 20;

impl Tar {
    /// Indexes one archive.
    ///
    /// # Errors
    /// As [`Tar::open_shards`].
    pub fn open(path: impl AsRef<Path>, options: &Options) -> Result<Self> {
        Self::open_shards(&[path], options)
    }

    /// Indexes archives that together are one collection.
    ///
    /// # Errors
    /// If a file cannot be read or is not a tar archive, there is no picture, several splits are there but none is
    /// named, or labels are missing, unreadable, or asked from folders that are not classes.
    pub fn open_shards<P: AsRef<Path>>(paths: &[P], options: &Options) -> Result<Self> {
        let mut shards = Vec::new();
        for path in paths.iter().map(AsRef::as_ref) {
            let start = gzip::peek_raw(path)?;
            let store = if gzip::is_gzip(&start) {
                Store::Memory(gzip::read(path, gzip::MAX_BYTES)?)
            } else {
                Store::File(path.into())
            };
            shards.push(Shard { name: path.display().to_string(), store });
        }
        Self::new(shards, options)
    }

    /// Takes an uncompressed archive; `name` stands for the file in paths and errors.
    ///
    /// # Errors
    /// As [`Tar::open_shards`].
    pub fn from_bytes(bytes: Vec<u8>, name: &str, options: &Options) -> Result<Self> {
        Self::new(vec![Shard { name: name.into(), store: Store::Memory(bytes) }], options)
    }

    fn new(shards: Vec<Shard>, options: &Options) -> Result<Self> {
        let mut index = Index::default();
        for (number, shard) in shards.iter().enumerate() {
            match &shard.store {
                Store::File(path) => {
                    let file = File::open(path).map_err(Error::read(path))?;
                    let len = file.metadata().map_err(Error::read(path))?.len();
                    index.add(file, len, number, &shard.name)?;
                }
                Store::Memory(bytes) => {
                    index.add(Cursor::new(bytes), bytes.len() as u64, number, &shard.name)?;
                }
            }
        }
        let root = PathBuf::from(shards.first().map_or("", |s| &s.name));
        if index.members.is_empty() {
            let expected = format!("member names ending in .{}", decode::EXTENSIONS.join(", ."));
            return Err(Error::NoPictures { path: root, other_files: index.other_files, expected });
        }
        let paths = index.choose_split(&root, options.split.as_deref())?;
        let classes = if index.labels.is_empty() || options.labels != Labels::Auto {
            layout::classes(&root, &paths, Vec::new(), options.labels)?
        } else {
            index.classes(&shards)?
        };
        Ok(Self { shards, members: index.members, classes, limits: options.limits })
    }

    fn bytes(&self, index: usize) -> Result<Vec<u8>> {
        let member = &self.members[index];
        if member.len > self.limits.max_file_bytes {
            let (needed, limit) = (member.len, self.limits.max_file_bytes);
            return Err(Error::TooLarge { what: format!("`{}`", self.path(index)), needed, limit });
        }
        match &self.shards[member.shard].store {
            Store::Memory(bytes) => Ok(bytes[member.offset as usize..][..member.len as usize].to_vec()),
            Store::File(path) => {
                // A handle of its own per read: threads do not wait for each other's position in the file.
                let mut bytes = vec![0; member.len as usize];
                let mut read = || {
                    let mut file = File::open(path)?;
                    file.seek(SeekFrom::Start(member.offset))?;
                    file.read_exact(&mut bytes)
                };
                read().map_err(Error::read(path))?;
                Ok(bytes)
            }
        }
    }

    fn with_bytes<T>(
        &self,
        index: usize,
        decode: impl FnOnce(&[u8], &Limits) -> std::result::Result<T, crate::Fault>,
    ) -> Result<T> {
        decode(&self.bytes(index)?, &self.limits)
            .map_err(|fault| Error::Picture { path: self.path(index), fault })
    }
}

impl Index {
    fn add<R: Read + Seek>(&mut self, reader: R, total: u64, shard: usize, name: &str) -> Result<()> {
        let malformed = |offset, expected: &str, got: String| Error::Malformed {
            path: name.into(),
            format: "tar",
            offset,
            expected: expected.into(),
            got,
        };
        let mut end = 0;
        let mut archive = ::tar::Archive::new(reader);
        let header = |end| move |e: std::io::Error| malformed(end, "a member's header", e.to_string());
        for entry in archive.entries_with_seek().map_err(header(0))? {
            let mut entry = entry.map_err(header(end))?;
            let (offset, len) = (entry.raw_file_position(), entry.size());
            let after = offset.checked_add(len).filter(|&after| after <= total);
            let Some(after) = after else {
                let got = format!("{}", total.saturating_sub(offset));
                return Err(malformed(offset, &format!("{len} bytes of member data"), got));
            };
            end = after;
            if !entry.header().entry_type().is_file() {
                continue;
            }
            let path = tidy(&String::from_utf8_lossy(&entry.path_bytes()));
            let file_name = path.rsplit('/').next().unwrap_or_default();
            if decode::has_picture_name(file_name) {
                self.members.push(Member { path, shard, offset, len });
            } else if file_name.rsplit_once('.').is_some_and(|(_, ending)| ending == "cls") {
                let mut text = String::new();
                let read = (&mut entry).take(MAX_LABEL_BYTES).read_to_string(&mut text);
                if read.is_err() || len > MAX_LABEL_BYTES {
                    return Err(malformed(
                        offset,
                        "a label as decimal text",
                        format!("`{path}` of {len} bytes"),
                    ));
                }
                self.labels.insert((shard, key(&path).into()), text.trim().into());
            } else {
                self.other_files += 1;
            }
        }
        Ok(())
    }

    /// Keeps the members of the split and returns their paths below it.
    fn choose_split(&mut self, root: &Path, asked: Option<&str>) -> Result<Vec<String>> {
        let mut below: Vec<&str> = self.members.iter().map(|m| m.path.as_str()).collect();
        let is_asked = |folder: &str| asked == Some(folder);
        while let Some(folder) = outer_folder(&below) {
            if is_asked(folder) || !layout::splits(below.iter().copied()).is_empty() {
                break;
            }
            let skip = folder.len() + 1;
            for path in &mut below {
                *path = &path[skip..];
            }
        }
        let found =
            if asked.is_some() { layout::folders(&below) } else { layout::splits(below.iter().copied()) };
        let Some(split) = layout::choose_split(root, found, asked)? else {
            return Ok(below.into_iter().map(String::from).collect());
        };
        let below: Vec<Option<String>> = below
            .iter()
            .map(|path| Some(path.strip_prefix(split.as_str())?.strip_prefix('/')?.to_string()))
            .collect();
        let mut keep = below.iter().map(Option::is_some);
        self.members.retain(|_| keep.next() == Some(true));
        Ok(below.into_iter().flatten().collect())
    }

    /// Labels from the `.cls` members.
    fn classes(&self, shards: &[Shard]) -> Result<Classes> {
        let mut labels = Vec::with_capacity(self.members.len());
        for member in &self.members {
            let Some(text) = self.labels.get(&(member.shard, key(&member.path).to_string())) else {
                let path = shards[member.shard].name.clone();
                return Err(Error::LabelCount {
                    path,
                    images: self.members.len(),
                    labels: self.labels.len(),
                });
            };
            let Some(label) = text.parse().ok().filter(|&label| label <= MAX_LABEL) else {
                return Err(Error::Malformed {
                    path: format!("{}/{}.cls", shards[member.shard].name, key(&member.path)),
                    format: "label",
                    offset: 0,
                    expected: format!("a whole number of 0 to {MAX_LABEL}"),
                    got: format!("`{text}`"),
                });
            };
            labels.push(label);
        }
        let count = labels.iter().max().map_or(0, |max| max + 1);
        Ok(Classes { labels, names: (0..count).map(|c| c.to_string()).collect() })
    }
}

/// The one folder around all `paths`, if each of them has another folder below it.
fn outer_folder<'a>(paths: &[&'a str]) -> Option<&'a str> {
    let (folder, _) = paths.first()?.split_once('/')?;
    let is_inside = |p: &&str| p.split_once('/').is_some_and(|(f, rest)| f == folder && rest.contains('/'));
    paths.iter().all(is_inside).then_some(folder)
}

/// A member's path without `.` and empty parts.
fn tidy(path: &str) -> String {
    path.split('/').filter(|part| !matches!(*part, "" | ".")).collect::<Vec<_>>().join("/")
}

/// What the members of a pair share: the path up to the first dot of the file name.
fn key(path: &str) -> &str {
    let name = path.rfind('/').map_or(0, |slash| slash + 1);
    path[name..].find('.').map_or(path, |dot| &path[..name + dot])
}

impl Dataset for Tar {
    fn len(&self) -> usize {
        self.members.len()
    }

    fn image(&self, index: usize) -> Result<Image> {
        self.with_bytes(index, decode::decode)
    }

    fn label(&self, index: usize) -> Option<usize> {
        self.classes.labels.get(index).copied()
    }

    fn class_names(&self) -> &[String] {
        &self.classes.names
    }

    fn path(&self, index: usize) -> String {
        let member = &self.members[index];
        format!("{}/{}", self.shards[member.shard].name, member.path)
    }

    fn dimensions(&self, index: usize) -> Result<(usize, usize)> {
        self.with_bytes(index, decode::dimensions)
    }
}
