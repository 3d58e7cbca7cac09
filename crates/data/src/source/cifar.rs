//! CIFAR-10 in its binary format (Krizhevsky 2009).
//!
//! A record is 3073 bytes: one label, then 1024 red, 1024 green and 1024 blue samples, row-major.
//! CIFAR-100, with its two labels per record, is not read.

use std::path::{Path, PathBuf};

use super::{Options, gzip, layout};
use crate::{Dataset, Error, Image, Result};

const SIDE: usize = 32;
const PLANE: usize = SIDE * SIDE;
const RECORD: usize = 1 + 3 * PLANE;
const NUM_CLASSES: usize = 10;
const CLASSES: [&str; NUM_CLASSES] =
    ["airplane", "automobile", "bird", "cat", "deer", "dog", "frog", "horse", "ship", "truck"];

/// CIFAR-10 records, held in memory.
#[derive(Debug)]
pub struct Cifar {
    records: Vec<u8>,
    /// Name and first record of each file.
    files: Vec<(String, usize)>,
    class_names: Vec<String>,
}

impl Cifar {
    /// Reads a folder with `data_batch_*.bin` and `test_batch.bin`, or one file of records; each may be gzipped.
    ///
    /// # Errors
    /// If a file cannot be read or is not made of records, or the folder has both splits and none is named.
    pub fn open(path: impl AsRef<Path>, options: &Options) -> Result<Self> {
        let path = path.as_ref();
        if !path.is_dir() {
            return Self::open_files(&[path]);
        }
        let batches = batches(path)?;
        let mut found: Vec<String> = batches.iter().map(|(_, split)| (*split).into()).collect();
        found.sort();
        found.dedup();
        let split = layout::choose_split(path, found, options.split.as_deref())?;
        let chosen: Vec<&PathBuf> =
            batches.iter().filter(|(_, s)| split.as_deref() == Some(*s)).map(|(file, _)| file).collect();
        if chosen.is_empty() {
            let expected = "`data_batch_*.bin` or `test_batch.bin`".into();
            return Err(Error::NoPictures { path: path.into(), other_files: 0, expected });
        }
        Self::open_files(&chosen)
    }

    /// Reads files of records, one after the other.
    ///
    /// Class names come from a `batches.meta.txt` beside the first file, if it has ten lines.
    ///
    /// # Errors
    /// If a file cannot be read or is not made of records.
    pub fn open_files<P: AsRef<Path>>(paths: &[P]) -> Result<Self> {
        let mut records = Vec::new();
        let mut files = Vec::new();
        for path in paths.iter().map(AsRef::as_ref) {
            let bytes = gzip::read(path, gzip::MAX_BYTES)?;
            check(&bytes, &path.display().to_string())?;
            files.push((path.display().to_string(), records.len() / RECORD));
            records.extend_from_slice(&bytes);
        }
        let named = paths
            .first()
            .and_then(|p| std::fs::read_to_string(p.as_ref().with_file_name("batches.meta.txt")).ok());
        let named: Vec<String> = named
            .iter()
            .flat_map(|t| t.lines())
            .map(|l| l.trim().into())
            .filter(|l: &String| !l.is_empty())
            .collect();
        let class_names = if named.len() == NUM_CLASSES { named } else { CLASSES.map(String::from).to_vec() };
        Ok(Self { records, files, class_names })
    }

    /// Takes uncompressed records; `name` stands for the file in paths and errors.
    ///
    /// # Errors
    /// If the bytes are not whole records with labels 0 to 9.
    pub fn from_bytes(records: Vec<u8>, name: &str) -> Result<Self> {
        check(&records, name)?;
        Ok(Self { records, files: vec![(name.into(), 0)], class_names: CLASSES.map(String::from).to_vec() })
    }

    fn record(&self, index: usize) -> &[u8] {
        &self.records[index * RECORD..(index + 1) * RECORD]
    }
}

fn check(bytes: &[u8], name: &str) -> Result<()> {
    let malformed = |offset: usize, expected: String, got: String| {
        Err(Error::Malformed {
            path: name.into(),
            format: "CIFAR-10 binary",
            offset: offset as u64,
            expected,
            got,
        })
    };
    let whole = bytes.len() / RECORD * RECORD;
    if bytes.is_empty() || whole != bytes.len() {
        let got = format!("{} bytes after {} whole records", bytes.len() - whole, whole / RECORD);
        return malformed(whole, format!("whole records of {RECORD} bytes, at least one"), got);
    }
    match bytes.iter().step_by(RECORD).position(|&label| usize::from(label) >= NUM_CLASSES) {
        None => Ok(()),
        Some(at) => malformed(at * RECORD, "a label of 0 to 9".into(), bytes[at * RECORD].to_string()),
    }
}

/// The batch files of a folder and their splits, in name order.
pub(super) fn batches(folder: &Path) -> Result<Vec<(PathBuf, &'static str)>> {
    let mut batches = Vec::new();
    for entry in std::fs::read_dir(folder).map_err(Error::read(folder))? {
        let path = entry.map_err(Error::read(folder))?.path();
        let Some(name) = path.file_name().and_then(|n| n.to_str()) else { continue };
        let Some(stem) = name.trim_end_matches(".gz").strip_suffix(".bin") else { continue };
        if stem.starts_with("data_batch") {
            batches.push((path, "train"));
        } else if stem.starts_with("test_batch") {
            batches.push((path, "test"));
        }
    }
    batches.sort();
    Ok(batches)
}

/// Whether content could be CIFAR records, by its length and first labels.
pub(super) fn looks_like(bytes: &[u8]) -> bool {
    bytes.len() >= RECORD && bytes.iter().step_by(RECORD).all(|&label| usize::from(label) < NUM_CLASSES)
}

impl Dataset for Cifar {
    fn len(&self) -> usize {
        self.records.len() / RECORD
    }

    fn image(&self, index: usize) -> Result<Image> {
        let (red, rest) = self.record(index)[1..].split_at(PLANE);
        let (green, blue) = rest.split_at(PLANE);
        let pixels = (0..PLANE).flat_map(|at| [red[at], green[at], blue[at]]).collect();
        Ok(Image::new(SIDE, SIDE, pixels))
    }

    fn label(&self, index: usize) -> Option<usize> {
        Some(usize::from(self.record(index)[0]))
    }

    fn class_names(&self) -> &[String] {
        &self.class_names
    }

    fn path(&self, index: usize) -> String {
        let (name, first) =
            self.files.iter().rfind(|(_, first)| *first <= index).expect("there is at least one file");
        format!("{name}#{}", index - first)
    }

    fn dimensions(&self, _index: usize) -> Result<(usize, usize)> {
        Ok((SIDE, SIDE))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn planes_become_interleaved_pixels() {
        let mut record = vec![7u8];
        record.extend((0..3 * PLANE).map(|at| (at / PLANE * 100 + at % 32) as u8));
        let cifar = Cifar::from_bytes(record, "test").unwrap();
        assert_eq!(cifar.image(0).unwrap().pixel(5, 31), [5, 105, 205]);
        assert_eq!((cifar.label(0), cifar.path(0)), (Some(7), "test#0".into()));
    }

    #[test]
    fn wrong_length_and_wrong_label_name_their_place() {
        let error = Cifar::from_bytes(vec![0; RECORD + 5], "b").unwrap_err().to_string();
        assert!(
            error.contains("at byte 3073") && error.contains("got 5 bytes after 1 whole records"),
            "{error}"
        );
        let mut two = vec![0; 2 * RECORD];
        two[RECORD] = 10;
        let error = Cifar::from_bytes(two, "b").unwrap_err().to_string();
        assert!(error.contains("at byte 3073") && error.contains("got 10"), "{error}");
    }
}
