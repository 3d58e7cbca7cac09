//! What a path holds, by looking.

use std::path::{Path, PathBuf};

use super::{Cifar, Folder, Idx, Options, Tar, cifar, gzip, idx};
use crate::{Dataset, Error, Result, decode};

/// Opens whatever collection `path` is: a folder of pictures, CIFAR-10 binary, MNIST IDX, or tar archives.
///
/// A file is told by its content; a folder by the collections found at its top.
///
/// ```no_run
/// use autodidact_data::{Dataset, source};
/// let photos = source::open("photos".as_ref(), &source::Options::default())?;
/// println!("{} pictures, classes {:?}", photos.len(), photos.class_names());
/// # Ok::<(), autodidact_data::Error>(())
/// ```
///
/// # Errors
/// If nothing can be read there; the error says what was found and what would have been accepted.
pub fn open(path: &Path, options: &Options) -> Result<Box<dyn Dataset>> {
    let is_folder = std::fs::metadata(path).map_err(Error::read(path))?.is_dir();
    let dataset = if is_folder { open_folder(path, options)? } else { open_file(path, options)? };
    // One readable picture is enough to go on; broken ones among them are the business of a scan.
    if (0..dataset.len()).any(|index| dataset.dimensions(index).is_ok()) {
        return Ok(dataset);
    }
    let reason = match dataset.dimensions(0) {
        Err(Error::Picture { fault, .. }) => fault.to_string(),
        Err(other) => other.to_string(),
        Ok(_) => "changed while it was read".into(),
    };
    Err(Error::NoneReadable { count: dataset.len(), path: dataset.path(0), reason })
}

fn open_file(path: &Path, options: &Options) -> Result<Box<dyn Dataset>> {
    const ENOUGH: u64 = 1 << 17; // some forty CIFAR records, any header
    let start = gzip::peek(path, ENOUGH)?;
    let name = path.file_name().map(|n| n.to_string_lossy().to_ascii_lowercase()).unwrap_or_default();
    let plain = name.strip_suffix(".gz").unwrap_or(&name);
    // Content first; the name decides only which reader is to explain what is wrong.
    let is_tar = start.get(257..262) == Some(b"ustar");
    if is_tar || is_tar_name(&name) {
        return Ok(Box::new(Tar::open(path, options)?));
    }
    if idx::looks_like(&start) || plain.contains("idx3-ubyte") {
        return Ok(Box::new(Idx::open(path, options)?));
    }
    if let Some(format) = decode::sniff(&start) {
        let got = format!("it is one {format:?} picture");
        return Err(unknown(path, got));
    }
    if is_records_name(&name) || cifar::looks_like(&start) {
        return Ok(Box::new(Cifar::open(path, options)?));
    }
    let got = if start.is_empty() {
        "it is empty".into()
    } else {
        format!("it starts with {}", decode::start_of(&start))
    };
    Err(unknown(path, got))
}

fn unknown(path: &Path, got: String) -> Error {
    let expected =
        "a folder, a tar archive, CIFAR-10 binary records or IDX pictures (each file may be gzipped)";
    Error::UnknownKind { path: path.into(), got, expected }
}

fn open_folder(path: &Path, options: &Options) -> Result<Box<dyn Dataset>> {
    let top = Top::list(path)?;
    let collections =
        usize::from(top.has_cifar) + usize::from(top.has_idx) + top.archives.len() + top.records.len();
    if collections == 0 {
        return Ok(Box::new(Folder::open(path, options)?));
    }
    if top.has_pictures || collections > 1 {
        // A split may be the name of the archives, as in `train-0000.tar` and `test-0000.tar`.
        let asked = options.split.as_deref();
        if let Some((_, shards)) = top.archives.iter().find(|(stem, _)| asked == Some(stem)) {
            let options = Options { split: None, ..options.clone() };
            return Ok(Box::new(Tar::open_shards(shards, &options)?));
        }
        return Err(Error::Ambiguous { path: path.into(), found: top.names() });
    }
    if let Some((_, shards)) = top.archives.first() {
        return Ok(Box::new(Tar::open_shards(shards, options)?));
    }
    if let Some(file) = top.records.first() {
        return Ok(Box::new(Cifar::open(file, options)?));
    }
    if top.has_idx {
        return Ok(Box::new(Idx::open(path, options)?));
    }
    Ok(Box::new(Cifar::open(path, options)?))
}

/// The collections at the top of a folder.
#[derive(Default)]
struct Top {
    has_cifar: bool,
    has_idx: bool,
    has_pictures: bool,
    /// Archives by name without number: shards of one collection lie together.
    archives: Vec<(String, Vec<PathBuf>)>,
    /// Files of CIFAR records by other names than the published ones.
    records: Vec<PathBuf>,
}

impl Top {
    fn list(folder: &Path) -> Result<Self> {
        let mut names = Vec::new();
        for entry in std::fs::read_dir(folder).map_err(Error::read(folder))? {
            let entry = entry.map_err(Error::read(folder))?;
            if let Some(name) = entry.file_name().to_str().filter(|n| !n.starts_with('.')) {
                names.push(name.to_string());
            }
        }
        names.sort();
        let mut top = Self {
            has_cifar: !cifar::batches(folder)?.is_empty(),
            has_idx: !idx::image_files(folder).is_empty(),
            ..Self::default()
        };
        for name in names {
            let path = folder.join(&name);
            if path.is_dir() {
                continue;
            }
            let lower = name.to_ascii_lowercase();
            if is_tar_name(&lower) {
                let stem = name.split(".tar").next().unwrap_or(&name).trim_end_matches(".tgz");
                let stem =
                    stem.trim_end_matches(|c: char| c.is_ascii_digit()).trim_end_matches(['-', '_', '.']);
                match top.archives.iter_mut().find(|(s, _)| s == stem) {
                    Some((_, shards)) => shards.push(path),
                    None => top.archives.push((stem.into(), vec![path])),
                }
            } else if is_records_name(&lower) && !top.has_cifar {
                if cifar::looks_like(&gzip::peek(&path, 1 << 17)?) {
                    top.records.push(path);
                }
            } else if decode::has_picture_name(&lower) {
                top.has_pictures = true;
            }
        }
        Ok(top)
    }

    fn names(self) -> Vec<String> {
        let file_name =
            |p: &PathBuf| p.file_name().map(|n| n.to_string_lossy().into_owned()).unwrap_or_default();
        let mut names = Vec::new();
        for (stem, shards) in &self.archives {
            names.push(if shards.len() == 1 { file_name(&shards[0]) } else { format!("{stem}*.tar") });
        }
        names.extend(self.records.iter().map(file_name));
        names.extend(self.has_cifar.then(|| "CIFAR-10 batches".into()));
        names.extend(self.has_idx.then(|| "IDX files".into()));
        names.extend(self.has_pictures.then(|| "picture files".into()));
        names
    }
}

fn is_records_name(lower: &str) -> bool {
    [".bin", ".bin.gz"].iter().any(|end| lower.ends_with(end))
}

fn is_tar_name(lower: &str) -> bool {
    [".tar", ".tar.gz", ".tgz"].iter().any(|end| lower.ends_with(end))
}
